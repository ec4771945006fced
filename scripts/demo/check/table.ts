/**
 * The checker's own knowledge of the formats, written from the sources' descriptions and from nothing else in this
 * repository: what column an input cell must come out as, by which factor, and how fine it must be kept.
 */

/** One value column of an input. */
export interface Column {
  /** Name in the input's header. */
  readonly input: string;
  /** Name in the buyer's CSV. */
  readonly output: string;
  /** Input unit to output unit, an exact decimal. */
  readonly factor: string;
  /** The declared step is 10^-decimals in the input's unit. */
  readonly decimals: number;
  /** Accepted range in the input's unit, inclusive. */
  readonly min: string;
  readonly max: string;
}

/** An input format. The output's first column is always the time. */
export interface Format {
  readonly name: "obd" | "gps" | "carchain" | "generated";
  /** How a row gets its time: whole seconds since engine start, US Central time, UTC, or spread over the trip. */
  readonly clock: "engine-seconds" | "us-central" | "utc" | "trip";
  /** Names of the input's header in order; the time column, where there is one, is first. */
  readonly header: readonly string[];
  readonly columns: readonly Column[];
}

export const TIME_OUTPUT = "Vehicle.QoodBlock.Time [iso8601]";

function column(input: string, output: string, decimals: number, min: string, max: string, factor = "1"): Column {
  return { input, output, factor, decimals, min, max };
}

const OWN = "Vehicle.QoodBlock";
const ENGINE = "Vehicle.Powertrain.CombustionEngine";

const obd: readonly Column[] = [
  column("ENGINE_RUN_TINE", `${OWN}.OBD.RunTime [s]`, 0, "0", "65535"),
  column("ENGINE_RPM", `${ENGINE}.Speed [rpm]`, 2, "0", "16383.75"),
  column("VEHICLE_SPEED", "Vehicle.Speed [km/h]", 0, "0", "255"),
  column("THROTTLE", `${OWN}.OBD.ThrottlePosition [percent]`, 6, "0", "100"),
  column("ENGINE_LOAD", `${OWN}.OBD.EngineLoad [percent]`, 6, "0", "100"),
  column("COOLANT_TEMPERATURE", `${ENGINE}.EngineCoolant.Temperature [Celsius]`, 0, "-40", "215"),
  column("LONG_TERM_FUEL_TRIM_BANK_1", `${OWN}.OBD.LongTermFuelTrim1 [percent]`, 5, "-100", "100"),
  column("SHORT_TERM_FUEL_TRIM_BANK_1", `${OWN}.OBD.ShortTermFuelTrim1 [percent]`, 5, "-100", "100"),
  column("INTAKE_MANIFOLD_PRESSURE", `${ENGINE}.MAP [kPa]`, 0, "0", "255"),
  column("FUEL_TANK", `${OWN}.OBD.FuelLevel [percent]`, 6, "0", "100"),
  column("ABSOLUTE_THROTTLE_B", `${OWN}.OBD.ThrottlePositionB [percent]`, 6, "0", "100"),
  column("PEDAL_D", `${OWN}.OBD.AcceleratorPositionD [percent]`, 6, "0", "100"),
  column("PEDAL_E", `${OWN}.OBD.AcceleratorPositionE [percent]`, 6, "0", "100"),
  column("COMMANDED_THROTTLE_ACTUATOR", `${OWN}.OBD.ThrottleActuator [percent]`, 6, "0", "100"),
  column("FUEL_AIR_COMMANDED_EQUIV_RATIO", `${OWN}.OBD.CommandedEquivalenceRatio`, 6, "0", "2"),
  column("ABSOLUTE_BAROMETRIC_PRESSURE", `${OWN}.OBD.BarometricPressure [kPa]`, 0, "0", "255"),
  column("RELATIVE_THROTTLE_POSITION", `${OWN}.OBD.RelativeThrottlePosition [percent]`, 6, "0", "100"),
  column("INTAKE_AIR_TEMP", `${OWN}.OBD.IntakeTemperature [Celsius]`, 0, "-40", "215"),
  column("TIMING_ADVANCE", `${OWN}.OBD.TimingAdvance [degrees]`, 1, "-64", "63.5"),
  column("CATALYST_TEMPERATURE_BANK1_SENSOR1", `${OWN}.OBD.Catalyst.Bank1.Temperature1 [Celsius]`, 6, "-40", "6513.5"),
  column("CATALYST_TEMPERATURE_BANK1_SENSOR2", `${OWN}.OBD.Catalyst.Bank1.Temperature2 [Celsius]`, 6, "-40", "6513.5"),
  column("CONTROL_MODULE_VOLTAGE", `${OWN}.OBD.ControlModuleVoltage [V]`, 3, "0", "65.535"),
  column("COMMANDED_EVAPORATIVE_PURGE", `${OWN}.OBD.CommandedEVAP [percent]`, 6, "0", "100"),
  column("TIME_RUN_WITH_MIL_ON", `${OWN}.OBD.RunTimeMIL [min]`, 0, "0", "65535"),
  column("TIME_SINCE_TROUBLE_CODES_CLEARED", `${OWN}.OBD.TimeSinceDTCCleared [min]`, 0, "0", "65535"),
  column("DISTANCE_TRAVELED_WITH_MIL_ON", `${OWN}.OBD.DistanceWithMIL [km]`, 0, "0", "65535"),
  column("WARM_UPS_SINCE_CODES_CLEARED", `${OWN}.OBD.WarmupsSinceDTCClear`, 0, "0", "255"),
];

const LATITUDE = "Vehicle.CurrentLocation.Latitude [degrees]";
const LONGITUDE = "Vehicle.CurrentLocation.Longitude [degrees]";

const gps: readonly Column[] = [
  column("Seconds", `${OWN}.Trip.Elapsed [s]`, 6, "0", "604800"),
  column("Latitude / Y Position (Degrees)", LATITUDE, 6, "-90", "90"),
  column("Longitude / X Position (Degrees)", LONGITUDE, 6, "-180", "180"),
  column("Distance (Miles)", `${OWN}.Trip.Distance [km]`, 2, "0", "100000", "1.609344"),
  column("Speed (MPH)", "Vehicle.Speed [km/h]", 3, "0", "250", "1.609344"),
  column("Steering Angle", `${OWN}.SteeringWheelAngle [degrees]`, 1, "-1080", "1080"),
  column("Throttle Position", `${ENGINE}.TPS [percent]`, 0, "0", "100"),
  column("Engine RPM", `${ENGINE}.Speed [rpm]`, 0, "0", "16383"),
  // The source's right is positive, VSS's left.
  column("Lateral Gs", "Vehicle.Acceleration.Lateral [m/s^2]", 2, "-4", "4", "-9.80665"),
  column("Acceleration Gs", "Vehicle.Acceleration.Longitudinal [m/s^2]", 2, "-4", "4", "9.80665"),
];

const carchain: readonly Column[] = [
  column("SESSION_ID", `${OWN}.Trip.SessionId`, 0, "0", "4294967295"),
  column("VEHICLE_DATA", `${OWN}.Trip.VehicleData`, 0, "0", "4294967295"),
  column("spread", `${OWN}.Trip.IsTimeSpread`, 0, "0", "1"),
  column("lat", LATITUDE, 6, "-90", "90"),
  column("lng", LONGITUDE, 6, "-180", "180"),
  column("SPEED", "Vehicle.Speed [km/h]", 0, "0", "400"),
];

const generated: readonly Column[] = [
  column("latitude", LATITUDE, 7, "-90", "90"),
  column("longitude", LONGITUDE, 7, "-180", "180"),
  column("heading", "Vehicle.CurrentLocation.Heading [degrees]", 1, "0", "360"),
  column("speed", "Vehicle.Speed [km/h]", 2, "0", "400"),
  column("acceleration", "Vehicle.Acceleration.Longitudinal [m/s^2]", 2, "-20", "20"),
  column("engine_rpm", `${ENGINE}.Speed [rpm]`, 0, "0", "16383"),
  column("gear", "Vehicle.Powertrain.Transmission.CurrentGear", 0, "0", "10"),
  column("accelerator", "Vehicle.Chassis.Accelerator.PedalPosition [percent]", 0, "0", "100"),
  column("odometer", "Vehicle.TraveledDistance [m]", 0, "0", "4294967295"),
  column("coolant_temperature", `${ENGINE}.EngineCoolant.Temperature [Celsius]`, 1, "-40", "215"),
];

function names(columns: readonly Column[]): string[] {
  return columns.map((entry) => entry.input);
}

export const FORMATS: readonly Format[] = [
  { name: "obd", clock: "engine-seconds", header: names(obd), columns: obd },
  { name: "gps", clock: "us-central", header: ["Time", ...names(gps)], columns: gps },
  { name: "generated", clock: "utc", header: ["time", ...names(generated)], columns: generated },
  { name: "carchain", clock: "trip", header: [], columns: carchain },
];
