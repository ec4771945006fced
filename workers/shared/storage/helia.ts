import { join } from "node:path";
import { withBitswap } from "@helia/bitswap";
import { withLibp2pLight } from "@helia/libp2p";
import type { GraphNode, GraphWalkerFactory } from "@helia/interface";
import type { HeliaWithLibp2p } from "@helia/libp2p";
import { unixfs } from "@helia/unixfs";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { LevelDatastore } from "datastore-level";
import { createHeliaLight } from "helia";
import type { CID } from "multiformats/cid";
import type { BlockCodec } from "multiformats/codecs/interface";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { readCar, walkDag, writeCar } from "./car.ts";
import type { Block } from "./car.ts";
import { buildDag, parseCid } from "./dag.ts";
import { GET_TIMEOUT_MS, MAX_FILE_BYTES } from "./types.ts";
import type { GetOptions, Storage } from "./types.ts";
import { VerifiedBlockstore } from "./verified.ts";

/** Size of a file in the store. */
export interface DagSize {
  readonly blocks: number;
  /** Bytes of all blocks. */
  readonly bytes: number;
}

/** A Helia node in this process; what the RPC serves beyond `Storage`. */
export interface HeliaStorage extends Storage {
  /** Stores one block. One that has rotted on the disk is replaced. */
  putBlock(cid: CID, block: Uint8Array): Promise<void>;
  /** Looks at every block of a file in the own store; undefined when one is missing. @throws QoodError STORAGE_CORRUPT */
  stat(cid: string): Promise<DagSize | undefined>;
  /** Like `collect`. @returns the CIDs of the blocks that were dropped */
  dropUnpinned(): Promise<string[]>;
}

type Node = HeliaWithLibp2p<Record<string, unknown>>;

async function createNode(repo: string, listen: readonly string[]): Promise<{ node: Node; store: VerifiedBlockstore }> {
  const blockstore = new VerifiedBlockstore(join(repo, "blocks"));
  // Pins are a record a block: in files of their own they would cost more than the blocks.
  const datastore = new LevelDatastore(join(repo, "records"));
  await blockstore.open();
  try {
    await datastore.open();
  } catch (error) {
    throw new QoodError("STORAGE_REPO", `the storage folder ${repo} cannot be opened: end the other process that uses it; if there is none, its records are damaged (${(error as Error).message})`, { cause: error });
  }
  // Only what is named here: no public gateway, no bootstrap peer, no mDNS, no DHT.
  const helia = withLibp2pLight(createHeliaLight({ blockstore, datastore }), {
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  });
  const node = withBitswap(helia) as unknown as Node;
  await node.start();
  return { node, store: blockstore };
}

/**
 * How pins go through a file. Helia's own walker throws where nobody can catch it when a block cannot be had, which would
 * end the process.
 */
function walkerOf(walk: () => AsyncIterable<{ readonly cid: CID }>): GraphWalkerFactory {
  return () => ({
    async *walk<T>() {
      // Of a node the pins ask for the CID alone.
      for await (const { cid } of walk()) yield { block: { cid }, depth: 0, path: [] } as unknown as GraphNode<T>;
    },
  });
}

async function* listed(cids: readonly CID[]): AsyncGenerator<{ readonly cid: CID }> {
  for (const cid of cids) yield await Promise.resolve({ cid });
}

/** The project's own error behind one of Helia's, if there is any. */
function ownError(error: unknown): QoodError | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (each instanceof QoodError) return each;
    if (each instanceof AggregateError) {
      const own = (each.errors as unknown[]).find((inner) => inner instanceof QoodError);
      if (own !== undefined) return own;
    }
  }
  return undefined;
}

/** Whether something could not be written for want of space, as the file system and the records' LevelDB say it. */
function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /ENOSPC|no space left/i.test(error.message) || isNoSpace(error.cause);
}

/** What a failed fetch means for the caller: corruption as it is, everything else as "nobody gave it in time". */
function explain(error: unknown, cid: string, ms: number): unknown {
  return ownError(error) ?? new QoodError("STORAGE_NOT_FOUND", `${cid} is not in the store and no connected node gave it within ${ms} ms`, { cause: error });
}

/**
 * Starts a Helia node with its blocks and its identity in `repo`.
 * @param options.listen - libp2p multiaddrs; a random port on the loopback interface by default.
 */
export async function createHeliaStorage(options: { readonly repo: string; readonly listen?: readonly string[] }): Promise<HeliaStorage> {
  const { node, store } = await createNode(options.repo, options.listen ?? ["/ip4/127.0.0.1/tcp/0"]);
  const fs = unixfs(node);

  const codecOf = (code: number): Promise<BlockCodec<number, unknown>> | BlockCodec<number, unknown> => node.getCodec(code);
  async function getBlock(cid: CID, options: { readonly offline?: boolean; readonly signal?: AbortSignal }): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of node.blockstore.get(cid, options)) parts.push(part);
    return Buffer.concat(parts);
  }

  const full = (cause: unknown): QoodError => new QoodError("STORAGE_FULL", `the disk of the storage folder ${options.repo} is full: free some space on it; what waits goes on by itself`, { cause });

  /** Pins a file. @param blocks - its blocks where they are known to be in the store; else they are walked to, and fetched where they are not */
  async function pin(cid: CID, signal: AbortSignal, blocks?: readonly CID[]): Promise<void> {
    const walk = blocks === undefined ? () => walkDag(cid, (each) => getBlock(each, { signal }), codecOf) : () => listed(blocks);
    try {
      for await (const _ of node.pins.add(cid, { signal, walker: walkerOf(walk) }));
    } catch (error) {
      if (isNoSpace(error)) throw full(error);
      if ((error as Error).name !== "AlreadyPinnedError" && !(error as Error).message.includes("Already pinned")) throw error;
    }
  }
  /** A block out of the own store, verified. @throws QoodError STORAGE_NOT_FOUND, STORAGE_CORRUPT */
  async function getLocal(cid: CID): Promise<Uint8Array> {
    try {
      return await getBlock(cid, { offline: true });
    } catch (error) {
      throw ownError(error) ?? new QoodError("STORAGE_NOT_FOUND", `block ${cid.toString()} is not in the store`, { cause: error });
    }
  }
  const walk = (cid: CID): AsyncGenerator<Block> => walkDag(cid, getLocal, codecOf);

  async function putBlock(cid: CID, block: Uint8Array): Promise<void> {
    const rotten = (await store.has(cid)) && (await getLocal(cid).then(() => false, (error: unknown) => isQoodError(error, "STORAGE_CORRUPT")));
    try {
      // Helia leaves a block alone that is there, whatever has become of it.
      if (rotten) await store.put(cid, block);
      else await node.blockstore.put(cid, block);
    } catch (error) {
      throw isNoSpace(error) ? full(error) : error;
    }
  }
  async function stat(text: string): Promise<DagSize | undefined> {
    let [blocks, bytes] = [0, 0];
    try {
      for await (const block of walk(parseCid(text))) [blocks, bytes] = [blocks + 1, bytes + block.bytes.length];
    } catch (error) {
      if (isQoodError(error, "STORAGE_NOT_FOUND")) return undefined;
      throw error;
    }
    return { blocks, bytes };
  }
  async function dropUnpinned(): Promise<string[]> {
    const dropped: string[] = [];
    await node.gc({ onProgress: (event) => event.type === "helia:gc:deleted" && dropped.push(event.detail.toString()) });
    return dropped;
  }
  async function* allOf(cids: readonly CID[]): AsyncGenerator<Block> {
    const seen = new Set<string>();
    for (const cid of cids) {
      for await (const block of walk(cid)) {
        if (!seen.has(block.cid.toString())) yield block;
        seen.add(block.cid.toString());
      }
    }
  }

  return {
    putBlock,
    stat,
    async add(bytes) {
      const blocks: CID[] = [];
      const cid = await buildDag(bytes, async (each, block) => {
        await putBlock(each, block);
        blocks.push(each);
      });
      await pin(cid, AbortSignal.timeout(GET_TIMEOUT_MS), blocks);
      return cid.toString();
    },
    async get(text, limits: GetOptions = {}) {
      const cid = parseCid(text);
      const ms = limits.timeoutMs ?? GET_TIMEOUT_MS;
      const maxBytes = limits.maxBytes ?? MAX_FILE_BYTES;
      const signal = limits.signal === undefined ? AbortSignal.timeout(ms) : AbortSignal.any([limits.signal, AbortSignal.timeout(ms)]);
      const parts: Uint8Array[] = [];
      let length = 0;
      try {
        for await (const part of fs.cat(cid, { signal })) {
          length += part.length;
          if (length > maxBytes) throw new QoodError("STORAGE_TOO_LARGE", `${text} is larger than the ${maxBytes} bytes allowed`);
          parts.push(part);
        }
      } catch (error) {
        throw explain(error, text, ms);
      }
      return new Uint8Array(Buffer.concat(parts));
    },
    has: async (text) => (await stat(text)) !== undefined,
    async *exportCar(cids) {
      const roots = cids.map(parseCid);
      yield* writeCar(roots, allOf(roots));
    },
    async importCar(car) {
      const { roots, blocks } = await readCar(car);
      for await (const { cid, bytes } of blocks) await putBlock(cid, bytes);
      const names = roots.map((root) => root.toString());
      for (const name of names) if ((await stat(name)) === undefined) throw new QoodError("STORAGE_CAR", `the CAR cannot be taken: ${name} is not whole`);
      for (const root of roots) await pin(root, AbortSignal.timeout(GET_TIMEOUT_MS));
      return names;
    },
    dropUnpinned,
    collect: async () => (await dropUnpinned()).length,
    async pin(text, { timeoutMs = GET_TIMEOUT_MS } = {}) {
      const cid = parseCid(text);
      try {
        await pin(cid, AbortSignal.timeout(timeoutMs));
      } catch (error) {
        throw explain(error, text, timeoutMs);
      }
    },
    async unpin(text) {
      const cid = parseCid(text);
      if (!(await node.pins.isPinned(cid))) return;
      try {
        for await (const _ of node.pins.rm(cid, { walker: walkerOf(() => walkDag(cid, getLocal, codecOf, "pass over")) }));
      } catch (error) {
        throw isNoSpace(error) ? full(error) : error;
      }
    },
    isPinned: (text) => node.pins.isPinned(parseCid(text)),
    async connect(address) {
      try {
        await node.libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(10_000) });
      } catch (error) {
        throw new QoodError("STORAGE_UNREACHABLE", `storage node ${address} cannot be reached: ${(error as Error).message}`);
      }
    },
    id: () => Promise.resolve({ peerId: node.libp2p.peerId.toString(), addresses: node.libp2p.getMultiaddrs().map((each) => each.toString()) }),
    async close() {
      await node.stop();
    },
  };
}
