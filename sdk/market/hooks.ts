/** What buyers bring for the shipped hooks, and the settings that sellers give them. */
import { AbiCoder } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { type HeaderWords, hashHeader } from "../formats/index.ts";
import { WHOLE_BPS } from "./agreement.ts";
import type { Offer } from "./offer.ts";
import type { SellOrder } from "./types.ts";

const abi = AbiCoder.defaultAbiCoder();

const SELL_ORDER =
  "tuple(address seller,address buyer,bytes32 buyersRoot,address token,uint16 maxFeeBps,uint256 agreementId,uint32 version,uint8 dataClass,uint8 privacy," +
  "uint8 flags,uint16 royaltyBps,address hook,bytes32 hookCodeHash,tuple(bytes32 lotsHash,uint32 lotCount,uint128 price,uint128 challengeDeposit,uint128 bond)[] pages," +
  "uint32 deliverTime,uint32 answerTime,uint32 complaintWindow,bool repeatable,uint32 maxFills,uint64 expiry,uint256 nonce,bytes32 legalHash)";
const HEADER = "tuple(bytes32 stream,uint64 sequence,address tsp,bytes32 root,uint256 kc1,uint256 kc2,uint256 flags,bytes32 restHash)";

/** The most steps of a table in each direction. */
export const MAX_STEPS = 8;

/** In which steps of a trade a condition must hold. */
export const CONDITION_STEPS = { purchase: 1, delivery: 2, both: 3 } as const;

/** A table of prices by age and volume. */
export interface AgeVolumeTable {
  /** Seconds since the youngest lot's anchor from which each row holds: ascending, the first 0. */
  ages: number[];
  /** Numbers of lots from which each column holds: ascending, the first 1. */
  lots: number[];
  /** A row for each age, a column for each number of lots: basis points of the order's prices, 1 to 10,000. */
  bps: number[][];
}

/** A condition by an oracle's value. */
export interface OracleCondition {
  /** A feed with `latestRoundData`. */
  feed: Hex;
  threshold: bigint;
  /** Whether the value must be at least the threshold, or at most. */
  atLeast: boolean;
  /** Seconds. */
  maxAge: number;
  /** See {@link CONDITION_STEPS}. */
  steps: number;
}

/** An attester's word that an order may be bought. */
export interface PurchaseAttestation {
  orderHash: Hex;
  /** The zero address: anyone. */
  buyer: Hex;
  /** Unix seconds. */
  validUntil: number;
}

/** An attester's word that a page may be delivered. */
export interface DeliveryAttestation {
  dealId: Hex;
  page: bigint;
}

/** Hook data of the SampledHook: the order and its header hashes, page by page, those of DISPUTED data once. */
export function sampledHookData({ order, lots }: { order: SellOrder; lots: readonly { header: { words: HeaderWords } }[] }): Hex {
  return abi.encode([SELL_ORDER, "bytes32[]"], [order, lots.map(({ header }) => hashHeader(header.words))]) as Hex;
}

/** Hook data of an AgeVolumeHook: the order, its headers and their paths. Without it (0x) the price is that of fresh data. */
export function ageVolumeHookData({ order, lots }: { order: SellOrder; lots: readonly { header: { words: HeaderWords }; anchor: Pick<Offer["lots"][number]["anchor"], "path"> }[] }): Hex {
  const proofs = lots.map(({ header, anchor }) => [header.words, anchor.path]);
  return abi.encode([SELL_ORDER, `tuple(${HEADER} header,bytes32[] path)[]`], [order, proofs]) as Hex;
}

/** Hook data of an AttestationConditionHook at purchase. */
export function attestationHookData({ buyer, validUntil }: Pick<PurchaseAttestation, "buyer" | "validUntil">, signature: Hex): Hex {
  return abi.encode(["address", "uint64", "bytes"], [buyer, validUntil, signature]) as Hex;
}

/** Refuses a table that the contract would refuse. @throws QoodError `BAD_TABLE` */
export function checkTable({ ages, lots, bps }: AgeVolumeTable): void {
  const steps = (list: readonly number[], first: number): boolean =>
    list.length >= 1 && list.length <= MAX_STEPS && list[0] === first && list.every((n, i) => Number.isInteger(n) && n < 2 ** 32 && (i === 0 || n > list[i - 1]!));
  ensure(steps(ages, 0), "BAD_TABLE", `ages are 1 to ${MAX_STEPS} ascending numbers of seconds from 0`);
  ensure(steps(lots, 1), "BAD_TABLE", `numbers of lots are 1 to ${MAX_STEPS} ascending numbers from 1`);
  ensure(bps.length === ages.length && bps.every((row) => row.length === lots.length), "BAD_TABLE", "the table needs a row for each age and a column for each number of lots");
  ensure(bps.flat().every((n) => Number.isInteger(n) && n >= 1 && n <= WHOLE_BPS), "BAD_TABLE", `every price is 1 to ${WHOLE_BPS} basis points`);
}

/** What a table says: basis points of the order's prices. @param age seconds since the youngest lot's anchor @param count number of lots @throws QoodError `BAD_TABLE` */
export function ageVolumeBps(table: AgeVolumeTable, age: number, count: number): number {
  checkTable(table);
  const step = (list: readonly number[], value: number): number => Math.max(0, list.findLastIndex((from) => value >= from));
  return table.bps[step(table.ages, age)]![step(table.lots, count)]!;
}
