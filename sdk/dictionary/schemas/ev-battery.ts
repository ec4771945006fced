import { TIME_COLUMN } from "../schema.ts";
import type { Schema } from "../types.ts";
import { CELSIUS, METRES, PERCENT, SWITCH } from "./ranges.ts";

const CHARGE = { decimals: 2, min: 0, max: 100, unit: "percent" } as const;
const CELL = { decimals: 3, min: 0, max: 6, unit: "V" } as const;
const ENERGY = { decimals: 3, min: 0, max: 10000000, unit: "kWh" } as const;

/** Traction battery, charging and electric motor of an electric or hybrid car. No position. */
export const EV_BATTERY: Schema = {
  name: "ev-battery",
  version: "1",
  columns: [
    TIME_COLUMN,
    { name: "charge", ...CHARGE, description: "state of charge as the battery measures it" },
    { name: "charge_displayed", ...CHARGE, description: "state of charge as the driver sees it" },
    { name: "health", ...CHARGE, description: "what is left of the capacity of a new battery" },
    { name: "energy", decimals: 3, min: 0, max: 2000, unit: "kWh", description: "energy in the battery" },
    { name: "voltage", decimals: 1, min: 0, max: 1500, unit: "V", description: "voltage of the battery" },
    { name: "current", decimals: 1, min: -3000, max: 3000, unit: "A", description: "current of the battery, charging positive" },
    { name: "power", decimals: 0, min: -2000000, max: 2000000, unit: "W", description: "power of the battery, charging positive" },
    { name: "temperature", ...CELSIUS, description: "average of the cells" },
    { name: "coldest_cell", ...CELSIUS, description: "lowest temperature of the cells" },
    { name: "hottest_cell", ...CELSIUS, description: "highest temperature of the cells" },
    { name: "lowest_cell_voltage", ...CELL, description: "lowest voltage of the cells" },
    { name: "highest_cell_voltage", ...CELL, description: "highest voltage of the cells" },
    { name: "charged", ...ENERGY, description: "energy taken in by the battery in its life" },
    { name: "consumed", ...ENERGY, description: "energy given out by the battery in its life" },
    { name: "range", ...METRES, description: "distance that the battery lasts for" },
    { name: "charging", ...SWITCH, description: "whether the battery is being charged" },
    { name: "cable_connected", ...SWITCH, description: "whether a charging cable is connected, at any port" },
    { name: "charge_limit", ...PERCENT, description: "charge at which charging stops" },
    { name: "time_to_complete", decimals: 0, min: 0, max: 4294967295, unit: "s", description: "time until charging is complete" },
    { name: "motor_rpm", decimals: 0, min: -30000, max: 30000, unit: "rpm", description: "speed of the electric motor, backwards negative" },
    { name: "motor_torque", decimals: 0, min: -5000, max: 5000, unit: "Nm", description: "torque of the electric motor, recuperation negative" },
    { name: "motor_power", decimals: 0, min: -2000, max: 2000, unit: "kW", description: "power of the electric motor, recuperation negative" },
    { name: "motor_temperature", ...CELSIUS, description: "electric motor" },
  ],
};
