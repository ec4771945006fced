import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { offerSchema, searchSchema } from "@qoodblock/sdk/market";
import { createJournal, facets, findDocuments, search } from "../shared/index/index.ts";
import type { Document, Store } from "../shared/index/index.ts";
import type { Logger } from "../shared/log/index.ts";
import type { Keeper } from "./keep.ts";
import { KINDS } from "./kinds.ts";
import type { Kind } from "./kinds.ts";
import { facetFields, facetSchema, listSchema, queryOf, readQuestion, wrongField } from "./question.ts";
import { readRecord } from "./record.ts";
import * as shapes from "./shapes.ts";
import { submissionSchema } from "./verify.ts";
import { readWanted } from "./wanted.ts";

/** What the API stands on. */
export interface ServerOptions {
  readonly chain: Store;
  readonly catalog: Store;
  /** Without it no offers are taken in. */
  readonly keeper?: Keeper | undefined;
  readonly chainId: number;
  readonly exchange: string;
  readonly requestsPerMinute: number;
  readonly offersPerMinute: number;
  readonly bodyBytes: number;
  readonly log: Logger;
  /** Told of each answer, for metrics. */
  readonly onAnswer?: (route: string, status: number, seconds: number) => void;
}

const DEFAULT_LIMIT = 20;
const REQUEST_MS = 30_000;

const itemOf = ({ id, from, to, price, body }: Document) => ({ id, from, to, ...(price === undefined ? {} : { price }), body: body as Record<string, unknown> });

/** Faults of the way to the chain: nothing is wrong with what was asked. */
const isPassing = ({ code }: QoodError): boolean => code.startsWith("CHAIN_") || code.startsWith("INDEX_");

/** What the caller is told of a fault. */
function faultOf(error: unknown): { status: number; code: string; message: string; field?: string } {
  if (isQoodError(error) && !isPassing(error)) {
    const { code, message, details } = error;
    const field = typeof details["field"] === "string" ? { field: details["field"] } : {};
    const status = code === "NOT_FOUND" ? 404 : code === "NO_INTAKE" ? 405 : code.startsWith("QUERY_") || code === "REQUEST_BODY" ? 400 : 422;
    return { status, code, message, ...(code === "QUERY_CURSOR" ? { field: "cursor" } : field) };
  }
  const { statusCode, message } = error as { statusCode?: number; message: string };
  if (statusCode === 429) return { status: 429, code: "TOO_MANY_REQUESTS", message };
  if (statusCode === 413) return { status: 413, code: "REQUEST_TOO_LARGE", message: "the body is longer than this catalog reads" };
  if (statusCode !== undefined && statusCode < 500) return { status: 400, code: "REQUEST_BODY", message };
  return { status: 503, code: "UNAVAILABLE", message: "the catalog cannot answer now; try again" };
}

/** Makes the API, not listening yet. Its OpenAPI document is `app.swagger()`. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { chain, catalog, keeper, log } = options;
  const journal = createJournal(chain);
  const app = fastify({ logger: false, bodyLimit: options.bodyBytes, requestTimeout: REQUEST_MS, routerOptions: { maxParamLength: 200 } });
  // zod checks, field by field; the schemas of the routes only describe.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  await app.register(swagger, {
    openapi: { openapi: "3.1.0", info: { title: "QoodBlock catalog", version: "1", description: "Finds offers, requests, vehicles, streams, batches, agreements, deals and payouts. docs/catalog.md explains it." } },
  });
  await app.register(rateLimit, { max: options.requestsPerMinute, timeWindow: 60_000 });
  app.setErrorHandler((error, _request, reply) => {
    const { status, ...fault } = faultOf(error);
    if (status === 503) log.error({ err: error }, "a request failed");
    return reply.code(status).send(fault);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ code: "NOT_FOUND", message: `there is nothing here: GET /v1/status, GET /v1/{${KINDS.map(({ path }) => path).join(",")}}, POST /v1/offers` }));
  app.addHook("onResponse", (request, reply, done) => {
    options.onAnswer?.(request.routeOptions.url ?? "none", reply.statusCode, reply.elapsedTime / 1000);
    done();
  });

  const storeOf = ({ store }: Kind): Store => (store === "chain" ? chain : catalog);
  const freshness = async () => {
    const head = await journal.head();
    return { block: head?.number ?? -1, hash: head?.hash ?? "" };
  };

  app.get("/v1/status", { schema: { operationId: "status", summary: "How far the index is, and for which exchange", response: { 200: shapes.status, "4xx": shapes.fault } } }, async () => ({
    ...{ chainId: options.chainId, exchange: options.exchange, intake: keeper !== undefined, freshness: await freshness() },
    counts: Object.fromEntries(await Promise.all(KINDS.map(async (kind) => [kind.path, (await facets(storeOf(kind), { kind: kind.kind, filters: [] }, [""])).fields[""]?.[""] ?? 0] as const))),
  }));

  for (const kind of KINDS) {
    const list = listSchema(kind);
    const counting = facetSchema(kind);
    app.get(`/v1/${kind.path}`, { schema: { operationId: `list_${kind.path}`, summary: `Searches ${kind.what}, newest first`, querystring: shapes.describe(list), response: { 200: shapes.page, "4xx": shapes.fault } } }, async (request) => {
      const question = readQuestion(list, request.query) as Record<string, string | undefined>;
      const found = await search(storeOf(kind), await queryOf(kind, question, chain, catalog), Number(question["limit"] ?? DEFAULT_LIMIT), question["cursor"]);
      return { items: found.items.map(itemOf), ...(found.next === undefined ? {} : { next: found.next }), freshness: await freshness() };
    });
    app.get(`/v1/${kind.path}/facets`, { schema: { operationId: `facets_${kind.path}`, summary: `Counts values among ${kind.what}`, querystring: shapes.describe(counting), response: { 200: shapes.facets, "4xx": shapes.fault } } }, async (request) => {
      const { fields, ...question } = readQuestion(counting, request.query) as Record<string, string | undefined>;
      const names = fields!.split(",");
      const unknown = names.find((name) => !facetFields(kind).includes(name));
      if (unknown !== undefined) throw wrongField("fields", `${unknown} cannot be counted here, but ${facetFields(kind).join(", ")}`);
      return { ...(await facets(storeOf(kind), await queryOf(kind, question, chain, catalog), names)), freshness: await freshness() };
    });
    app.get<{ Params: { id: string } }>(`/v1/${kind.path}/:id`, { schema: { operationId: `get_${kind.path}`, summary: `One of the ${kind.what}; an id with a slash is written with %2F`, params: shapes.idParams, response: { 200: kind.kind === "offer" ? shapes.offer : shapes.one, "4xx": shapes.fault } } }, async (request) => {
      const id = request.params.id.toLowerCase();
      const [found] = await findDocuments(storeOf(kind), kind.kind, [id]);
      const record = kind.kind === "offer" ? await readRecord(catalog, id) : undefined;
      if (found === undefined && record === undefined) throw new QoodError("NOT_FOUND", `there is no ${id.slice(0, 100)} among the ${kind.what}`);
      const file = record === undefined ? {} : { status: record.status, offer: z.encode(offerSchema, record.offer) };
      const wanted = kind.kind === "request" ? await readWanted(catalog, id) : undefined;
      return { ...(found === undefined ? { id } : itemOf(found)), ...file, ...(wanted === undefined ? {} : { search: wanted }), freshness: await freshness() };
    });
  }

  app.post("/v1/offers", { config: { rateLimit: { max: options.offersPerMinute, timeWindow: 60_000 } }, schema: { operationId: "submit_offer", summary: "Takes an offer in, after all that a buyer checks before fetching", body: shapes.submission, response: { 200: shapes.taken, 201: shapes.taken, "4xx": shapes.fault } } }, async (request, reply) => {
    if (keeper === undefined) throw new QoodError("NO_INTAKE", "this catalog takes no offers in");
    const { isNew, ...taken } = await keeper.take(readQuestion(submissionSchema, request.body ?? {}));
    return reply.code(isNew ? 201 : 200).send(taken);
  });
  app.post<{ Params: { id: string } }>("/v1/requests/:id/search", { config: { rateLimit: { max: options.offersPerMinute, timeWindow: 60_000 } }, schema: { operationId: "submit_search", summary: "Takes the search file of a buy order, whose digest the order names: then the order is found by its cells", params: shapes.idParams, body: shapes.search, response: { 200: shapes.known, 201: shapes.known, "4xx": shapes.fault } } }, async (request, reply) => {
    if (keeper === undefined) throw new QoodError("NO_INTAKE", "this catalog takes no searches in");
    const id = request.params.id.toLowerCase();
    const isNew = await keeper.takeSearch(id, readQuestion(searchSchema, request.body ?? {}));
    return reply.code(isNew ? 201 : 200).send({ id });
  });
  await app.ready();
  return app;
}
