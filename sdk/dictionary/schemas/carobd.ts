import { TIME_COLUMN } from "../schema.ts";
import type { RawColumn, Schema } from "../types.ts";

/**
 * The 27 OBD-II PIDs of the carOBD recordings. Ranges are those that SAE J1979 gives the PID. The files print six
 * decimals everywhere; a column keeps as many as its PID's own step needs, and all six where the logger printed a
 * rounded fraction (n/255, or a temperature passed through a 32-bit float).
 */
const PERCENT = { decimals: 6, min: 0, max: 100, unit: "percent" } as const;
const TRIM = { decimals: 5, min: -100, max: 100, unit: "percent" } as const;
const AIR = { decimals: 0, min: -40, max: 215, unit: "Celsius" } as const;
const CATALYST = { decimals: 6, min: -40, max: 6513.5, unit: "Celsius" } as const;
const KPA = { decimals: 0, min: 0, max: 255, unit: "kPa" } as const;
const WORD = { decimals: 0, min: 0, max: 65535 } as const;

const columns: readonly RawColumn[] = [
  TIME_COLUMN,
  { name: "engine_run_time", ...WORD, unit: "s", description: "PID 0x1F, time since engine start, whole seconds: the source's clock" },
  { name: "engine_rpm", decimals: 2, min: 0, max: 16383.75, unit: "rpm", description: "PID 0x0C, engine speed in quarter turns" },
  { name: "vehicle_speed", decimals: 0, min: 0, max: 255, unit: "km/h", description: "PID 0x0D, vehicle speed" },
  { name: "throttle", ...PERCENT, description: "PID 0x11, absolute throttle position" },
  { name: "engine_load", ...PERCENT, description: "PID 0x04, calculated engine load" },
  { name: "coolant_temperature", ...AIR, description: "PID 0x05, engine coolant temperature" },
  { name: "long_term_fuel_trim_bank_1", ...TRIM, description: "PID 0x07, long term fuel trim, bank 1" },
  { name: "short_term_fuel_trim_bank_1", ...TRIM, description: "PID 0x06, short term fuel trim, bank 1" },
  { name: "intake_manifold_pressure", ...KPA, description: "PID 0x0B, absolute pressure in the intake manifold" },
  { name: "fuel_tank", ...PERCENT, description: "PID 0x2F, fuel tank level" },
  { name: "absolute_throttle_b", ...PERCENT, description: "PID 0x47, absolute throttle position B" },
  { name: "pedal_d", ...PERCENT, description: "PID 0x49, accelerator pedal position D" },
  { name: "pedal_e", ...PERCENT, description: "PID 0x4A, accelerator pedal position E" },
  { name: "commanded_throttle_actuator", ...PERCENT, description: "PID 0x4C, commanded throttle actuator" },
  { name: "fuel_air_commanded_equiv_ratio", decimals: 6, min: 0, max: 2, unit: "", description: "PID 0x44, commanded fuel-air equivalence ratio" },
  { name: "absolute_barometric_pressure", ...KPA, description: "PID 0x33, absolute barometric pressure" },
  { name: "relative_throttle_position", ...PERCENT, description: "PID 0x45, relative throttle position" },
  { name: "intake_air_temp", ...AIR, description: "PID 0x0F, intake air temperature" },
  { name: "timing_advance", decimals: 1, min: -64, max: 63.5, unit: "degrees", description: "PID 0x0E, timing advance before top dead centre" },
  { name: "catalyst_temperature_bank1_sensor1", ...CATALYST, description: "PID 0x3C, catalyst temperature, bank 1, sensor 1" },
  { name: "catalyst_temperature_bank1_sensor2", ...CATALYST, description: "PID 0x3E, catalyst temperature, bank 1, sensor 2" },
  { name: "control_module_voltage", decimals: 3, min: 0, max: 65.535, unit: "V", description: "PID 0x42, voltage at the control module" },
  { name: "commanded_evaporative_purge", ...PERCENT, description: "PID 0x2E, commanded evaporative purge" },
  { name: "time_run_with_mil_on", ...WORD, unit: "min", description: "PID 0x4D, time run with the malfunction lamp on" },
  { name: "time_since_trouble_codes_cleared", ...WORD, unit: "min", description: "PID 0x4E, time since trouble codes were cleared" },
  { name: "distance_traveled_with_mil_on", ...WORD, unit: "km", description: "PID 0x21, distance travelled with the malfunction lamp on" },
  { name: "warm_ups_since_codes_cleared", decimals: 0, min: 0, max: 255, unit: "", description: "PID 0x30, warm-ups since codes were cleared" },
];

/** carOBD: time and 27 OBD-II values, no position. */
export const CAROBD: Schema = { name: "carobd", version: "1", columns };
