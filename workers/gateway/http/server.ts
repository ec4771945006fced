import fastify from "fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AddressInfo } from "node:net";
import type { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../../shared/log/index.ts";
import { accessOfCertificate } from "../auth/certificate.ts";
import { challengeRequest, loginRequest } from "../auth/login.ts";
import type { Logins } from "../auth/login.ts";
import type { Tokens } from "../auth/tokens.ts";
import { checkAccess } from "../auth/access.ts";
import type { Access } from "../auth/access.ts";
import type { Limits } from "../limits.ts";
import type { TlsOptions } from "../listen.ts";
import type { Positions } from "../positions.ts";
import type { SealedIntake } from "../sealed.ts";
import type { Stats } from "../stats.ts";
import type { Streams } from "../streams.ts";
import type { Telemetry } from "../telemetry.ts";
import { BODY_LIMITS, unpack } from "./body.ts";
import { eventsOf } from "./events.ts";
import { faultOf } from "./status.ts";

/** What the HTTP side stands on. */
export interface HttpContext {
  readonly telemetry: Telemetry;
  readonly sealed: SealedIntake;
  readonly streams: Streams;
  readonly positions: Positions;
  readonly tokens: Tokens;
  readonly logins: Logins;
  readonly limits: Limits;
  readonly stats: Stats;
  readonly log: Logger;
}

/** A listening server. */
export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

const REQUEST_MS = 30_000;

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  let value: unknown;
  try {
    value = JSON.parse((body as Buffer | undefined)?.toString("utf8") ?? "");
  } catch {
    throw new QoodError("REQUEST_BODY", "the body is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new QoodError("REQUEST_BODY", `${issue.path.join(".") || "the body"}: ${issue.message}`);
}

/** Who sends: a bearer token, or the certificate of the connection. */
async function accessOf({ tokens }: HttpContext, request: FastifyRequest): Promise<Access> {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme?.toLowerCase() === "bearer" && token !== undefined) return tokens.read(token);
  const access = accessOfCertificate(request.raw.socket);
  if (access === undefined) throw new QoodError("ACCESS_TOKEN", "log in first: send a token as `Authorization: Bearer …`, or show the device's certificate");
  return access;
}

function routes(app: FastifyInstance, context: HttpContext): void {
  const { telemetry, sealed, streams, positions, logins, limits, stats } = context;
  app.post("/v1/devices/challenge", async (request) => {
    await limits.login(request.ip);
    return logins.challenge(parse(challengeRequest, request.body).publicKey);
  });
  app.post("/v1/devices/token", async (request) => {
    await limits.login(request.ip);
    try {
      const answer = await logins.login(parse(loginRequest, request.body));
      stats.login(true);
      return answer;
    } catch (error) {
      stats.login(false);
      throw error;
    }
  });
  app.post("/v1/telemetry", async (request, reply) => {
    const access = await accessOf(context, request);
    const body = await unpack((request.body as Buffer | undefined) ?? new Uint8Array(), request.headers["content-encoding"]);
    const results = await telemetry.take({ access, origin: `http ${request.ip}` }, eventsOf(body, request.headers));
    // What is early must come again, so it decides; what is refused lies in the dead letters and must not.
    const status = results.some((result) => result.status === "early") ? 409 : results.some((result) => result.status === "refused") ? 422 : 200;
    return reply.code(status).send({ results });
  });
  app.post("/v1/sealed", { bodyLimit: BODY_LIMITS.sealed }, async (request) => {
    const access = await accessOf(context, request);
    return sealed.take(access, (request.body as Buffer | undefined) ?? new Uint8Array());
  });
  app.get<{ Params: { stream: string } }>("/v1/streams/:stream", async (request) => {
    const access = await accessOf(context, request);
    const stream = await streams.find(request.params.stream);
    checkAccess(access, stream);
    return positions.of(stream);
  });
}

/**
 * Starts the HTTP side of the gateway.
 * @throws QoodError GATEWAY_LISTEN
 */
export async function startHttp(context: HttpContext, listen: { readonly host: string; readonly port: number }, tls: TlsOptions | undefined): Promise<HttpServer> {
  const options = { bodyLimit: BODY_LIMITS.packed, requestTimeout: REQUEST_MS, logger: false, routerOptions: { maxParamLength: 128 } } as const;
  const app = (tls === undefined ? fastify(options) : fastify({ ...options, https: tls })) as FastifyInstance;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    const { status, retryAfter, ...fault } = faultOf(error);
    context.stats.turnedAway(fault.code);
    if (status === 500) context.log.error({ err: error }, "a request failed");
    if (retryAfter !== undefined) void reply.header("retry-after", retryAfter);
    return reply.code(status).send(fault);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ code: "REQUEST_PATH", message: "there is nothing here: POST /v1/telemetry, /v1/sealed, /v1/devices/challenge, /v1/devices/token; GET /v1/streams/<handle>" }));
  routes(app, context);
  try {
    await app.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    throw new QoodError("GATEWAY_LISTEN", `HTTP cannot listen on ${listen.host}:${listen.port}: ${(error as Error).message}`);
  }
  return {
    port: (app.server.address() as AddressInfo).port,
    async close() {
      const closed = app.close();
      app.server.closeIdleConnections();
      await closed;
    },
  };
}
