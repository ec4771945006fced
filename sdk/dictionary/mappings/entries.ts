/** How a mapping is written down: one entry a raw column. */
import type { VssColumn, VssDatatype } from "../types.ts";

/** A VSS signal. */
export function vss(column: string, path: string, datatype: VssDatatype, unit: string, factor = "1"): VssColumn {
  return { column, path, datatype, unit, factor };
}

/** A signal of QoodBlock's own overlay. */
export function own(column: string, name: string, datatype: VssDatatype, unit: string, overlay: string, factor = "1"): VssColumn {
  return { column, path: `Vehicle.QoodBlock.${name}`, datatype, unit, factor, overlay };
}

export const TIME = own("time", "Time", "string", "iso8601", "VSS has a time for the position only (CurrentLocation.Timestamp)");
export const LATITUDE = vss("latitude", "Vehicle.CurrentLocation.Latitude", "double", "degrees");
export const LONGITUDE = vss("longitude", "Vehicle.CurrentLocation.Longitude", "double", "degrees");
