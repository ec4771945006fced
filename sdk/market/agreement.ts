/** QoodShares agreements: text, packing, ids. The same arithmetic as contracts/shares/libraries/Agreements.sol. */
import type { Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";

export { DATA_CLASS, PRIVACY } from "../formats/handle.ts";

/** A whole in basis points. */
export const WHOLE_BPS = 10_000;

/** What one (class, privacy) pair says. All shares 0 where it is denied. */
export interface PairShares {
  dataClass: number;
  privacy: number;
  authorised: boolean;
  ownerBps: number;
  oemBps: number;
  agentBps: number;
  storageBps: number;
}

/** An accepted token with the least price of one batch of each class, in the token's smallest unit. */
export interface TokenFloor {
  token: Hex;
  oemFloor: bigint;
  userFloor: bigint;
  disputedFloor: bigint;
}

/** The text that owner and OEM sign. */
export interface Agreement {
  vehicle: bigint;
  epoch: number;
  owner: Hex;
  oem: Hex;
  agent: Hex;
  storagePayee: Hex;
  /** Exactly six, ordered by class, then privacy. */
  pairs: PairShares[];
  /** One to eight. */
  tokens: TokenFloor[];
  /** Seconds. */
  noticePeriod: number;
  legalHash: Hex;
  /** Present nonce of the agreement (`headOf(id).nonce`). */
  nonce: number;
  deadline: number;
}

/** Who is paid beside the agent, and the hash of the whole text: one hash in a version's digest. */
export interface VersionParties {
  owner: Hex;
  oem: Hex;
  storagePayee: Hex;
  textHash: Hex;
}

/** Preimage of a version's digest: what a settlement brings along. */
export interface VersionTerms extends VersionParties {
  agent: Hex;
  shares: bigint;
  tokensHash: Hex;
}

/** What a purchase brings along beside the agreement's tokens. */
export interface VersionBrief {
  partiesHash: Hex;
  agent: Hex;
  shares: bigint;
}

/** Shares of a sale, in basis points. */
export type Split = Pick<PairShares, "ownerBps" | "oemBps" | "agentBps" | "storageBps">;

/** Id of the agreement of (vehicle, epoch): the two side by side. */
export function agreementId(vehicle: bigint, epoch: number): bigint {
  return (vehicle << 64n) | BigInt(epoch);
}

/** Inverse of {@link agreementId}. */
export function agreementParts(id: bigint): { vehicle: bigint; epoch: number } {
  return { vehicle: id >> 64n, epoch: Number(id & 0xffff_ffff_ffff_ffffn) };
}

/** Position of a pair, 0 to 5. @throws QoodError `UNKNOWN_PAIR` */
export function pairIndex(dataClass: number, privacy: number): number {
  const known = dataClass >= 1 && dataClass <= 3 && (privacy === 1 || privacy === 2);
  ensure(known, "UNKNOWN_PAIR", `no (class, privacy) pair (${dataClass}, ${privacy})`);
  return (dataClass - 1) * 2 + (privacy - 1);
}

/**
 * The six pairs in contract order from the authorised ones; the others are denied.
 * @throws QoodError `UNKNOWN_PAIR`, `BAD_SHARES` where shares do not sum to 10,000
 */
export function sixPairs(authorised: readonly (Split & { dataClass: number; privacy: number })[]): PairShares[] {
  const pairs: PairShares[] = [];
  for (const dataClass of [1, 2, 3]) {
    for (const privacy of [1, 2]) {
      pairs.push({ dataClass, privacy, authorised: false, ownerBps: 0, oemBps: 0, agentBps: 0, storageBps: 0 });
    }
  }
  for (const pair of authorised) {
    const sum = pair.ownerBps + pair.oemBps + pair.agentBps + pair.storageBps;
    ensure(sum === WHOLE_BPS, "BAD_SHARES", `shares of class ${pair.dataClass}, privacy ${pair.privacy} sum to ${sum}, not ${WHOLE_BPS}`);
    pairs[pairIndex(pair.dataClass, pair.privacy)] = { ...pair, authorised: true };
  }
  return pairs;
}

/** The six pairs in one word: 42 bits each, owner, OEM and agent 14 bits; storage has the rest. Pair 0 in the lowest bits. */
export function packShares(pairs: readonly PairShares[]): bigint {
  return pairs.reduce((word, pair, i) => {
    const packed = (BigInt(pair.ownerBps) << 28n) | (BigInt(pair.oemBps) << 14n) | BigInt(pair.agentBps);
    return word | (packed << BigInt(42 * i));
  }, 0n);
}

/** Shares of a pair out of the packed word, or null where the pair is denied. */
export function unpackShares(word: bigint, index: number): Split | null {
  const packed = (word >> BigInt(42 * index)) & ((1n << 42n) - 1n);
  if (packed === 0n) return null;
  const at = (shift: bigint): number => Number((packed >> shift) & 0x3fffn);
  const [ownerBps, oemBps, agentBps] = [at(28n), at(14n), at(0n)];
  return { ownerBps, oemBps, agentBps, storageBps: WHOLE_BPS - ownerBps - oemBps - agentBps };
}

/**
 * What each side earns of a price, as the exchange computes it: fee, OEM, agent and storage rounded down, the rest the owner's.
 * @param price in the token's smallest unit
 */
export function payouts(price: bigint, feeBps: number, split: Split): { owner: bigint; oem: bigint; agent: bigint; storage: bigint; fee: bigint } {
  const part = (of: bigint, bps: number): bigint => (of * BigInt(bps)) / BigInt(WHOLE_BPS);
  const fee = part(price, feeBps);
  const net = price - fee;
  const [oem, agent, storage] = [part(net, split.oemBps), part(net, split.agentBps), part(net, split.storageBps)];
  return { owner: net - oem - agent - storage, oem, agent, storage, fee };
}
