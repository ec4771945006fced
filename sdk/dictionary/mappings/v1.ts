import type { Mapping, VssColumn } from "../types.ts";
import { LATITUDE, LONGITUDE, TIME, own, vss } from "./entries.ts";
import { carvio, tripSummary, vinCode } from "./v1-records.ts";
import { roadState, weather } from "./v1-sources.ts";
import { evBattery, telemetry } from "./v1-telemetry.ts";

/**
 * Dictionary version 1: what each raw column is in COVESA VSS 6.0.
 *
 * A column goes to a VSS signal only where that signal says the same thing and its datatype holds the column's steps: a
 * throttle of 17.647058 % does not go into VSS's uint8. Everything else goes to an overlay path below
 * `Vehicle.QoodBlock`, with the reason beside it; feeds that come from no car have the paths of other standards. A mapping of version 1 is frozen: a change is version 2, in a file
 * of its own.
 */

const ENGINE = "Vehicle.Powertrain.CombustionEngine";
const NO_OBD = "VSS 6.0 has no OBD branch";
const BYTE = "the VSS signal is a whole percent (uint8)";
const carobd: readonly VssColumn[] = [
  TIME,
  own("engine_run_time", "OBD.RunTime", "uint16", "s", NO_OBD),
  vss("engine_rpm", `${ENGINE}.Speed`, "float", "rpm"),
  vss("vehicle_speed", "Vehicle.Speed", "float", "km/h"),
  own("throttle", "OBD.ThrottlePosition", "float", "percent", BYTE),
  own("engine_load", "OBD.EngineLoad", "float", "percent", NO_OBD),
  vss("coolant_temperature", `${ENGINE}.EngineCoolant.Temperature`, "float", "Celsius"),
  own("long_term_fuel_trim_bank_1", "OBD.LongTermFuelTrim1", "float", "percent", NO_OBD),
  own("short_term_fuel_trim_bank_1", "OBD.ShortTermFuelTrim1", "float", "percent", NO_OBD),
  vss("intake_manifold_pressure", `${ENGINE}.MAP`, "uint16", "kPa"),
  own("fuel_tank", "OBD.FuelLevel", "float", "percent", BYTE),
  own("absolute_throttle_b", "OBD.ThrottlePositionB", "float", "percent", NO_OBD),
  own("pedal_d", "OBD.AcceleratorPositionD", "float", "percent", BYTE),
  own("pedal_e", "OBD.AcceleratorPositionE", "float", "percent", BYTE),
  own("commanded_throttle_actuator", "OBD.ThrottleActuator", "float", "percent", NO_OBD),
  own("fuel_air_commanded_equiv_ratio", "OBD.CommandedEquivalenceRatio", "float", "", NO_OBD),
  own("absolute_barometric_pressure", "OBD.BarometricPressure", "uint8", "kPa", NO_OBD),
  own("relative_throttle_position", "OBD.RelativeThrottlePosition", "float", "percent", NO_OBD),
  own("intake_air_temp", "OBD.IntakeTemperature", "int16", "Celsius", NO_OBD),
  own("timing_advance", "OBD.TimingAdvance", "float", "degrees", NO_OBD),
  own("catalyst_temperature_bank1_sensor1", "OBD.Catalyst.Bank1.Temperature1", "float", "Celsius", NO_OBD),
  own("catalyst_temperature_bank1_sensor2", "OBD.Catalyst.Bank1.Temperature2", "float", "Celsius", NO_OBD),
  own("control_module_voltage", "OBD.ControlModuleVoltage", "float", "V", "VSS has the battery's voltage, not the control module's"),
  own("commanded_evaporative_purge", "OBD.CommandedEVAP", "float", "percent", NO_OBD),
  own("time_run_with_mil_on", "OBD.RunTimeMIL", "uint16", "min", NO_OBD),
  own("time_since_trouble_codes_cleared", "OBD.TimeSinceDTCCleared", "uint16", "min", NO_OBD),
  own("distance_traveled_with_mil_on", "OBD.DistanceWithMIL", "uint16", "km", NO_OBD),
  own("warm_ups_since_codes_cleared", "OBD.WarmupsSinceDTCClear", "uint8", "", NO_OBD),
];

/** The international mile is 1,609.344 m and standard gravity 9.80665 m/s² by definition: both factors are exact. */
const MILE = "1.609344";
const GRAVITY = "9.80665";

const canGps: readonly VssColumn[] = [
  TIME,
  own("elapsed", "Trip.Elapsed", "double", "s", "VSS has no clock of a logger"),
  LATITUDE,
  LONGITUDE,
  own("distance", "Trip.Distance", "double", "km", "the VSS signal is in whole metres (uint32)", MILE),
  vss("speed", "Vehicle.Speed", "float", "km/h", MILE),
  own("steering_angle", "SteeringWheelAngle", "float", "degrees", "the VSS signal is in whole degrees (int16)"),
  vss("throttle", `${ENGINE}.TPS`, "uint8", "percent"),
  vss("engine_rpm", `${ENGINE}.Speed`, "float", "rpm"),
  // The source counts to the right, VSS's vehicle axes (ISO 8855) have y to the left.
  vss("lateral_acceleration", "Vehicle.Acceleration.Lateral", "float", "m/s^2", `-${GRAVITY}`),
  vss("longitudinal_acceleration", "Vehicle.Acceleration.Longitudinal", "float", "m/s^2", GRAVITY),
];

const tripGps: readonly VssColumn[] = [
  TIME,
  own("session_id", "Trip.SessionId", "uint32", "", "VSS has no trip number"),
  own("vehicle_data", "Trip.VehicleData", "uint32", "", "a number of CarChain's own records"),
  own("time_spread", "Trip.IsTimeSpread", "uint8", "", "VSS has no label for a time that was not measured"),
  LATITUDE,
  LONGITUDE,
  vss("speed", "Vehicle.Speed", "float", "km/h"),
];

const generated: readonly VssColumn[] = [
  TIME,
  LATITUDE,
  LONGITUDE,
  vss("heading", "Vehicle.CurrentLocation.Heading", "double", "degrees"),
  vss("speed", "Vehicle.Speed", "float", "km/h"),
  vss("acceleration", "Vehicle.Acceleration.Longitudinal", "float", "m/s^2"),
  vss("engine_rpm", `${ENGINE}.Speed`, "float", "rpm"),
  vss("gear", "Vehicle.Powertrain.Transmission.CurrentGear", "int8", ""),
  vss("accelerator", "Vehicle.Chassis.Accelerator.PedalPosition", "uint8", "percent"),
  vss("odometer", "Vehicle.TraveledDistance", "uint32", "m"),
  vss("coolant_temperature", `${ENGINE}.EngineCoolant.Temperature`, "float", "Celsius"),
];

/** The mappings of version 1, one a schema. */
export const MAPPINGS_V1: readonly Mapping[] = [
  { schema: "carobd@1", columns: carobd },
  { schema: "can-gps@1", columns: canGps },
  { schema: "trip-gps@1", columns: tripGps },
  { schema: "generated-drive@1", columns: generated },
  { schema: "telemetry@1", columns: telemetry },
  { schema: "ev-battery@1", columns: evBattery },
  { schema: "trip-summary@1", columns: tripSummary },
  { schema: "carvio@1", columns: carvio },
  { schema: "vin-code@1", columns: vinCode },
  { schema: "weather-observation@1", columns: weather },
  { schema: "road-state@1", columns: roadState },
];
