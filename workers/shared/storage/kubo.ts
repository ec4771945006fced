import { randomBytes } from "node:crypto";
import type { CID } from "multiformats/cid";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { readCar, writeCar } from "./car.ts";
import type { Block } from "./car.ts";
import { buildDag, cidOf, parseCid } from "./dag.ts";
import { multipartOf } from "./multipart.ts";
import { createRpcClient } from "./rpcClient.ts";
import { GET_TIMEOUT_MS, MAX_CAR_BYTES, MAX_FILE_BYTES } from "./types.ts";
import type { GetOptions, Storage } from "./types.ts";

const idSchema = z.object({ ID: z.string(), Addresses: z.array(z.string()).nullable() });
const keySchema = z.object({ Key: z.string() });
const linkSchema = z.object({ "/": z.string() });
const statSchema = z.object({ UniqueBlocks: z.number() });
const importSchema = z.object({ Root: z.object({ Cid: linkSchema, PinErrorMsg: z.string().optional() }).optional() });
const goneSchema = z.object({ Key: linkSchema.nullish(), Error: z.string().optional() });

/** For what takes as long as there is data. */
const LONG_MS = 600_000;

/**
 * A storage node by Kubo's RPC: this project's own (`qood-storage`) or a Kubo. Files are cut into blocks here and put
 * one by one, because Kubo's `add` does not wrap a single chunk; what comes back is hashed again here, so neither is
 * taken on trust.
 * @param address - an http or https URL, with a login if need be (`user:password@` or `token@`), or the path of a unix socket.
 */
export function createKuboStorage(address: string): Storage {
  const rpc = createRpcClient(address);
  const query = (name: string, cid: string, more = ""): string => `${name}?arg=${parseCid(cid).toString()}${more}`;

  async function truth(ask: Promise<unknown>, absent: RegExp): Promise<boolean> {
    try {
      await ask;
      return true;
    } catch (error) {
      if (error instanceof QoodError && error.code === "STORAGE_NOT_FOUND" && absent.test(error.message)) return false;
      throw error;
    }
  }

  /** The blocks of files: Kubo exports one root at a time. */
  async function* blocksOf(cids: readonly CID[]): AsyncGenerator<Block> {
    const seen = new Set<string>();
    for (const cid of cids) {
      const { blocks } = await readCar(rpc.stream(query("dag/export", cid.toString(), "&progress=false&offline=true"), "STORAGE_NOT_FOUND", { maxBytes: MAX_CAR_BYTES, timeoutMs: LONG_MS }));
      for await (const block of blocks) {
        if (!seen.has(block.cid.toString())) yield block;
        seen.add(block.cid.toString());
      }
    }
  }

  const storage: Storage = {
    async add(bytes) {
      const cid = await buildDag(bytes, async (blockCid, block) => {
        const form = new FormData();
        form.append("data", new Blob([new Uint8Array(block)]));
        const encoded = new Response(form);
        const type = encoded.headers.get("content-type")!;
        const codec = blockCid.code === 0x55 ? "raw" : "dag-pb";
        const { Key } = await rpc.json(`block/put?cid-codec=${codec}&mhtype=sha2-256&mhlen=32`, keySchema, "STORAGE_PUT", { body: { bytes: new Uint8Array(await encoded.arrayBuffer()), type } });
        if (Key !== blockCid.toString()) throw new QoodError("STORAGE_CORRUPT", `the storage node stored block ${blockCid.toString()} as ${Key}`);
      });
      await rpc.call(query("pin/add", cid.toString()), "STORAGE_NOT_FOUND");
      return cid.toString();
    },
    async get(cid, options: GetOptions = {}) {
      const timeoutMs = options.timeoutMs ?? GET_TIMEOUT_MS;
      const maxBytes = options.maxBytes ?? MAX_FILE_BYTES;
      // One byte more than allowed is asked for, so that a longer file shows; the own deadline leaves time for the node's answer.
      const bytes = await rpc.call(query("cat", cid, `&timeout=${timeoutMs}ms&length=${maxBytes + 1}`), "STORAGE_NOT_FOUND", { timeoutMs: timeoutMs + 2000, maxBytes, signal: options.signal });
      const actual = (await cidOf(bytes)).toString();
      if (actual !== parseCid(cid).toString()) throw new QoodError("STORAGE_CORRUPT", `the storage node gave bytes of ${actual} for ${cid}`, { details: { cid } });
      return new Uint8Array(bytes);
    },
    has: (cid) => truth(rpc.json(query("dag/stat", cid, "&progress=false&offline=true"), statSchema, "STORAGE_NOT_FOUND"), /not found|could not find/i),
    async pin(cid, { timeoutMs = GET_TIMEOUT_MS } = {}) {
      await rpc.call(query("pin/add", cid, `&timeout=${timeoutMs}ms`), "STORAGE_NOT_FOUND", { timeoutMs: timeoutMs + 2000 });
    },
    async unpin(cid) {
      try {
        await rpc.call(query("pin/rm", cid), "STORAGE_NOT_FOUND");
      } catch (error) {
        if (!(error instanceof QoodError && /not pinned/i.test(error.message))) throw error;
      }
    },
    isPinned: (cid) => truth(rpc.call(query("pin/ls", cid), "STORAGE_NOT_FOUND"), /not pinned/i),
    async *exportCar(cids) {
      const roots = cids.map(parseCid);
      yield* writeCar(roots, blocksOf(roots));
    },
    async importCar(car) {
      const { roots, blocks } = await readCar(car);
      const body = multipartOf(writeCar(roots, blocks), `qood-${randomBytes(16).toString("hex")}`);
      const answers = await rpc.lines("dag/import?pin-roots=true&silent=false", importSchema, "STORAGE_CAR", { body, timeoutMs: LONG_MS });
      for (const { Root } of answers) {
        if ((Root?.PinErrorMsg ?? "") !== "") throw new QoodError("STORAGE_CAR", `the CAR cannot be taken: ${Root!.Cid["/"]} is not whole (${Root!.PinErrorMsg!})`);
      }
      const names = roots.map((root) => root.toString());
      for (const name of names) if (!(await storage.has(name))) throw new QoodError("STORAGE_CAR", `the CAR cannot be taken: ${name} is not whole`);
      return names;
    },
    async collect() {
      return (await rpc.lines("repo/gc", goneSchema, "STORAGE_GC", { timeoutMs: LONG_MS })).filter(({ Key }) => Key !== undefined && Key !== null).length;
    },
    async connect(multiaddr) {
      await rpc.call(`swarm/connect?arg=${encodeURIComponent(multiaddr)}`, "STORAGE_UNREACHABLE", { timeoutMs: 15_000 });
    },
    async id() {
      const { ID, Addresses } = await rpc.json("id", idSchema, "STORAGE_UNREACHABLE", { timeoutMs: 10_000 });
      return { peerId: ID, addresses: Addresses ?? [] };
    },
    close() {
      rpc.close();
      return Promise.resolve();
    },
  };
  return storage;
}
