import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { chmodSync, rmSync } from "node:fs";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../log/index.ts";
import { MAX_BLOCK_BYTES } from "./dag.ts";
import type { HeliaStorage } from "./helia.ts";

/** Codecs that `block/put` takes, by the names that Kubo gives them. */
const CODECS: Readonly<Record<string, number>> = { raw: 0x55, "dag-pb": 0x70 };
const BODY_LIMIT = MAX_BLOCK_BYTES + 64 * 1024;
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > BODY_LIMIT) throw new HttpError(413, `a request body has at most ${BODY_LIMIT} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The one file of a multipart form, as Kubo's clients send it. */
async function readFileOf(request: IncomingMessage): Promise<Uint8Array> {
  const body = await readBody(request);
  const form = await new Response(body, { headers: { "content-type": request.headers["content-type"] ?? "" } }).formData().catch(() => new FormData());
  const files: File[] = [];
  form.forEach((value) => {
    if (typeof value !== "string") files.push(value);
  });
  if (files.length !== 1) throw new HttpError(400, "the body must be a multipart form with one file");
  return new Uint8Array(await files[0]!.arrayBuffer());
}

function argument(url: URL): string {
  const value = url.searchParams.get("arg");
  if (value === null) throw new HttpError(400, 'argument "arg" is required');
  return value.replace(/^\/ipfs\//, "");
}

type Answer = Record<string, unknown> | Uint8Array;
type Handler = (url: URL, request: IncomingMessage) => Promise<Answer>;

/**
 * The subset of Kubo's RPC that this project uses, each under `POST /api/v0/`: `version`, `id`, `cat` (arg, timeout
 * in ms as `…ms` or s as `…s`, length as the most bytes wanted), `block/put` (cid-codec raw or dag-pb, mhtype
 * sha2-256), `block/stat` (arg; offline whole-file check for a dag-pb CID), `pin/add`, `pin/rm`, `pin/ls` (arg) and
 * `swarm/connect` (arg).
 */
function handlersOf(storage: HeliaStorage): Readonly<Record<string, Handler>> {
  return {
    version: () => Promise.resolve({ Version: "0.1.0", Commit: "", Repo: "1", System: "qood-storage" }),
    id: async () => {
      const { peerId, addresses } = await storage.id();
      return { ID: peerId, Addresses: addresses, AgentVersion: "qood-storage/0.1.0", Protocols: [] };
    },
    cat: (url) => {
      const timeout = /^(\d+)(ms|s)$/.exec(url.searchParams.get("timeout") ?? "60s");
      const length = url.searchParams.get("length");
      if (timeout === null) throw new HttpError(400, "timeout must look like 500ms or 60s");
      return storage.get(argument(url), {
        timeoutMs: Number(timeout[1]) * (timeout[2] === "s" ? 1000 : 1),
        ...(length === null ? {} : { maxBytes: Number(length) }),
      });
    },
    "block/put": async (url, request) => {
      const code = CODECS[url.searchParams.get("cid-codec") ?? "raw"];
      if (code === undefined || (url.searchParams.get("mhtype") ?? "sha2-256") !== "sha2-256") throw new HttpError(400, "only cid-codec raw or dag-pb with mhtype sha2-256");
      const block = await readFileOf(request);
      if (block.length > MAX_BLOCK_BYTES) throw new HttpError(400, `a block has at most ${MAX_BLOCK_BYTES} bytes`);
      const cid = CID.createV1(code, await sha256.digest(block));
      await storage.putBlock(cid, block);
      return { Key: cid.toString(), Size: block.length };
    },
    "block/stat": async (url) => {
      const cid = argument(url);
      if (!(await storage.has(cid))) throw new HttpError(500, `block was not found locally (offline): ipld: could not find ${cid}`);
      return { Key: cid, Size: 0 };
    },
    "pin/add": async (url) => {
      await storage.pin(argument(url));
      return { Pins: [argument(url)] };
    },
    "pin/rm": async (url) => {
      await storage.unpin(argument(url));
      return { Pins: [argument(url)] };
    },
    "pin/ls": async (url) => {
      const cid = argument(url);
      if (!(await storage.isPinned(cid))) throw new HttpError(500, `path '${cid}' is not pinned`);
      return { Keys: { [cid]: { Type: "recursive" } } };
    },
    "swarm/connect": async (url) => {
      const address = argument(url);
      await storage.connect(address);
      return { Strings: [`connect ${address.split("/p2p/").at(-1)!} success`] };
    },
  };
}

async function handle(handlers: Readonly<Record<string, Handler>>, request: IncomingMessage, socketOnly: boolean): Promise<Answer> {
  // A page in a browser on this machine can reach the port too; a browser names its page or the foreign host.
  if (request.headers.origin !== undefined || request.headers.referer !== undefined) throw new HttpError(403, "requests from web pages are refused");
  if (!socketOnly && !LOOPBACK.test(request.headers.host ?? "")) throw new HttpError(403, "only requests to the loopback address are answered");
  const url = new URL(request.url ?? "/", "http://localhost");
  const handler = handlers[url.pathname.replace(/^\/api\/v0\//, "")];
  if (handler === undefined || !url.pathname.startsWith("/api/v0/")) throw new HttpError(404, `${url.pathname} is not part of the RPC's subset`);
  if (request.method !== "POST") throw new HttpError(405, "only POST");
  return handler(url, request);
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer instanceof Uint8Array) {
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": answer.length });
    response.end(answer);
  } else {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  const status = error instanceof HttpError ? error.status : 500;
  const message = error instanceof QoodError ? `${error.code}: ${error.message}` : (error as Error).message;
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ Message: message, Code: 0, Type: "error" }));
}

/**
 * Serves the RPC on a unix socket (a path) or on a port of 127.0.0.1 (0 = a free one).
 * @returns where it listens, as the KuboRpc client takes it.
 */
export async function serveRpc(storage: HeliaStorage, at: string | number, log: Logger): Promise<{ readonly address: string; close(): Promise<void> }> {
  const handlers = handlersOf(storage);
  const server: Server = createServer((request, response) => {
    handle(handlers, request, typeof at === "string").then(
      (answer) => send(response, answer),
      (error: unknown) => {
        log.warn({ err: error, path: request.url }, "request failed");
        sendError(response, error);
      },
    );
  });
  if (typeof at === "string") rmSync(at, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new QoodError("STORAGE_LISTEN", `the storage RPC cannot listen at ${at}: ${error.message}`)));
    server.listen(typeof at === "string" ? { path: at } : { host: "127.0.0.1", port: at }, resolve);
  });
  if (typeof at === "string") chmodSync(at, 0o600);
  const bound = server.address();
  return {
    address: typeof at === "string" || bound === null || typeof bound === "string" ? String(at) : `http://127.0.0.1:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
