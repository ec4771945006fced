import { TIME_COLUMN } from "../schema.ts";
import type { Schema } from "../types.ts";
import { latitude, longitude } from "./position.ts";

/**
 * A CAN bus log with GPS at about 10 Hz, in imperial units (the Austin BMW recording). The integers keep miles, mph and
 * g as printed; `elapsed` keeps the microseconds that the record's time in milliseconds cannot hold.
 */
export const CAN_GPS: Schema = {
  name: "can-gps",
  version: "1",
  columns: [
    TIME_COLUMN,
    { name: "elapsed", decimals: 6, min: 0, max: 604800, unit: "s", description: "seconds since the logger started, to the microsecond" },
    latitude(6),
    longitude(6),
    { name: "distance", decimals: 2, min: 0, max: 100000, unit: "mi", description: "distance since the logger started, miles" },
    { name: "speed", decimals: 3, min: 0, max: 250, unit: "mph", description: "vehicle speed, miles per hour" },
    { name: "steering_angle", decimals: 1, min: -1080, max: 1080, unit: "degrees", description: "steering wheel angle, left positive" },
    { name: "throttle", decimals: 0, min: 0, max: 100, unit: "percent", description: "throttle position" },
    { name: "engine_rpm", decimals: 0, min: 0, max: 16383, unit: "rpm", description: "engine speed" },
    { name: "lateral_acceleration", decimals: 2, min: -4, max: 4, unit: "g", description: "lateral acceleration, right positive (it follows the turns of the GPS track)" },
    { name: "longitudinal_acceleration", decimals: 2, min: -4, max: 4, unit: "g", description: "longitudinal acceleration, forward positive" },
  ],
};
