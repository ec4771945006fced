import rateLimit from "@fastify/rate-limit";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { kvRecordSchema, kvRecordToJson, MAX_BODY, MAX_KEY, MAX_RECORDS } from "@qoodblock/sdk/kv";
import type { KvRecord, KvStore } from "@qoodblock/sdk/kv";
import type { Logger } from "../shared/log/index.ts";
import { answerKeyRequest } from "./keys.ts";
import type { KeyDesk } from "./keys.ts";
import type { KvMetrics } from "./metrics.ts";
import { answerSend } from "./send.ts";

/** What the server is made of. */
export interface KvServerOptions {
  readonly store: KvStore;
  readonly log: Logger;
  readonly requestsPerMinute: number;
  /** Without it no keys are given out. */
  readonly desk?: KeyDesk;
  /** Told of each answer and each record, for metrics. */
  readonly measured?: KvMetrics;
}

/** Base64 of a body, and the JSON about it. */
const MAX_REQUEST = Math.ceil((MAX_BODY * 4) / 3) + 4096;
/** A key, or a bound of a range. */
const MAX_KEY_HEX = 2 + 2 * (MAX_KEY + 1);

const STATUS: Readonly<Record<string, number>> = {
  ...{ KV_KEY_TAKEN: 409, KV_NOT_FOUND: 404, KV_NO_KEY: 404, KV_NO_DESK: 404, KV_NOT_ALLOWED: 403, KV_REQUEST_STALE: 403, KV_REQUEST_SIGNATURE: 403, KV_SIGNATURE: 403, KV_DATABASE: 503 },
  ...{ KV_RECORD: 400, KV_REQUEST: 400, BAD_HEX: 400, HEADER_JSON: 400, HEADER_REST_HASH: 400, HEADER_HASH: 400, BUYER_KEY_INVALID: 400, SEND_ROYALTY: 400, SEND_REPEATABLE: 400 },
};

const address = z.custom<Hex>((v) => typeof v === "string" && /^0x[0-9a-f]{40}$/.test(v), "expected an address in lower case");
const key = z.custom<Hex>((v) => typeof v === "string" && v.length <= MAX_KEY_HEX && /^0x(?:[0-9a-f]{2})+$/.test(v), `expected 0x-hex of 1 to ${MAX_KEY + 1} bytes in lower case`);
const limit = z.coerce.number().int().min(1).max(MAX_RECORDS).default(MAX_RECORDS);
const onePath = z.strictObject({ address, key });
const rangePath = z.strictObject({ address });
const rangeQuery = z.strictObject({ from: key, to: key, limit });
const scanQuery = z.strictObject({ address: address.optional(), key: key.optional(), limit });

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new QoodError("KV_REQUEST", `${issue.path.map(String).join(".") || "the request"}: ${issue.message}`);
}

const answer = (records: readonly KvRecord[]) => ({ records: records.map(kvRecordToJson) });

/** The key-value API. Records are public ciphertext: anyone may read them, and only the holder of an address writes under it. */
export async function createKvServer({ store, log, requestsPerMinute, desk, measured }: KvServerOptions): Promise<FastifyInstance> {
  const app = fastify({ logger: false, bodyLimit: MAX_REQUEST, trustProxy: false, requestTimeout: 30_000, routerOptions: { maxParamLength: MAX_KEY_HEX } });
  await app.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    void reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    measured?.answered(request.routeOptions.url ?? "none", reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  app.setNotFoundHandler((_request, reply) => void reply.code(404).send({ code: "KV_NOT_FOUND", message: "there is nothing here: see docs/kv.md" }));
  app.setErrorHandler((error: unknown, _request, reply) => {
    if (isQoodError(error) && STATUS[error.code] !== undefined) return reply.code(STATUS[error.code]!).send({ code: error.code, message: error.message.slice(0, 500) });
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ code: "KV_REQUEST", message: (error as Error).message.slice(0, 500) });
    // What is not meant for who asks stays here.
    log.error({ err: error }, "a request failed");
    return reply.code(500).send({ code: "KV_FAULT", message: "the request could not be answered: try again later" });
  });

  app.post("/v1/records", async (request) => {
    const { address: of, key: at, body } = parse(kvRecordSchema, request.body);
    const outcome = await store.put({ address: of, key: fromHex(at), body });
    measured?.put(outcome);
    return { outcome };
  });
  app.get("/v1/records/:address/:key", async (request) => {
    const { address: of, key: at } = parse(onePath, request.params);
    const found = await store.get(of, fromHex(at));
    return answer(found === undefined ? [] : [found]);
  });
  app.get("/v1/records/:address", async (request) => {
    const { from, to, limit: most } = parse(rangeQuery, request.query);
    return answer(await store.range(parse(rangePath, request.params).address, fromHex(from), fromHex(to), most));
  });
  app.get("/v1/records", async (request) => {
    const { address: of, key: at, limit: most } = parse(scanQuery, request.query);
    if ((of === undefined) !== (at === undefined)) throw new QoodError("KV_REQUEST", "address and key go together: the place after which the scan goes on");
    return answer(await store.scan(of === undefined || at === undefined ? undefined : { address: of, key: fromHex(at) }, most));
  });
  app.post("/v1/send", (request) => Promise.resolve(answerSend(request.body)));
  app.post("/v1/keys", { bodyLimit: 64 * 1024 }, async (request) => {
    if (desk === undefined) throw new QoodError("KV_NO_DESK", "this worker holds no keys: ask the batch's agent");
    return answerKeyRequest(desk, request.body);
  });
  return app;
}
