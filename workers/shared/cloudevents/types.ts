import type { Hex } from "@qoodblock/sdk/bytes";

/**
 * The CloudEvents that carry telemetry. In both, `subject` is the stream's handle, and `dataschema`, where it is given, is a
 * URI that ends in the schema's `name@version`, such as `urn:qood:schema:carobd@1`.
 */
export const EVENT_TYPES = {
  /**
   * Records without a device's signature, which the TSP attests: `data` is `{"records": […]}`, each an array of raw integers in
   * schema order or an object of named columns (see `recordReader`). The extension `sequence` is the message's counter.
   */
  records: "org.qoodblock.telemetry.records.v1",
  /** One message of a device with its signature: `data_base64` holds the bytes that `encodeMessage` makes. */
  message: "org.qoodblock.telemetry.message.v1",
} as const;

/** An event as it concerns telemetry: either `message` or `records` is there. */
export interface TelemetryEvent {
  /** With `source` it names the event: a second one with both the same is the first again. */
  readonly id: string;
  readonly source: string;
  readonly type: (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES];
  /** Handle of the stream, lower case. */
  readonly stream?: Hex;
  /** When it happened, RFC 3339. The time of a record is in the record. */
  readonly time?: string;
  /** `name@version` of the records' schema. */
  readonly schema?: string;
  /** Counter of the message among those of its stream. */
  readonly sequence?: number;
  /** A device's signed message, as on the wire. */
  readonly message?: Uint8Array;
  /** Records as they came; `rowsOf` reads them. */
  readonly records?: readonly unknown[];
}
