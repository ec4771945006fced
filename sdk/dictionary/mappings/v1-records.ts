import type { VssColumn } from "../types.ts";
import { TIME, own, vss } from "./entries.ts";

/** Dictionary version 1 of the records that are no telemetry: trip summaries, violations, vehicle numbers. */

const NO_TRIP = "VSS has no trip number";
const NO_RECORD = "a number of CarChain's own records";
const NO_VIOLATION = "VSS has nothing about violations";
const PART = "VSS has the whole VIN and its maker's part, not this part";

export const tripSummary: readonly VssColumn[] = [
  TIME,
  own("session_id", "Trip.SessionId", "uint32", "", NO_TRIP),
  own("vehicle_data", "Trip.VehicleData", "uint32", "", NO_RECORD),
  vss("start_time", "Vehicle.StartTime", "string", "iso8601"),
  vss("duration", "Vehicle.TripDuration", "float", "s"),
  own("points", "Trip.Points", "uint32", "", "VSS has no track and so no number of its points"),
  vss("distance", "Vehicle.TraveledDistanceSinceStart", "uint32", "m"),
  vss("average_speed", "Vehicle.AverageSpeed", "float", "km/h"),
  own("top_speed", "Trip.TopSpeed", "uint16", "km/h", "VSS has the present and the average speed of a trip, not its highest"),
  vss("fuel_used", "Vehicle.Powertrain.FuelSystem.ConsumptionSinceStart", "float", "l"),
  own("energy_used", "Trip.EnergyUsed", "float", "kWh", "VSS has the energy that the battery gave in its life, not on a trip"),
];

/** What was done, by the number in the row. CarChain's text gives the second; the others are this dictionary's, in the same way of writing. */
const VIOLATIONS = ["vioother", "vioparking", "viospeeding", "viosignal", "violane", "viobelt", "viophone", "viodrink"] as const;

export const carvio: readonly VssColumn[] = [
  TIME,
  own("carvio_id", "Violation.Id", "uint32", "", NO_VIOLATION),
  own("vehicle_data", "Violation.VehicleData", "uint32", "", NO_RECORD),
  own("day_only", "Violation.IsDayOnly", "boolean", "", "VSS has no label for a time that is known to the day only"),
  own("latitude", "Violation.Latitude", "double", "degrees", "the VSS signal is where the vehicle is now, not where the violation was"),
  own("longitude", "Violation.Longitude", "double", "degrees", "the VSS signal is where the vehicle is now, not where the violation was"),
  { ...own("violation", "Violation.Kind", "string", "", NO_VIOLATION), words: VIOLATIONS },
  own("price", "Violation.Price", "double", "", NO_VIOLATION),
  own("points", "Violation.Points", "uint8", "", NO_VIOLATION),
];

export const vinCode: readonly VssColumn[] = [
  TIME,
  own("vehicle_data", "VIN.VehicleData", "uint32", "", NO_RECORD),
  { ...vss("wmi", "Vehicle.VehicleIdentification.WMI", "string", ""), base36: 3 },
  { ...own("vds", "VIN.VDS", "string", "", PART), base36: 6 },
  { ...own("vis", "VIN.VIS", "string", "", PART), base36: 8 },
];
