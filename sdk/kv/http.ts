/** A store on another machine: `workers/kv` over HTTP. Records are checked by their reader, so the machine is trusted with nothing. */
import { z } from "zod";
import { fromHex, type Hex, toHex } from "../bytes/index.ts";
import { QoodError } from "../errors/index.ts";
import { type KvRecord, type KvStore, MAX_ANSWER_BYTES, MAX_BODY } from "./store.ts";

const TIMEOUT_MS = 20_000;
/** Base64 and the JSON about it. */
const MAX_TEXT = 2 * (MAX_ANSWER_BYTES + MAX_BODY);

const hex = z.custom<Hex>((value) => typeof value === "string" && /^0x(?:[0-9a-f]{2})+$/.test(value), "expected 0x-hex in lower case");
/** Bytes as base64 in JSON. */
const base64 = z.codec(z.base64(), z.custom<Uint8Array>((value) => value instanceof Uint8Array), {
  decode: (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
  encode: (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  },
});

/** A record in JSON. */
export const kvRecordSchema = z.strictObject({ address: z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-f]{40}$/.test(value), "expected an address in lower case"), key: hex, body: base64 });
/** Body of answers with records. */
export const kvRecordsSchema = z.strictObject({ records: z.array(kvRecordSchema) });
/** Body of the answer to a put. */
export const kvPutSchema = z.strictObject({ outcome: z.enum(["written", "same"]) });
/** Body of a refusal. */
export const kvFaultSchema = z.object({ code: z.string().regex(/^[A-Z0-9_]{1,64}$/), message: z.string().max(500) });

/** A record as JSON takes it. */
export const kvRecordToJson = ({ address, key, body }: KvRecord): z.input<typeof kvRecordSchema> => z.encode(kvRecordSchema, { address, key: toHex(key), body });

const recordOf = ({ address, key, body }: z.output<typeof kvRecordSchema>): KvRecord => ({ address, key: fromHex(key), body });

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (response.body as AsyncIterable<Uint8Array> | null) ?? []) {
    length += part.length;
    if (length > MAX_TEXT) throw new QoodError("KV_ANSWER", "the store's answer is longer than any right one");
    parts.push(part);
  }
  return new TextDecoder().decode(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/**
 * Asks a worker and reads its answer by a schema.
 * @throws QoodError `KV_UNREACHABLE`, `KV_ANSWER`, and the worker's own
 */
export async function askKv<T>(url: string, method: string, path: string, schema: z.ZodType<T>, body?: object): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url.replace(/\/+$/, "") + path, {
      ...{ method, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) },
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    text = await textOf(response);
  } catch (cause) {
    if (cause instanceof QoodError) throw cause;
    throw new QoodError("KV_UNREACHABLE", `the store at ${url} does not answer: ${(cause as Error).message}`, { cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new QoodError("KV_ANSWER", `the store at ${url} answered ${response.status} without JSON`);
  }
  if (!response.ok) {
    const fault = kvFaultSchema.safeParse(json);
    throw fault.success ? new QoodError(fault.data.code, fault.data.message) : new QoodError("KV_ANSWER", `the store at ${url} answered ${response.status}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new QoodError("KV_ANSWER", `the store at ${url} answered in another form: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** The store behind a worker's URL. */
export function httpStore(url: string): KvStore {
  const records = async (path: string): Promise<KvRecord[]> => (await askKv(url, "GET", path, kvRecordsSchema)).records.map(recordOf);
  return {
    put: async (record) => (await askKv(url, "POST", "/v1/records", kvPutSchema, kvRecordToJson(record))).outcome,
    get: async (address, key) => (await records(`/v1/records/${address}/${toHex(key)}`))[0],
    range: (address, from, to, limit) => records(`/v1/records/${address}?from=${toHex(from)}&to=${toHex(to)}&limit=${limit}`),
    scan: (after, limit) => records(`/v1/records?limit=${limit}${after === undefined ? "" : `&address=${after.address}&key=${toHex(after.key)}`}`),
    close: () => Promise.resolve(),
  };
}
