import { CloudEvent } from "cloudevents";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError, isQoodError } from "@qoodblock/sdk/errors";
import { EVENT_TYPES } from "./types.ts";
import type { TelemetryEvent } from "./types.ts";

/** How a body is laid out, by its media type. */
const LAYOUTS: Readonly<Record<string, "one" | "batch" | "lines" | "any">> = {
  "application/cloudevents+json": "one",
  "application/cloudevents-batch+json": "batch",
  "application/json": "any",
  "application/x-ndjson": "lines",
  "application/jsonl": "lines",
  "application/jsonlines": "lines",
  "application/json-lines": "lines",
};

/** Media types that {@link parseEvents} reads. */
export const EVENT_MEDIA_TYPES: readonly string[] = Object.keys(LAYOUTS);

const text = z.string().min(1).max(1024);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** A URI's last part, behind a slash or a colon: the schema. */
const SCHEMA = /(?:^|[/:#])([a-z0-9][a-z0-9-]{0,62}@[a-z0-9.]{1,20})$/;

/** The package lets any value of an extension through; the specification's types are these. */
const extension = z.union([z.string(), z.int(), z.boolean()], "must be a text, a whole number or a boolean");
const shape = z.object({
  specversion: z.literal("1.0", 'must be "1.0"'),
  ...{ id: text, source: text },
  type: z.enum(Object.values(EVENT_TYPES), `must be ${Object.values(EVENT_TYPES).join(" or ")}`),
  subject: z.string().regex(/^0x[0-9a-fA-F]{64}$/, "must be a stream's handle, 0x and 64 hexadecimal digits").optional(),
  time: text.optional(),
  datacontenttype: text.optional(),
  dataschema: z.string().max(1024).regex(SCHEMA, "must end in a schema's name@version, such as urn:qood:schema:carobd@1").optional(),
  // The sequence extension is a text; a number says the same.
  sequence: z.union([z.int().min(0), z.string().regex(/^\d{1,15}$/).transform(Number)], "must be a whole number").optional(),
});
const envelope = shape.catchall(extension);
const recordsData = z.object({ records: z.array(z.unknown()).min(1, "must hold a record") });

function fault(code: string, where: string, what: string, at?: number): QoodError {
  return new QoodError(code, `${where}: ${what}`, at === undefined ? {} : { details: { event: at } });
}

/** The rules of the CloudEvents specification itself: names and types of extensions, forms of URIs and times. */
function checkAttributes(attributes: Record<string, unknown>, where: string, at?: number): void {
  try {
    // Our short form of a schema is no URI; what it names has been checked.
    const { dataschema, ...rest } = attributes;
    new CloudEvent({ ...rest, ...(typeof dataschema === "string" && dataschema.includes(":") ? { dataschema } : {}) });
  } catch (error) {
    const { message, errors } = error as { message: string; errors?: readonly (string | { instancePath?: string; message?: string })[] | null };
    const first = errors?.[0];
    const why = typeof first === "object" ? `${(first.instancePath ?? "").slice(1)} ${first.message ?? ""}` : message.split("\n")[0]!;
    throw fault("EVENT_ATTRIBUTE", where, `no CloudEvent 1.0: ${why.trim()}`, at);
  }
}

/**
 * One CloudEvent in JSON, already parsed, as a telemetry event.
 * @param where - named in errors: `event 3`, `drive.jsonl:17`.
 * @throws QoodError EVENT_FORM (no object), EVENT_ATTRIBUTE (not as CloudEvents 1.0 or telemetry want it), EVENT_DATA
 */
export function parseEvent(value: unknown, where: string, at?: number): TelemetryEvent {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault("EVENT_FORM", where, "a CloudEvent is a JSON object", at);
  // An attribute that is null is absent, says the JSON format.
  const present = Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null));
  const { data, data_base64: base64, ...attributes } = present;
  const parsed = envelope.safeParse(attributes);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw fault("EVENT_ATTRIBUTE", where, `${issue.path.join(".")} ${attributes[String(issue.path[0])] === undefined ? "is missing" : issue.message}`, at);
  }
  checkAttributes(attributes, where, at);
  const { id, source, type, subject, time, dataschema, sequence, datacontenttype } = parsed.data;
  const schema = dataschema === undefined ? undefined : SCHEMA.exec(dataschema)![1]!;
  const event = {
    ...{ id, source, type },
    ...(subject === undefined ? {} : { stream: subject.toLowerCase() as Hex }),
    ...(time === undefined ? {} : { time }),
    ...(schema === undefined ? {} : { schema }),
    ...(sequence === undefined ? {} : { sequence }),
  };
  if (type === EVENT_TYPES.message) {
    if (typeof base64 !== "string" || base64 === "" || !BASE64.test(base64)) throw fault("EVENT_DATA", where, "data_base64 must hold a device's message in base64", at);
    return { ...event, message: new Uint8Array(Buffer.from(base64, "base64")) };
  }
  if (datacontenttype !== undefined && !/^application\/(json|[\w.-]+\+json)\s*(;|$)/.test(datacontenttype)) throw fault("EVENT_DATA", where, `records are JSON, not ${datacontenttype}`, at);
  const records = recordsData.safeParse(data);
  if (!records.success) throw fault("EVENT_DATA", where, 'data must be {"records": […]} with one record or more', at);
  return { ...event, records: records.data.records };
}

function json(source: string, where: string, at?: number): unknown {
  try {
    return JSON.parse(source);
  } catch {
    throw fault("EVENT_JSON", where, "not JSON", at);
  }
}

/** One line of JSON-lines as an event. @throws QoodError as {@link parseEvent}, and EVENT_JSON */
export function parseEventLine(line: string, where: string, at?: number): TelemetryEvent {
  return parseEvent(json(line, where, at), where, at);
}

function decode(body: Uint8Array | string): string {
  if (typeof body === "string") return body;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (error) {
    if (isQoodError(error)) throw error;
    throw new QoodError("EVENT_JSON", "the body is not UTF-8");
  }
}

/**
 * The events of a body: one CloudEvent (`application/cloudevents+json`), a batch (`application/cloudevents-batch+json`), one a
 * line (`application/x-ndjson`, `application/jsonl`), or whichever of the first two it is (`application/json`). All or none:
 * the first fault is thrown, with the event's index from 0 in `details.event`.
 *
 * @param body - decompressed
 * @param contentType - the header's value; parameters behind `;` are passed over
 * @throws QoodError EVENT_CONTENT_TYPE, EVENT_JSON, EVENT_EMPTY, and those of {@link parseEvent}
 */
export function parseEvents(body: Uint8Array | string, contentType: string): TelemetryEvent[] {
  const layout = LAYOUTS[contentType.split(";", 1)[0]!.trim().toLowerCase()];
  if (layout === undefined) throw new QoodError("EVENT_CONTENT_TYPE", `a body of type ${JSON.stringify(contentType.slice(0, 80))} is not read: send ${EVENT_MEDIA_TYPES.join(", ")}`);
  const source = decode(body);
  if (source.trim() === "") throw new QoodError("EVENT_EMPTY", "the body holds no event");
  if (layout === "lines") {
    const lines = source.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [{ line, number: i + 1 }]));
    return lines.map(({ line, number }, at) => parseEventLine(line, `line ${number}`, at));
  }
  const value = json(source, "the body");
  if (Array.isArray(value) && layout !== "one") {
    if (value.length === 0) throw new QoodError("EVENT_EMPTY", "the batch holds no event");
    return value.map((each: unknown, at) => parseEvent(each, `event ${at + 1}`, at));
  }
  if (layout === "batch") throw new QoodError("EVENT_FORM", "a batch is a JSON array of CloudEvents");
  return [parseEvent(value, "the event", 0)];
}
