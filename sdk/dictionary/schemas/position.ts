import type { RawColumn } from "../types.ts";

/** Latitude, WGS 84, in steps of 10^-decimals degrees. */
export function latitude(decimals: number): RawColumn {
  return { name: "latitude", decimals, min: -90, max: 90, unit: "degrees", description: "latitude, WGS 84" };
}

/** Longitude, WGS 84, in steps of 10^-decimals degrees. */
export function longitude(decimals: number): RawColumn {
  return { name: "longitude", decimals, min: -180, max: 180, unit: "degrees", description: "longitude, WGS 84" };
}
