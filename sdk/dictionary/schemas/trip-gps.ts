import { TIME_COLUMN } from "../schema.ts";
import type { Schema } from "../types.ts";
import { latitude, longitude } from "./position.ts";

/** CarChain's record format `trip-gps`: a trip's points, of which only the first and the last have a time of their own. */
export const TRIP_GPS: Schema = {
  name: "trip-gps",
  version: "1",
  columns: [
    TIME_COLUMN,
    { name: "session_id", decimals: 0, min: 0, max: 4294967295, unit: "", description: "the record's key SESSION_ID" },
    { name: "vehicle_data", decimals: 0, min: 0, max: 4294967295, unit: "", description: "VEHICLE_DATA: number of the vehicle's own record" },
    { name: "time_spread", decimals: 0, min: 0, max: 1, unit: "", description: "1: the time was not measured but spread evenly between start and end" },
    latitude(6),
    longitude(6),
    { name: "speed", decimals: 0, min: 0, max: 400, unit: "km/h", description: "vehicle speed" },
  ],
};
