import { toHex } from "@qoodblock/sdk/bytes";
import { sha256 } from "@qoodblock/sdk/crypto";
import { isQoodError } from "@qoodblock/sdk/errors";
import type { Offer } from "@qoodblock/sdk/market";
import { encodeEntry, readEntry } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { askPeer, serveEntries } from "./exchange.ts";
import type { AnswerLimits } from "./exchange.ts";
import { indexCell, indexCid } from "./key.ts";
import type { IndexKey } from "./key.ts";
import type { IndexNode } from "./node.ts";

export { encodeEntry, MAX_ENTRY, readEntry } from "./entry.ts";
export type { Entry, ReadEntry } from "./entry.ts";
export { EXCHANGE_PROTOCOL } from "./exchange.ts";
export { INDEX_RESOLUTION, indexCell, indexCid } from "./key.ts";
export type { IndexKey } from "./key.ts";
export { createIndexNode, INDEX_PROTOCOL } from "./node.ts";
export type { IndexNode, IndexNodeOptions } from "./node.ts";

/** Most entries that a node tells for one key; the newest ones. */
const MOST_TOLD = 64;
const DEFAULT_LIMITS: AnswerLimits = { entries: MOST_TOLD, bytes: 16 * 1024 * 1024, ms: 20_000 };
/** A peer whose answers are wrong so often is asked no further. */
const MOST_WRONG = 3;
const MOST_PEERS = 20;
const SEARCH_MS = 60_000;

/** An offer that was found, with the peer that told of it. */
export interface FoundOffer {
  readonly offer: Offer;
  readonly entry: Uint8Array;
  readonly provider: string;
}

/** What went wrong with a peer, told once for each. */
export interface PeerFault {
  readonly provider: string;
  readonly error: unknown;
}

/** A search. */
export interface FindOptions {
  /**
   * What a buyer checks before it pays: signature, agreement, headers, anchors, marks. An offer for which it throws is not given.
   */
  readonly check: (offer: Offer) => Promise<void>;
  readonly limits?: Partial<AnswerLimits>;
  readonly onFault?: (fault: PeerFault) => void;
}

/** The index by one node: what it tells others, and what it finds. */
export interface DataIndex {
  /**
   * Announces an offer with its descriptions under all its keys, and tells whoever asks.
   * @returns how many keys it was announced under
   * @throws QoodError of {@link readEntry}
   */
  announce(entry: Entry): Promise<number>;
  /** Tells no more of an offer that is filled, cancelled or over. The DHT forgets the announcement by itself. */
  withdraw(entry: Entry): void;
  /** Finds offers with no catalog: asks the DHT who has any, dials them, and checks what comes. */
  find(key: IndexKey, options: FindOptions): AsyncGenerator<FoundOffer, void>;
  close(): Promise<void>;
}

const idOf = (bytes: Uint8Array): string => toHex(sha256(bytes));
const sameKey = (a: IndexKey, b: IndexKey): boolean => indexCid(a).equals(indexCid(b));

/** Takes part in the data index by a node, which the caller stops. */
export async function openDataIndex(node: IndexNode): Promise<DataIndex> {
  /** Entries by the digest of a key. */
  const told = new Map<string, Map<string, Uint8Array>>();
  const unhandle = await serveEntries(node, (digest) => [...(told.get(toHex(digest))?.values() ?? [])].slice(-MOST_TOLD));

  /** Entries of one peer that are right, of the key, and new. */
  async function* ask(peer: Parameters<typeof askPeer>[1], key: IndexKey, seen: Set<string>, { check, limits }: FindOptions): AsyncGenerator<FoundOffer, void> {
    let wrong = 0;
    for await (const entry of askPeer(node, peer, indexCid(key).multihash.digest, { ...DEFAULT_LIMITS, ...limits })) {
      const id = idOf(entry);
      if (seen.has(id)) continue;
      try {
        const { offer, keys } = readEntry(entry);
        if (!keys.some((each) => sameKey(each, key))) throw new Error("the offer is not of the key that was asked for");
        await check(offer);
        // Only what is right is known for good: a peer must not spoil another's answer by telling of it first.
        seen.add(id);
        yield { offer, entry, provider: peer.id.toString() };
      } catch (error) {
        wrong += 1;
        if (wrong >= MOST_WRONG) throw error;
      }
    }
  }

  return {
    async announce(entry) {
      const bytes = encodeEntry(entry);
      const cids = new Map(readEntry(bytes).keys.map((key) => [indexCid(key).toString(), indexCid(key)]));
      for (const cid of cids.values()) {
        const digest = toHex(cid.multihash.digest);
        told.set(digest, (told.get(digest) ?? new Map<string, Uint8Array>()).set(idOf(bytes), bytes));
        await node.contentRouting.provide(cid, { signal: AbortSignal.timeout(SEARCH_MS) });
      }
      return cids.size;
    },
    withdraw(entry) {
      const id = idOf(encodeEntry(entry));
      for (const [digest, entries] of told) if (entries.delete(id) && entries.size === 0) told.delete(digest);
    },
    async *find(key, options) {
      const asked = { ...key, cell: key.cell === null ? null : indexCell(key.cell) };
      const seen = new Set<string>();
      const peers = new Set<string>();
      const signal = AbortSignal.timeout(SEARCH_MS);
      for await (const { id, multiaddrs } of node.contentRouting.findProviders(indexCid(asked), { signal })) {
        const provider = id.toString();
        if (id.equals(node.peerId) || peers.has(provider)) continue;
        if (peers.size >= MOST_PEERS) return;
        peers.add(provider);
        try {
          yield* ask({ id, multiaddrs: multiaddrs.map(String) }, asked, seen, options);
        } catch (error) {
          options.onFault?.({ provider, error });
          // Who floods or forges has had its turn.
          if (isQoodError(error)) await node.hangUp(id).catch(() => undefined);
        }
      }
    },
    close: unhandle,
  };
}
