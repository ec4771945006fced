/** The endpoint at which buyers fetch samples and wrapped keys, and leave receipts. Nothing that passes it is secret: keys are wrapped for one buyer, samples are for all. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { handoverFaultSchema, handoverKeysSchema, handoverReceiptSchema, handoverRequestSchema, handoverTakenSchema } from "@qoodblock/sdk/client";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import type { DeliveryContext } from "./context.ts";
import { pageId } from "./deals.ts";
import { keysFor, takeReceipt } from "./requests.ts";
import type { Sampler } from "./sample.ts";

/** Bounds: of a body in bytes, of a request in milliseconds, of requests and connections at a time. */
const MAX_BODY = 8192;
const REQUEST_MS = 10_000;
const AT_ONCE = 16;
const MAX_CONNECTIONS = 256;

const STATUS: Readonly<Record<string, number>> = {
  HANDOVER_UNKNOWN: 404,
  HANDOVER_NOT_BUYER: 403,
  HANDOVER_STALE: 403,
  HANDOVER_ON_CHAIN: 409,
  HANDOVER_OVER: 410,
  HANDOVER_NOT_READY: 503,
  HANDOVER_BUSY: 503,
  HANDOVER_REQUEST: 400,
  SAMPLE_UNKNOWN: 404,
  SAMPLE_NOT_GIVEN: 403,
  SAMPLE_NOT_FIXED: 409,
};

const PATH = /^\/v1\/deals\/(0x[0-9a-f]{64})\/pages\/(\d{1,2})\/(keys|receipt)$/;
const SAMPLE_PATH = /^\/v1\/offers\/(0x[0-9a-f]{64})\/lots\/(\d{1,4})\/sample$/;

/** What the endpoint answers by. */
export interface EndpointParts {
  readonly sample: Sampler;
  /** Is told each page that a receipt has come for. */
  readonly wake: (id: string) => void;
}

/** A listening endpoint. */
export interface Endpoint {
  readonly port: number;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY) throw new QoodError("HANDOVER_REQUEST", `a request has at most ${MAX_BODY} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    throw new QoodError("HANDOVER_REQUEST", "the request's body is not JSON");
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new QoodError("HANDOVER_REQUEST", `the request's body: ${issue.path.map(String).join(".") || "it"}: ${issue.message}`);
}

async function answer(context: DeliveryContext, { sample, wake }: EndpointParts, request: IncomingMessage): Promise<unknown> {
  const sampled = SAMPLE_PATH.exec(request.url ?? "");
  if (sampled !== null && request.method === "GET") return JSON.parse(new TextDecoder().decode(await sample(sampled[1] as Hex, Number(sampled[2]))));
  const found = PATH.exec(request.url ?? "");
  if (found === null || request.method !== "POST") throw new QoodError("HANDOVER_UNKNOWN", "there is nothing here: POST /v1/deals/<deal id>/pages/<page>/keys or …/receipt, GET /v1/offers/<order hash>/lots/<lot>/sample");
  const [dealId, page, what] = [found[1] as Hex, Number(found[2]), found[3]];
  const body = await bodyOf(request);
  if (what === "keys") {
    const { R, c } = await keysFor(context, dealId, page, parse(handoverRequestSchema, body));
    return z.encode(handoverKeysSchema, { r: [R[0], R[1]], c: [...c] });
  }
  await takeReceipt(context, dealId, page, parse(handoverReceiptSchema, body).signature);
  wake(pageId(dealId, page));
  return handoverTakenSchema.parse({ taken: true });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text), "cache-control": "no-store", ...(status === 503 ? { "retry-after": "2" } : {}) });
  response.end(text);
}

/** `host:port`, or a port of 127.0.0.1. @throws QoodError CONFIG_VALUE */
export function parseListen(text: string): { host: string; port: number } {
  const found = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) throw new QoodError("CONFIG_VALUE", `handoverListen must be host:port or a port, not ${text}`);
  return { host: found[1]?.replace(/^\[(.*)\]$/, "$1") ?? "127.0.0.1", port };
}

/**
 * Starts the endpoint.
 * @throws QoodError HANDOVER_LISTEN when the address cannot be listened on
 */
export async function startEndpoint(context: DeliveryContext, listen: string, parts: EndpointParts): Promise<Endpoint> {
  let busy = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    busy += 1;
    try {
      if (busy > AT_ONCE) throw new QoodError("HANDOVER_BUSY", "too many requests at a time: ask again later");
      send(response, 200, await answer(context, parts, request));
    } catch (error) {
      const known = isQoodError(error) && STATUS[error.code] !== undefined;
      // What is not meant for a buyer stays here.
      if (!known) context.log.warn({ err: error }, "a request failed");
      const fault = known ? { code: error.code, message: error.message.slice(0, 500) } : { code: "HANDOVER_NOT_READY", message: "this cannot be answered now: ask again later" };
      send(response, STATUS[fault.code]!, handoverFaultSchema.parse(fault));
      request.resume();
    } finally {
      busy -= 1;
    }
  };
  const server: Server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: 1000, maxHeaderSize: 8192 }, (request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  const { host, port } = parseListen(listen);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new QoodError("HANDOVER_LISTEN", `the endpoint cannot listen on ${listen}: ${error.message}`)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
