/** Drives: reading telemetry files into judged integer rows, generating drives, writing opened records. */
export { DEFAULT_START_MS, REJECTIONS } from "./types.ts";
export type { AcceptedRow, Drive, DriveEvent, DriveFormat, DriveOptions, RejectedRow, Rejection, RejectionCounts } from "./types.ts";
export { noRejections, openDrive, readDrive } from "./open.ts";
export type { ReadDrive } from "./open.ts";
export { surveyDrive } from "./survey.ts";
export type { Survey } from "./survey.ts";
export { parseStart } from "./time.ts";
export { rowJudge } from "./accept.ts";
export type { Fault } from "./accept.ts";
export { CARCHAIN_EXAMPLE } from "./example.ts";
export { writeGeneratedDrive } from "./generate/drive.ts";
export type { GenerateOptions } from "./generate/drive.ts";
export { csvHeader, csvSink } from "./write/csv.ts";
export type { RowSink } from "./write/csv.ts";
export { geoJsonSink } from "./write/geojson.ts";
export { writeRecords } from "./write/records.ts";
export type { RecordsTarget, RecordsWritten } from "./write/records.ts";
