import { join } from "node:path";
import { withBitswap } from "@helia/bitswap";
import { withLibp2pLight } from "@helia/libp2p";
import type { HeliaWithLibp2p } from "@helia/libp2p";
import { unixfs } from "@helia/unixfs";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { FsDatastore } from "datastore-fs";
import { createHeliaLight } from "helia";
import type { CID } from "multiformats/cid";
import { QoodError } from "@qoodblock/sdk/errors";
import { buildDag, parseCid } from "./dag.ts";
import { GET_TIMEOUT_MS, MAX_FILE_BYTES } from "./types.ts";
import type { GetOptions, Storage } from "./types.ts";
import { VerifiedBlockstore } from "./verified.ts";

/** A Helia node in this process; blocks can be handed to it one by one, as the RPC does. */
export interface HeliaStorage extends Storage {
  putBlock(cid: CID, block: Uint8Array): Promise<void>;
}

type Node = HeliaWithLibp2p<Record<string, unknown>>;

async function createNode(repo: string, listen: readonly string[]): Promise<Node> {
  const blockstore = new VerifiedBlockstore(join(repo, "blocks"));
  const datastore = new FsDatastore(join(repo, "data"));
  await blockstore.open();
  await datastore.open();
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
  return node;
}

/** What a failed fetch means for the caller: corruption as it is, everything else as "nobody gave it in time". */
function explain(error: unknown, cid: string, ms: number): unknown {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (each instanceof QoodError) return each;
    if (each instanceof AggregateError) {
      const own = (each.errors as unknown[]).find((inner) => inner instanceof QoodError);
      if (own !== undefined) return own;
    }
  }
  return new QoodError("STORAGE_NOT_FOUND", `${cid} is not in the store and no connected node gave it within ${ms} ms`, { cause: error });
}

/**
 * Starts a Helia node with its blocks and its identity in `repo`.
 * @param options.listen - libp2p multiaddrs; a random port on the loopback interface by default.
 */
export async function createHeliaStorage(options: { readonly repo: string; readonly listen?: readonly string[] }): Promise<HeliaStorage> {
  const node = await createNode(options.repo, options.listen ?? ["/ip4/127.0.0.1/tcp/0"]);
  const fs = unixfs(node);

  async function pin(cid: CID, signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of node.pins.add(cid, { signal }));
    } catch (error) {
      if ((error as Error).name !== "AlreadyPinnedError" && !(error as Error).message.includes("Already pinned")) throw error;
    }
  }
  const putBlock = async (cid: CID, block: Uint8Array): Promise<void> => {
    await node.blockstore.put(cid, block);
  };

  return {
    putBlock,
    async add(bytes) {
      const cid = await buildDag(bytes, putBlock);
      await pin(cid, AbortSignal.timeout(GET_TIMEOUT_MS));
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
    async has(text) {
      const cid = parseCid(text);
      if (!(await node.blockstore.has(cid))) return false;
      try {
        for await (const _ of fs.cat(cid, { offline: true }));
        return true;
      } catch (error) {
        if (error instanceof QoodError) throw error;
        return false;
      }
    },
    async pin(text) {
      const cid = parseCid(text);
      try {
        await pin(cid, AbortSignal.timeout(GET_TIMEOUT_MS));
      } catch (error) {
        throw explain(error, text, GET_TIMEOUT_MS);
      }
    },
    async unpin(text) {
      const cid = parseCid(text);
      if (!(await node.pins.isPinned(cid))) return;
      for await (const _ of node.pins.rm(cid));
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
