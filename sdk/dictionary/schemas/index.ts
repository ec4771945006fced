import { QoodError } from "../../errors/index.ts";
import { schemaHash, schemaId } from "../schema.ts";
import type { Schema } from "../types.ts";
import { CAN_GPS } from "./can-gps.ts";
import { CAROBD } from "./carobd.ts";
import { EV_BATTERY } from "./ev-battery.ts";
import { GENERATED } from "./generated.ts";
import { CARVIO, TRIP_SUMMARY, VIN_CODE } from "./records.ts";
import { ROAD_STATE, WEATHER } from "./sources.ts";
import { TELEMETRY } from "./telemetry.ts";
import { TRIP_GPS } from "./trip-gps.ts";

export { CAN_GPS, CAROBD, CARVIO, EV_BATTERY, GENERATED, ROAD_STATE, TELEMETRY, TRIP_GPS, TRIP_SUMMARY, VIN_CODE, WEATHER };

/** Every schema that this dictionary knows. */
export const SCHEMAS: readonly Schema[] = [CAROBD, CAN_GPS, TRIP_GPS, GENERATED, TELEMETRY, EV_BATTERY, TRIP_SUMMARY, CARVIO, VIN_CODE, WEATHER, ROAD_STATE];

const byHash = new Map(SCHEMAS.map((schema) => [Buffer.from(schemaHash(schema)).toString("hex"), schema]));

/**
 * Finds the schema that a header names.
 *
 * @param hash - 32 bytes, {@link schemaHash}
 * @throws QoodError `SCHEMA_UNKNOWN`
 */
export function schemaByHash(hash: Uint8Array): Schema {
  const hex = Buffer.from(hash).toString("hex");
  const found = byHash.get(hex);
  if (found === undefined) throw new QoodError("SCHEMA_UNKNOWN", `no schema with hash 0x${hex} in this dictionary (known: ${SCHEMAS.map(schemaId).join(", ")})`);
  return found;
}
