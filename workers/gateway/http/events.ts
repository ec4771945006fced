import type { IncomingHttpHeaders } from "node:http";
import { parseEvent, parseEvents } from "../../shared/cloudevents/index.ts";
import type { TelemetryEvent } from "../../shared/cloudevents/index.ts";
import { QoodError } from "@qoodblock/sdk/errors";

/** A device's message as on the wire, alone in a body. */
export const MESSAGE_MEDIA_TYPE = "application/vnd.qood.message";

/** CloudEvents' binary mode: attributes in `ce-…` headers, the body is the data. */
function binaryEvent(body: Uint8Array, headers: IncomingHttpHeaders, contentType: string): TelemetryEvent {
  const attributes = Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (name.startsWith("ce-") && typeof value === "string" ? [[name.slice(3), decodeURIComponent(value)]] : [])));
  const json = /^application\/(json|[\w.-]+\+json)\s*(;|$)/.test(contentType);
  let data: unknown;
  try {
    data = json ? (JSON.parse(Buffer.from(body).toString("utf8")) as unknown) : undefined;
  } catch {
    throw new QoodError("EVENT_JSON", "the body is not JSON");
  }
  return parseEvent({ ...attributes, datacontenttype: contentType, ...(json ? { data } : { data_base64: Buffer.from(body).toString("base64") }) }, "the event", 0);
}

/**
 * What a request's body holds: one message as on the wire, one CloudEvent in binary or structured mode, a batch, or one a line.
 * @throws QoodError EVENT_*
 */
export function eventsOf(body: Uint8Array, headers: IncomingHttpHeaders): readonly (TelemetryEvent | Uint8Array)[] {
  const contentType = headers["content-type"] ?? "";
  if (contentType.split(";", 1)[0]!.trim().toLowerCase() === MESSAGE_MEDIA_TYPE) return [body];
  if (headers["ce-specversion"] !== undefined) return [binaryEvent(body, headers, contentType)];
  return parseEvents(body, contentType);
}
