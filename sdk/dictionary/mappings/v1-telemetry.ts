import type { VssColumn } from "../types.ts";
import { LATITUDE, LONGITUDE, TIME, vss } from "./entries.ts";

/** Dictionary version 1 of `telemetry@1` and `ev-battery@1`: every column but the time is a signal of VSS 6.0, in its own unit. */

const PLACE = "Vehicle.CurrentLocation";
const ENGINE = "Vehicle.Powertrain.CombustionEngine";
const FUEL = "Vehicle.Powertrain.FuelSystem";
const BATTERY = "Vehicle.Powertrain.TractionBattery";
const MOTOR = "Vehicle.Powertrain.ElectricMotor";
const CHASSIS = "Vehicle.Chassis";

const flag = (column: string, path: string): VssColumn => vss(column, path, "boolean", "");
const celsius = (column: string, path: string): VssColumn => vss(column, path, "float", "Celsius");
const percent = (column: string, path: string): VssColumn => vss(column, path, "uint8", "percent");
const metres = (column: string, path: string): VssColumn => vss(column, path, "uint32", "m");

/** The four wheels, as columns and as VSS's instances call them. */
const WHEELS = [
  ["front_left", "Row1.Wheel.Left"],
  ["front_right", "Row1.Wheel.Right"],
  ["rear_left", "Row2.Wheel.Left"],
  ["rear_right", "Row2.Wheel.Right"],
] as const;

export const telemetry: readonly VssColumn[] = [
  TIME,
  LATITUDE,
  LONGITUDE,
  vss("altitude", `${PLACE}.Altitude`, "double", "m"),
  vss("heading", `${PLACE}.Heading`, "double", "degrees"),
  vss("horizontal_accuracy", `${PLACE}.HorizontalAccuracy`, "double", "m"),
  vss("vertical_accuracy", `${PLACE}.VerticalAccuracy`, "double", "m"),
  vss("speed", "Vehicle.Speed", "float", "km/h"),
  vss("average_speed", "Vehicle.AverageSpeed", "float", "km/h"),
  flag("moving", "Vehicle.IsMoving"),
  vss("longitudinal_acceleration", "Vehicle.Acceleration.Longitudinal", "float", "m/s^2"),
  vss("lateral_acceleration", "Vehicle.Acceleration.Lateral", "float", "m/s^2"),
  vss("vertical_acceleration", "Vehicle.Acceleration.Vertical", "float", "m/s^2"),
  vss("roll_rate", "Vehicle.AngularVelocity.Roll", "float", "degrees/s"),
  vss("pitch_rate", "Vehicle.AngularVelocity.Pitch", "float", "degrees/s"),
  vss("yaw_rate", "Vehicle.AngularVelocity.Yaw", "float", "degrees/s"),
  metres("odometer", "Vehicle.TraveledDistance"),
  metres("trip_distance", "Vehicle.TraveledDistanceSinceStart"),
  vss("trip_duration", "Vehicle.TripDuration", "float", "s"),
  { ...vss("ignition", "Vehicle.LowVoltageSystemState", "string", ""), words: ["UNDEFINED", "LOCK", "OFF", "ACC", "ON", "START"] },
  vss("battery_voltage", "Vehicle.LowVoltageBattery.CurrentVoltage", "float", "V"),
  vss("battery_current", "Vehicle.LowVoltageBattery.CurrentCurrent", "float", "A"),
  flag("engine_running", `${ENGINE}.IsRunning`),
  vss("engine_rpm", `${ENGINE}.Speed`, "float", "rpm"),
  vss("engine_hours", `${ENGINE}.EngineHours`, "float", "h"),
  celsius("coolant_temperature", `${ENGINE}.EngineCoolant.Temperature`),
  celsius("oil_temperature", `${ENGINE}.EngineOil.Temperature`),
  vss("oil_pressure", `${ENGINE}.EOP`, "uint16", "kPa"),
  vss("manifold_pressure", `${ENGINE}.MAP`, "uint16", "kPa"),
  vss("air_flow", `${ENGINE}.MAF`, "uint16", "g/s"),
  percent("throttle", `${ENGINE}.TPS`),
  vss("engine_power", `${ENGINE}.Power`, "uint16", "kW"),
  vss("engine_torque", `${ENGINE}.Torque`, "int16", "Nm"),
  percent("exhaust_fluid_level", `${ENGINE}.DieselExhaustFluid.Level`),
  celsius("particulate_filter_inlet_temperature", `${ENGINE}.DieselParticulateFilter.InletTemperature`),
  vss("particulate_filter_pressure", `${ENGINE}.DieselParticulateFilter.DeltaPressure`, "float", "Pa"),
  percent("fuel_level", `${FUEL}.RelativeLevel`),
  vss("fuel_litres", `${FUEL}.AbsoluteLevel`, "float", "l"),
  metres("fuel_range", `${FUEL}.Range`),
  vss("fuel_consumption", `${FUEL}.InstantConsumption`, "float", "l/100km"),
  vss("average_fuel_consumption", `${FUEL}.AverageConsumption`, "float", "l/100km"),
  vss("fuel_used", `${FUEL}.ConsumptionSinceStart`, "float", "l"),
  vss("gear", "Vehicle.Powertrain.Transmission.CurrentGear", "int8", ""),
  celsius("transmission_temperature", "Vehicle.Powertrain.Transmission.Temperature"),
  percent("accelerator", `${CHASSIS}.Accelerator.PedalPosition`),
  percent("brake", `${CHASSIS}.Brake.PedalPosition`),
  flag("parking_brake", `${CHASSIS}.ParkingBrake.IsEngaged`),
  vss("steering_angle", `${CHASSIS}.SteeringWheel.Angle`, "int16", "degrees"),
  flag("abs_engaged", "Vehicle.ADAS.ABS.IsEngaged"),
  flag("traction_control_engaged", "Vehicle.ADAS.TCS.IsEngaged"),
  flag("stability_control_engaged", "Vehicle.ADAS.ESC.IsEngaged"),
  ...WHEELS.map(([wheel, path]) => vss(`tyre_pressure_${wheel}`, `${CHASSIS}.Axle.${path}.Tire.Pressure`, "uint16", "kPa")),
  ...WHEELS.map(([wheel, path]) => celsius(`tyre_temperature_${wheel}`, `${CHASSIS}.Axle.${path}.Tire.Temperature`)),
  flag("door_driver_open", "Vehicle.Cabin.Door.Row1.DriverSide.IsOpen"),
  flag("door_passenger_open", "Vehicle.Cabin.Door.Row1.PassengerSide.IsOpen"),
  flag("door_rear_driver_side_open", "Vehicle.Cabin.Door.Row2.DriverSide.IsOpen"),
  flag("door_rear_passenger_side_open", "Vehicle.Cabin.Door.Row2.PassengerSide.IsOpen"),
  flag("trunk_open", "Vehicle.Body.Trunk.Rear.IsOpen"),
  flag("belt_driver", "Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted"),
  flag("belt_passenger", "Vehicle.Cabin.Seat.Row1.PassengerSide.IsBelted"),
  flag("low_beam", "Vehicle.Body.Lights.Beam.Low.IsOn"),
  flag("hazard_lights", "Vehicle.Body.Lights.Hazard.IsSignaling"),
  percent("rain", "Vehicle.Body.Raindetection.Intensity"),
  celsius("outside_temperature", "Vehicle.Exterior.AirTemperature"),
  vss("outside_humidity", "Vehicle.Exterior.Humidity", "float", "percent"),
  celsius("cabin_temperature", "Vehicle.Cabin.HVAC.AmbientAirTemperature"),
  vss("trouble_codes", "Vehicle.Diagnostics.DTCCount", "uint8", ""),
  vss("service_distance", "Vehicle.Service.DistanceToService", "float", "km"),
];

export const evBattery: readonly VssColumn[] = [
  TIME,
  vss("charge", `${BATTERY}.StateOfCharge.Current`, "float", "percent"),
  vss("charge_displayed", `${BATTERY}.StateOfCharge.Displayed`, "float", "percent"),
  vss("health", `${BATTERY}.StateOfHealth`, "float", "percent"),
  vss("energy", `${BATTERY}.StateOfCharge.CurrentEnergy`, "float", "kWh"),
  vss("voltage", `${BATTERY}.CurrentVoltage`, "float", "V"),
  vss("current", `${BATTERY}.CurrentCurrent`, "float", "A"),
  vss("power", `${BATTERY}.CurrentPower`, "float", "W"),
  celsius("temperature", `${BATTERY}.Temperature.Average`),
  celsius("coldest_cell", `${BATTERY}.Temperature.Min`),
  celsius("hottest_cell", `${BATTERY}.Temperature.Max`),
  vss("lowest_cell_voltage", `${BATTERY}.CellVoltage.Min`, "float", "V"),
  vss("highest_cell_voltage", `${BATTERY}.CellVoltage.Max`, "float", "V"),
  vss("charged", `${BATTERY}.AccumulatedChargedEnergy`, "float", "kWh"),
  vss("consumed", `${BATTERY}.AccumulatedConsumedEnergy`, "float", "kWh"),
  metres("range", `${BATTERY}.Range`),
  flag("charging", `${BATTERY}.Charging.IsCharging`),
  flag("cable_connected", `${BATTERY}.Charging.ChargingPort.AnyPosition.IsChargingCableConnected`),
  percent("charge_limit", `${BATTERY}.Charging.ChargeLimit`),
  vss("time_to_complete", `${BATTERY}.Charging.TimeToComplete`, "uint32", "s"),
  vss("motor_rpm", `${MOTOR}.Speed`, "float", "rpm"),
  vss("motor_torque", `${MOTOR}.Torque`, "int16", "Nm"),
  vss("motor_power", `${MOTOR}.Power`, "int16", "kW"),
  celsius("motor_temperature", `${MOTOR}.Temperature`),
];
