import { TIME_COLUMN } from "../schema.ts";
import type { Schema } from "../types.ts";
import { latitude, longitude } from "./position.ts";

/** The drive generator's own format: one row a second, position and car bus together. */
export const GENERATED: Schema = {
  name: "generated-drive",
  version: "1",
  columns: [
    TIME_COLUMN,
    latitude(7),
    longitude(7),
    { name: "heading", decimals: 1, min: 0, max: 360, unit: "degrees", description: "course over ground, clockwise from north" },
    { name: "speed", decimals: 2, min: 0, max: 400, unit: "km/h", description: "vehicle speed" },
    { name: "acceleration", decimals: 2, min: -20, max: 20, unit: "m/s^2", description: "longitudinal acceleration, forward positive" },
    { name: "engine_rpm", decimals: 0, min: 0, max: 16383, unit: "rpm", description: "engine speed" },
    { name: "gear", decimals: 0, min: 0, max: 10, unit: "", description: "gear engaged, 0 = neutral" },
    { name: "accelerator", decimals: 0, min: 0, max: 100, unit: "percent", description: "accelerator pedal position" },
    { name: "odometer", decimals: 0, min: 0, max: 4294967295, unit: "m", description: "distance travelled by the vehicle in its life" },
    { name: "coolant_temperature", decimals: 1, min: -40, max: 215, unit: "Celsius", description: "engine coolant temperature" },
  ],
};
