import { Agent, request } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { QoodError, isQoodError } from "@qoodblock/sdk/errors";
import { parseEndpoint } from "./endpoint.ts";
import { GET_TIMEOUT_MS, MAX_FILE_BYTES } from "./types.ts";

const errorSchema = z.object({ Message: z.string() });

/** Errors that the node of this project names itself; from a real Kubo they come as plain messages. */
const OWN_CODE = /^(STORAGE_[A-Z_]+): (.*)$/s;

/** What a call sends, and how long and how much it may be answered. */
export interface Call {
  readonly body?: { readonly bytes: Uint8Array; readonly type: string } | { readonly stream: AsyncIterable<Uint8Array>; readonly type: string };
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Calls of a Kubo RPC. `code` is that of the QoodError for what the node itself refuses. */
export interface RpcClient {
  call(path: string, code: string, options?: Call): Promise<Buffer>;
  /** The answer as it comes. */
  stream(path: string, code: string, options?: Call): AsyncGenerator<Uint8Array>;
  json<T>(path: string, schema: z.ZodType<T>, code: string, options?: Call): Promise<T>;
  /** An answer of one JSON value a line. */
  lines<T>(path: string, schema: z.ZodType<T>, code: string, options?: Call): Promise<T[]>;
  close(): void;
}

function fault(message: string, code: string): QoodError {
  const own = OWN_CODE.exec(message);
  return own === null ? new QoodError(code, message) : new QoodError(own[1]!, own[2]!);
}

/** @param address - see `parseEndpoint` */
export function createRpcClient(address: string): RpcClient {
  const endpoint = parseEndpoint(address);
  const agent = endpoint.secure ? new SecureAgent({ keepAlive: true, maxSockets: 16 }) : new Agent({ keepAlive: true, maxSockets: 16 });
  const name = (path: string): string => path.split("?")[0]!;

  /** Sends a call. @returns the answer, of whatever status, before its body has come */
  function send(path: string, { body, timeoutMs = GET_TIMEOUT_MS, signal }: Call): Promise<IncomingMessage> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const headers = {
      ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
      ...(body === undefined ? {} : { "content-type": body.type }),
      ...(body !== undefined && "bytes" in body ? { "content-length": body.bytes.length } : {}),
    };
    const options: RequestOptions = { ...endpoint.target, agent, path: `${endpoint.base}/api/v0/${path}`, method: "POST", signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]), headers };
    return new Promise((resolve, reject) => {
      const outgoing = endpoint.secure ? secureRequest(options, resolve) : request(options, resolve);
      outgoing.on("error", (error) => reject(isQoodError(error) ? error : unreachable(error)));
      if (body === undefined || "bytes" in body) outgoing.end(body?.bytes);
      // An answer may come before all is sent; what then fails while sending is of no interest.
      else pipeline(Readable.from(body.stream, { objectMode: false }), outgoing).catch((error: unknown) => reject(isQoodError(error) ? error : unreachable(error as Error)));
    });
  }
  function unreachable(error: Error): QoodError {
    return new QoodError("STORAGE_UNREACHABLE", `the storage node at ${endpoint.shown} does not answer (${error.message}): is it running?`, { cause: error });
  }

  async function* pieces(incoming: IncomingMessage, path: string, maxBytes: number): AsyncGenerator<Buffer> {
    let length = 0;
    try {
      for await (const part of incoming as AsyncIterable<Buffer>) {
        length += part.length;
        if (length > maxBytes) throw new QoodError("STORAGE_TOO_LARGE", `the answer to ${path.split("&")[0]!} is larger than the ${maxBytes} bytes allowed`);
        yield part;
      }
    } catch (error) {
      throw isQoodError(error) ? error : unreachable(error as Error);
    }
  }

  /** What a node says when it does not do what it was asked. */
  function refusal(status: number | undefined, body: Buffer, path: string, code: string): QoodError {
    if (status === 401 || status === 403) return new QoodError("STORAGE_REFUSED", `the storage node at ${endpoint.shown} refuses ${name(path)} with status ${status}: check the login in its address`);
    try {
      return fault(errorSchema.parse(JSON.parse(body.toString("utf8"))).Message, code);
    } catch {
      // Not the node's own form of an error: the status has to do.
      return new QoodError(code, `the storage node at ${endpoint.shown} answers ${name(path)} with status ${status ?? 0}`);
    }
  }

  async function* stream(path: string, code: string, options: Call = {}): AsyncGenerator<Buffer> {
    const incoming = await send(path, options);
    if (incoming.statusCode !== 200) {
      const parts: Buffer[] = [];
      for await (const part of pieces(incoming, path, 1024 * 1024)) parts.push(part);
      throw refusal(incoming.statusCode, Buffer.concat(parts), path, code);
    }
    yield* pieces(incoming, path, options.maxBytes ?? MAX_FILE_BYTES);
    // What it appended when it failed half-way.
    const failed = incoming.trailers["x-stream-error"];
    if (failed !== undefined) throw fault(failed, code);
  }

  async function call(path: string, code: string, options: Call = {}): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of stream(path, code, options)) parts.push(part);
    return Buffer.concat(parts);
  }
  function parse<T>(text: string, schema: z.ZodType<T>, path: string): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      throw new QoodError("STORAGE_ANSWER", `the storage node at ${endpoint.shown} answers ${name(path)} in an unknown form: is it a Kubo RPC?`);
    }
  }

  return {
    call,
    stream,
    json: async (path, schema, code, options) => parse((await call(path, code, options)).toString("utf8"), schema, path),
    lines: async (path, schema, code, options) =>
      (await call(path, code, options)).toString("utf8").split("\n").filter((line) => line.trim() !== "").map((line) => parse(line, schema, path)),
    close: () => agent.destroy(),
  };
}
