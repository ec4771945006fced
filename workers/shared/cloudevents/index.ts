/** Telemetry as CloudEvents 1.0 in JSON: what gateways take and imports read. */
export { EVENT_TYPES } from "./types.ts";
export type { TelemetryEvent } from "./types.ts";
export { EVENT_MEDIA_TYPES, parseEvent, parseEventLine, parseEvents } from "./parse.ts";
export { recordReader, rowsOf } from "./rows.ts";
export type { EventRows, RecordFault } from "./rows.ts";
