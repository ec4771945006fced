/** Schemas of records that are no telemetry: a trip as a whole, a violation, a vehicle's number. One row a record. */
import { TIME_COLUMN } from "../schema.ts";
import type { Schema } from "../types.ts";
import { latitude, longitude } from "./position.ts";
import { METRES, NUMBER, SWITCH } from "./ranges.ts";

const sessionId = { name: "session_id", ...NUMBER, description: "the record's key SESSION_ID" } as const;
const vehicleData = { name: "vehicle_data", ...NUMBER, description: "VEHICLE_DATA: number of the vehicle's own record" } as const;

/** A trip in one row, without its track: what a logbook says. The record's time is the trip's end. */
export const TRIP_SUMMARY: Schema = {
  name: "trip-summary",
  version: "1",
  columns: [
    TIME_COLUMN,
    sessionId,
    vehicleData,
    { name: "start_time", decimals: 0, min: TIME_COLUMN.min, max: TIME_COLUMN.max, unit: "ms", description: "the trip's start, Unix milliseconds UTC" },
    { name: "duration", decimals: 1, min: 0, max: 604800, unit: "s", description: "time from start to end" },
    { name: "points", ...NUMBER, description: "len: number of points of the trip's track" },
    { name: "distance", ...METRES, description: "distance travelled" },
    { name: "average_speed", decimals: 1, min: 0, max: 400, unit: "km/h", description: "average of the points' speeds" },
    { name: "top_speed", decimals: 0, min: 0, max: 400, unit: "km/h", description: "highest of the points' speeds" },
    { name: "fuel_used", decimals: 3, min: 0, max: 10000, unit: "l", description: "fuel used on the trip" },
    { name: "energy_used", decimals: 3, min: -10000, max: 10000, unit: "kWh", description: "energy that the traction battery gave on the trip" },
  ],
};

/** CarChain's record format `carvio`: a violation of traffic rules. */
export const CARVIO: Schema = {
  name: "carvio",
  version: "1",
  columns: [
    TIME_COLUMN,
    { name: "carvio_id", ...NUMBER, description: "the record's key CARVIO_ID" },
    vehicleData,
    { name: "day_only", ...SWITCH, description: "1: only the day is known, and the time is its first moment at the place" },
    latitude(6),
    longitude(6),
    { name: "violation", decimals: 0, min: 0, max: 7, unit: "", description: "viotype: what was done" },
    { name: "price", decimals: 2, min: 0, max: 10000000, unit: "", description: "price: the fine, in the currency of the place" },
    { name: "points", decimals: 0, min: 0, max: 255, unit: "", description: "point: points against the driver's licence" },
  ],
};

/** Largest number of three, six and eight characters of base 36. */
const BASE36 = { 3: 46655, 6: 2176782335, 8: 2821109907455 } as const;

/**
 * CarChain's record format `VIN_CODE`: a vehicle identification number in the three parts of ISO 3779, each a number of base
 * 36, because no integer of a row holds all seventeen characters. The record's time is that of writing it.
 */
export const VIN_CODE: Schema = {
  name: "vin-code",
  version: "1",
  columns: [
    TIME_COLUMN,
    vehicleData,
    { name: "wmi", decimals: 0, min: 0, max: BASE36[3], unit: "", description: "VIN, characters 1 to 3: the maker" },
    { name: "vds", decimals: 0, min: 0, max: BASE36[6], unit: "", description: "VIN, characters 4 to 9: the kind of vehicle" },
    { name: "vis", decimals: 0, min: 0, max: BASE36[8], unit: "", description: "VIN, characters 10 to 17: the vehicle itself" },
  ],
};
