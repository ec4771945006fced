import { Agent, request } from "node:http";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { buildDag, cidOf, parseCid } from "./dag.ts";
import { GET_TIMEOUT_MS, MAX_FILE_BYTES } from "./types.ts";
import type { GetOptions, Storage } from "./types.ts";

const errorSchema = z.object({ Message: z.string() });
const idSchema = z.object({ ID: z.string(), Addresses: z.array(z.string()).nullable() });
const keySchema = z.object({ Key: z.string() });

/** Errors that the node of this project names itself; from a real Kubo they come as plain messages. */
const OWN_CODE = /^(STORAGE_[A-Z_]+): (.*)$/s;

interface Call {
  readonly body?: { readonly bytes: Uint8Array; readonly type: string };
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a node answers: the status, the body, and what it appended when it failed half-way. */
interface Reply {
  readonly status: number;
  readonly body: Buffer;
  readonly streamError: string | undefined;
}

/**
 * A storage node by Kubo's RPC: this project's own (`qood-storage`) or a Kubo. Files are cut into blocks here and put
 * one by one, because Kubo's `add` does not wrap a single chunk; what comes back is hashed again here, so neither is
 * taken on trust.
 * @param address - an http URL, or the path of a unix socket.
 */
export function createKuboStorage(address: string): Storage {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const target = address.startsWith("http://") ? { host: new URL(address).hostname, port: new URL(address).port || "5001" } : { socketPath: address };

  function exchange(path: string, call: Call): Promise<Reply> {
    const deadline = AbortSignal.timeout(call.timeoutMs ?? GET_TIMEOUT_MS);
    const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
    return new Promise((resolve, reject) => {
      const unreachable = (error: Error): void => reject(new QoodError("STORAGE_UNREACHABLE", `the storage node at ${address} does not answer (${error.message}): is it running?`, { cause: error }));
      const outgoing = request(
        { ...target, agent, path: `/api/v0/${path}`, method: "POST", signal, headers: call.body === undefined ? {} : { "content-type": call.body.type, "content-length": call.body.bytes.length } },
        (incoming) => {
          const parts: Buffer[] = [];
          let length = 0;
          incoming.on("data", (part: Buffer) => {
            length += part.length;
            if (length > (call.maxBytes ?? MAX_FILE_BYTES)) {
              incoming.destroy();
              reject(new QoodError("STORAGE_TOO_LARGE", `the answer to ${path.split("&")[0]!} is larger than the ${call.maxBytes ?? MAX_FILE_BYTES} bytes allowed`));
              return;
            }
            parts.push(part);
          });
          incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(parts), streamError: incoming.trailers["x-stream-error"] }));
          incoming.on("error", unreachable);
        },
      );
      outgoing.on("error", unreachable);
      outgoing.end(call.body?.bytes);
    });
  }

  function fault(message: string, code: string): QoodError {
    const own = OWN_CODE.exec(message);
    return own === null ? new QoodError(code, message) : new QoodError(own[1]!, own[2]!);
  }

  async function call(path: string, code: string, options: Call = {}): Promise<Buffer> {
    const reply = await exchange(path, options);
    if (reply.streamError !== undefined) throw fault(reply.streamError, code);
    if (reply.status === 200) return reply.body;
    let message = `the storage node answers ${path.split("?")[0]!} with status ${reply.status}`;
    try {
      message = errorSchema.parse(JSON.parse(reply.body.toString("utf8"))).Message;
    } catch {
      // Not the node's own form of an error: the status has to do.
    }
    throw fault(message, code);
  }

  async function json<T>(path: string, schema: z.ZodType<T>, code: string, options?: Call): Promise<T> {
    const body = await call(path, code, options);
    try {
      return schema.parse(JSON.parse(body.toString("utf8")));
    } catch {
      throw new QoodError("STORAGE_ANSWER", `the storage node at ${address} answers ${path.split("?")[0]!} in an unknown form: is it a Kubo RPC?`);
    }
  }

  const query = (name: string, cid: string, more = ""): string => `${name}?arg=${parseCid(cid).toString()}${more}`;

  async function truth(path: string, absent: RegExp): Promise<boolean> {
    try {
      await call(path, "STORAGE_NOT_FOUND");
      return true;
    } catch (error) {
      if (error instanceof QoodError && error.code === "STORAGE_NOT_FOUND" && absent.test(error.message)) return false;
      throw error;
    }
  }

  return {
    async add(bytes) {
      const cid = await buildDag(bytes, async (blockCid, block) => {
        const form = new FormData();
        form.append("data", new Blob([new Uint8Array(block)]));
        const encoded = new Response(form);
        const type = encoded.headers.get("content-type")!;
        const codec = blockCid.code === 0x55 ? "raw" : "dag-pb";
        const { Key } = await json(`block/put?cid-codec=${codec}&mhtype=sha2-256&mhlen=32`, keySchema, "STORAGE_PUT", { body: { bytes: new Uint8Array(await encoded.arrayBuffer()), type } });
        if (Key !== blockCid.toString()) throw new QoodError("STORAGE_CORRUPT", `the storage node stored block ${blockCid.toString()} as ${Key}`);
      });
      await call(query("pin/add", cid.toString()), "STORAGE_NOT_FOUND");
      return cid.toString();
    },
    async get(cid, options: GetOptions = {}) {
      const timeoutMs = options.timeoutMs ?? GET_TIMEOUT_MS;
      const maxBytes = options.maxBytes ?? MAX_FILE_BYTES;
      // One byte more than allowed is asked for, so that a longer file shows; the own deadline leaves time for the node's answer.
      const bytes = await call(query("cat", cid, `&timeout=${timeoutMs}ms&length=${maxBytes + 1}`), "STORAGE_NOT_FOUND", { timeoutMs: timeoutMs + 2000, maxBytes, signal: options.signal });
      const actual = (await cidOf(bytes)).toString();
      if (actual !== parseCid(cid).toString()) throw new QoodError("STORAGE_CORRUPT", `the storage node gave bytes of ${actual} for ${cid}`, { details: { cid } });
      return new Uint8Array(bytes);
    },
    has: (cid) => truth(query("block/stat", cid, "&offline=true"), /not found|could not find/i),
    async pin(cid) {
      await call(query("pin/add", cid), "STORAGE_NOT_FOUND");
    },
    async unpin(cid) {
      try {
        await call(query("pin/rm", cid), "STORAGE_NOT_FOUND");
      } catch (error) {
        if (!(error instanceof QoodError && /not pinned/i.test(error.message))) throw error;
      }
    },
    isPinned: (cid) => truth(query("pin/ls", cid), /not pinned/i),
    async connect(multiaddr) {
      await call(`swarm/connect?arg=${encodeURIComponent(multiaddr)}`, "STORAGE_UNREACHABLE", { timeoutMs: 15_000 });
    },
    async id() {
      const { ID, Addresses } = await json("id", idSchema, "STORAGE_UNREACHABLE", { timeoutMs: 10_000 });
      return { peerId: ID, addresses: Addresses ?? [] };
    },
    close() {
      agent.destroy();
      return Promise.resolve();
    },
  };
}
