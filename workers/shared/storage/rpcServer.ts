import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { chmodSync, rmSync } from "node:fs";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../log/index.ts";
import { MAX_BLOCK_BYTES } from "./dag.ts";
import type { HeliaStorage } from "./helia.ts";
import { MultipartError, readMultipartFile } from "./multipart.ts";
import { MAX_CAR_BYTES } from "./types.ts";

/** Codecs that `block/put` takes, by the names that Kubo gives them. */
const CODECS: Readonly<Record<string, number>> = { raw: 0x55, "dag-pb": 0x70 };
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The one file of the body, refused when it is longer than `limit`. */
async function* fileOf(request: IncomingMessage, limit: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const part of readMultipartFile(request)) {
    length += part.length;
    if (length > limit) throw new HttpError(413, `the file has more than the ${limit} bytes allowed`);
    yield part;
  }
}

function argument(url: URL): string {
  const value = url.searchParams.get("arg");
  if (value === null) throw new HttpError(400, 'argument "arg" is required');
  return value.replace(/^\/ipfs\//, "");
}

type Answer = Record<string, unknown> | Uint8Array | AsyncIterable<Uint8Array>;
function timeoutOf(url: URL): number {
  const timeout = /^(\d+)(ms|s)$/.exec(url.searchParams.get("timeout") ?? "60s");
  if (timeout === null) throw new HttpError(400, "timeout must look like 500ms or 60s");
  return Number(timeout[1]) * (timeout[2] === "s" ? 1000 : 1);
}

/** One JSON value a line. */
const lines = (values: readonly object[]): Uint8Array => Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));

type Handler = (url: URL, request: IncomingMessage) => Promise<Answer>;

/**
 * The subset of Kubo's RPC that this project uses, each under `POST /api/v0/`: `version`, `id`, `cat` (arg, timeout
 * in ms as `…ms` or s as `…s`, length as the most bytes wanted), `block/put` (cid-codec raw or dag-pb, mhtype
 * sha2-256), `dag/stat` (arg; of the own store alone), `dag/export` (arg; of the own store alone, a CARv1), `dag/import` (a CARv1;
 * roots are pinned and must be whole), `pin/add` (arg, timeout),
 * `pin/rm`, `pin/ls` (arg), `repo/gc` and `swarm/connect` (arg).
 */
function handlersOf(storage: HeliaStorage): Readonly<Record<string, Handler>> {
  return {
    version: () => Promise.resolve({ Version: "0.1.0", Commit: "", Repo: "1", System: "qood-storage" }),
    id: async () => {
      const { peerId, addresses } = await storage.id();
      return { ID: peerId, Addresses: addresses, AgentVersion: "qood-storage/0.1.0", Protocols: [] };
    },
    cat: (url) => {
      const length = url.searchParams.get("length");
      return storage.get(argument(url), { timeoutMs: timeoutOf(url), ...(length === null ? {} : { maxBytes: Number(length) }) });
    },
    "block/put": async (url, request) => {
      const code = CODECS[url.searchParams.get("cid-codec") ?? "raw"];
      if (code === undefined || (url.searchParams.get("mhtype") ?? "sha2-256") !== "sha2-256") throw new HttpError(400, "only cid-codec raw or dag-pb with mhtype sha2-256");
      const parts: Uint8Array[] = [];
      for await (const part of fileOf(request, MAX_BLOCK_BYTES)) parts.push(part);
      const block = new Uint8Array(Buffer.concat(parts));
      const cid = CID.createV1(code, await sha256.digest(block));
      await storage.putBlock(cid, block);
      return { Key: cid.toString(), Size: block.length };
    },
    "dag/stat": async (url) => {
      const cid = argument(url);
      const size = await storage.stat(cid);
      if (size === undefined) throw new HttpError(500, `block was not found locally (offline): ipld: could not find ${cid}`);
      return { UniqueBlocks: size.blocks, TotalSize: size.bytes, DagStats: [{ Cid: { "/": cid }, Size: size.bytes, NumBlocks: size.blocks }] };
    },
    "dag/export": (url) => Promise.resolve(storage.exportCar([argument(url)])),
    "dag/import": async (_url, request) => {
      const roots = await storage.importCar(fileOf(request, MAX_CAR_BYTES));
      return lines(roots.map((cid) => ({ Root: { Cid: { "/": cid }, PinErrorMsg: "" } })));
    },
    "repo/gc": async () => lines((await storage.dropUnpinned()).map((cid) => ({ Key: { "/": cid } }))),
    "pin/add": async (url) => {
      await storage.pin(argument(url), { timeoutMs: timeoutOf(url) });
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

/** Sends an answer. One that fails half-way says so in a trailer, as Kubo's does. */
async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if (answer instanceof Uint8Array) {
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": answer.length });
    response.end(answer);
    return;
  }
  if (!(Symbol.asyncIterator in answer)) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
    return;
  }
  const pieces = answer[Symbol.asyncIterator]();
  // What fails at once is an error like every other.
  let piece = await pieces.next();
  response.writeHead(200, { "content-type": "application/vnd.ipld.car", trailer: "X-Stream-Error" });
  try {
    for (; piece.done !== true && !response.destroyed; piece = await pieces.next()) {
      if (!response.write(piece.value)) await Promise.race([once(response, "drain"), once(response, "close")]);
    }
  } catch (error) {
    response.addTrailers({ "X-Stream-Error": textOf(error).replaceAll(/[^\x20-\x7e]/g, " ") });
  }
  response.end();
}

/** A known error with its code in front, so that the client can tell which it is. */
const textOf = (error: unknown): string => (error instanceof QoodError ? `${error.code}: ${error.message}` : (error as Error).message);

function sendError(response: ServerResponse, error: unknown): void {
  const status = error instanceof HttpError ? error.status : error instanceof MultipartError ? 400 : 500;
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ Message: textOf(error), Code: 0, Type: "error" }));
}

/**
 * Serves the RPC on a unix socket (a path) or on a port of 127.0.0.1 (0 = a free one).
 * @returns where it listens, as the KuboRpc client takes it.
 */
export async function serveRpc(storage: HeliaStorage, at: string | number, log: Logger): Promise<{ readonly address: string; close(): Promise<void> }> {
  const handlers = handlersOf(storage);
  const server: Server = createServer((request, response) => {
    handle(handlers, request, typeof at === "string")
      .then((answer) => send(response, answer))
      .catch((error: unknown) => {
        log.warn({ err: error, path: request.url }, "request failed");
        sendError(response, error);
      });
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
