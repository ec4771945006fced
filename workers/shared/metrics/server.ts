import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { Registry } from "prom-client";
import { QoodError } from "@qoodblock/sdk/errors";
import { parseListenAt } from "./listen.ts";
import type { ListenAt } from "./listen.ts";
import type { ReadinessState } from "./readiness.ts";

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const JSON_TYPE = "application/json; charset=utf-8";
const json = (status: number, value: unknown): Answer => ({ status, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` });

/**
 * Whether a request is none of a web page's. A page names itself as the origin, or has had its own name resolved to this
 * machine and names that: numbers, `localhost` and this machine's name can be nobody else's.
 */
function isOwn(request: IncomingMessage, at: ListenAt): boolean {
  if (request.headers.origin !== undefined || request.headers.referer !== undefined) return false;
  if ("path" in at) return true;
  const name = /^(\[[^\]]+\]|[^:]+)(:\d+)?$/.exec(request.headers.host ?? "")?.[1]?.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return name !== undefined && (isIP(name) !== 0 || ["localhost", at.host.toLowerCase(), hostname().toLowerCase()].includes(name));
}

async function answer(request: IncomingMessage, at: ListenAt, registry: Registry, readiness: ReadinessState): Promise<Answer> {
  if (!isOwn(request, at)) return json(403, { error: "not answered to web pages: ask by this machine's address or name" });
  if (request.method !== "GET" && request.method !== "HEAD") return json(405, { error: "only GET" });
  switch ((request.url ?? "/").split("?")[0]) {
    case "/metrics":
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    case "/healthz":
      return json(200, { alive: true, pid: process.pid, seconds: Math.floor(process.uptime()) });
    case "/readyz": {
      const faults = await readiness.faults();
      const ready = Object.keys(faults).length === 0;
      return json(ready ? 200 : 503, { ready, ...(ready ? {} : { faults }) });
    }
    default:
      return json(404, { error: "there are /metrics, /healthz and /readyz" });
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), "cache-control": "no-store" });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** A server of metrics and health, as it stands. */
export interface MetricsServer {
  /** An http URL, or the path of the socket. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` (Prometheus), `/healthz` (200 while the process lives) and `/readyz` (200, or 503 with the faults).
 * @param listen - see {@link parseListenAt}
 * @throws QoodError METRICS_LISTEN or LISTEN
 */
export async function serveMetrics(listen: string, registry: Registry, readiness: ReadinessState): Promise<MetricsServer> {
  const at = parseListenAt(listen);
  const server = createServer((request, response) => {
    answer(request, at, registry, readiness).then(
      (made) => send(request, response, made),
      () => send(request, response, json(500, { error: "the metrics could not be read" })),
    );
  });
  server.requestTimeout = 10_000;
  if ("path" in at) rmSync(at.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new QoodError("METRICS_LISTEN", `metrics cannot be served at ${listen}: ${error.message}`)));
    server.listen(at, resolve);
  });
  if ("path" in at) chmodSync(at.path, 0o600);
  // It alone is no reason to live on.
  server.unref();
  const bound = server.address();
  return {
    address: typeof bound === "object" && bound !== null ? `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}` : listen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
