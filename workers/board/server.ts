import { createBullBoard } from "@bull-board/api";
import type { IServerAdapter } from "@bull-board/api/typings/app";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import basicAuth from "@fastify/basic-auth";
import rateLimit from "@fastify/rate-limit";
import type { Queue } from "bullmq";
import fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { QoodError } from "@qoodblock/sdk/errors";
import { scrub } from "../shared/log/scrub.ts";

/** What the board is made of. */
export interface BoardOptions {
  readonly queues: readonly Queue[];
  readonly isRight: (user: string, password: string) => boolean;
  readonly requestsPerMinute: number;
}

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Queues to be looked at: nothing can be changed through it, and what a job might hold by a secret's name is left out. */
function adapterOf(queue: Queue): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false });
  adapter.setFormatter("data", (data: unknown) => scrub(data));
  adapter.setFormatter("returnValue", (value: unknown) => scrub(value));
  return adapter;
}

/** bull-board behind a login, for reading only. */
export async function createBoard({ queues, isRight, requestsPerMinute }: BoardOptions): Promise<FastifyInstance> {
  const app = fastify({ logger: false, bodyLimit: 1024, trustProxy: false });
  await app.register(rateLimit, { global: false });
  await app.register(basicAuth, {
    authenticate: { realm: "QoodBlock queues" },
    validate(user, password, _request, _reply, done) {
      done(isRight(user, password) ? undefined : new QoodError("BOARD_LOGIN", "user or password is wrong"));
    },
  });
  // Before the login: whoever tries passwords is slowed down too.
  app.addHook("onRequest", app.rateLimit({ max: requestsPerMinute, timeWindow: 60_000 }));
  app.addHook("onRequest", app.basicAuth);
  app.addHook("onRequest", (request, reply, done) => {
    if (request.method === "GET" || request.method === "HEAD") done();
    else void reply.code(405).send({ error: "the board is for reading only" });
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    void reply.headers(HEADERS);
    done();
  });
  // Its types come with a copy of the package's own, which differ by nothing but where they lie.
  const adapter = new FastifyAdapter();
  createBullBoard({ queues: queues.map(adapterOf), serverAdapter: adapter as unknown as IServerAdapter, options: { uiConfig: { boardTitle: "QoodBlock", hideRedisDetails: true } } });
  await app.register(adapter.registerPlugin());
  return app;
}
