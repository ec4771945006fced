/** The data dictionary: raw schemas, their hash, and what their columns mean in COVESA VSS 6.0. */
export type { Mapping, RawColumn, Row, Schema, VssColumn, VssDatatype } from "./types.ts";
export { TIME_COLUMN, integerRange, rowCheck, schemaHash, schemaId } from "./schema.ts";
export type { IntegerRange, RowFault } from "./schema.ts";
export { CAN_GPS, CAROBD, CARVIO, EV_BATTERY, GENERATED, ROAD_STATE, SCHEMAS, TELEMETRY, TRIP_GPS, TRIP_SUMMARY, VIN_CODE, WEATHER, schemaByHash } from "./schemas/index.ts";
export { DICTIONARY_VERSION, mappingOf, positionColumns, rowOpener } from "./mapping.ts";
export type { OpenedRow, PositionColumns } from "./mapping.ts";
export { MAX_H3_RESOLUTION, cellCollector } from "./cells.ts";
export type { CellCollector } from "./cells.ts";
export { decimalOf, formatScaled, parseDecimal } from "./decimal.ts";
export type { Decimal } from "./decimal.ts";
export { dictionaryTables, signalTable } from "./describe.ts";
export { schemaJson } from "./json-schema.ts";
export type { ColumnJson, SchemaJson } from "./json-schema.ts";
export { SEARCH_FIELDS, checkSchemaFile, schemaFile, searchFields, shippedSchemas } from "./publish.ts";
export type { SchemaFile, SchemaWords } from "./publish.ts";
export { rowValidator } from "./validate.ts";
