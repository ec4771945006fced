/** Buy orders: what a buyer looks for, how the contract names it, and whether an offer fits. The same rules as contracts/market/BuyOrders.sol. */
import { AbiCoder, concat, id as keccakText, keccak256 } from "ethers";
import { bigintToBytes, type Hex, toHex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { decodeFlags, encodeRest, fileDigest, type HeaderWords, type Origin } from "../formats/index.ts";
import { type BuyersTree } from "./buyers.ts";
import { hasFlag } from "./deal.ts";
import type { Offer, OfferLot } from "./offer.ts";
import { encodeSearch, type Search, vehicleHash } from "./search.ts";

/** What a buyer looks for, and on what terms, field by field as in the contract. 0 (or zero bytes) means "any" where nothing else is said. */
export interface BuyOrder {
  /** Whom everything is bought for. */
  buyer: Hex;
  token: Hex;
  /** keccak256 of the schema's name@version. */
  schema: Hex;
  /** OEM 1, USER 2, DISPUTED 3. */
  dataClass: number;
  /** ORDINARY 1, PRIVATE 2. */
  privacy: number;
  /** Flags that a sell order must have: sum of `DEAL_FLAGS`. */
  flags: number;
  /** Allowed origins, see {@link originBits}. */
  origins: number;
  /** Range of the records, Unix milliseconds. */
  firstTime: number;
  lastTime: number;
  /** Range of the anchors, Unix seconds. */
  anchoredFrom: number;
  anchoredTo: number;
  /** Search only: see {@link cellsHash}. */
  cellsHash: Hex;
  /** Search only: see `vehicleHash`. */
  vehicleHash: Hex;
  /** Digest of the CID of the search file, in which both stand in full. */
  searchDigest: Hex;
  /** Root of the list of TSPs whose headers count and who may answer and sell, see `buyersTree`. */
  agentsRoot: Hex;
  /** Maker whose agreements count. */
  oem: Hex;
  legalHash: Hex;
  /** Least number of lots of one purchase by rule. */
  minLots: number;
  /** The most that one lot costs by rule, challenge deposits not counted. */
  maxPrice: bigint;
  /** By rule, seconds. */
  maxDeliverTime: number;
  /** By rule, seconds. */
  minComplaintWindow: number;
  /** Seconds in which the buyer may reject what a rule has reserved; 0: no purchase by rule. */
  inspectTime: number;
  /** Last second for answers and purchases. */
  deadline: number;
  /** What an answer locks against spam, at most the exchange's least bond of one lot. */
  answerDeposit: bigint;
  /** Delivery key of the buyer on BabyJubJub. */
  keyX: bigint;
  keyY: bigint;
  nonce: bigint;
}

/** State of a buy order, in the contract's numbering. */
export const BUY_STATUSES = ["None", "Open", "Closed"] as const;
export type BuyStatus = (typeof BUY_STATUSES)[number];

/** A lot as a rule sees it. */
export interface OfferedLot {
  header: HeaderWords;
  /** Siblings from the leaf up, sorted pairs. */
  path: Hex[];
  /** abi.encode of the header's rest, or 0x where the order has no range of records. */
  rest: Hex;
  /** Path of the header's TSP in the order's list; read where that is neither the seller nor the TSP of the lot before. */
  agentPath: Hex[];
}

const ZERO20: Hex = `0x${"00".repeat(20)}`;
const ZERO32: Hex = `0x${"00".repeat(32)}`;
const ORIGINS: readonly Origin[] = ["TSP_ATTESTED", "DEVICE_SIGNED", "DEVICE_SEALED"];

/** The contract's struct, in order. */
const BUY_ORDER =
  "tuple(address buyer,address token,bytes32 schema,uint8 dataClass,uint8 privacy,uint8 flags,uint8 origins,uint64 firstTime,uint64 lastTime," +
  "uint64 anchoredFrom,uint64 anchoredTo,bytes32 cellsHash,bytes32 vehicleHash,bytes32 searchDigest,bytes32 agentsRoot,address oem,bytes32 legalHash," +
  "uint32 minLots,uint128 maxPrice,uint32 maxDeliverTime,uint32 minComplaintWindow,uint32 inspectTime,uint64 deadline,uint128 answerDeposit," +
  "uint256 keyX,uint256 keyY,uint256 nonce)";

/** What has no sensible default in a buy order. */
export type BuyOrderNeeds = Pick<BuyOrder, "buyer" | "token" | "schema" | "dataClass" | "deadline" | "keyX" | "keyY" | "nonce">;

/** A buy order that takes anything beyond what is given, of ORDINARY data, by answers only. */
export function buyOrder(needs: BuyOrderNeeds & Partial<BuyOrder>): BuyOrder {
  return {
    ...{ privacy: 1, flags: 0, origins: 0, firstTime: 0, lastTime: 0, anchoredFrom: 0, anchoredTo: 0 },
    ...{ cellsHash: ZERO32, vehicleHash: ZERO32, searchDigest: ZERO32, agentsRoot: ZERO32, oem: ZERO20, legalHash: ZERO32 },
    ...{ minLots: 1, maxPrice: 0n, maxDeliverTime: 0, minComplaintWindow: 0, inspectTime: 0, answerDeposit: 0n },
    ...needs,
  };
}

/** Fields of a buy order that name a search: where, which vehicles, and the file in which it stands. */
export function searchFields(search: Search): Pick<BuyOrder, "cellsHash" | "vehicleHash" | "searchDigest"> {
  const none = Object.keys(search.vehicle).length === 0;
  return {
    cellsHash: search.cells.length === 0 ? ZERO32 : cellsHash(search.cells),
    vehicleHash: none ? ZERO32 : vehicleHash(search.vehicle),
    searchDigest: toHex(fileDigest(encodeSearch(search))),
  };
}

/** keccak256 of H3 cells, each a uint64, sorted and packed. @param cells 15 hexadecimal digits each @throws QoodError `BAD_SEARCH` */
export function cellsHash(cells: readonly string[]): Hex {
  for (const cell of cells) ensure(/^[0-9a-f]{15}$/.test(cell), "BAD_SEARCH", `${cell} is no H3 cell of 15 hexadecimal digits`);
  const sorted = [...new Set(cells)].sort();
  ensure(sorted.length === cells.length, "BAD_SEARCH", "an H3 cell stands twice in the search");
  return keccak256(concat(sorted.map((cell) => bigintToBytes(BigInt(`0x${cell}`), 8)))) as Hex;
}

/** The mask of allowed origins: 1 TSP_ATTESTED, 2 DEVICE_SIGNED, 4 DEVICE_SEALED. None given: 0, any. */
export function originBits(origins: readonly Origin[]): number {
  return origins.reduce((mask, origin) => mask | (1 << ORIGINS.indexOf(origin)), 0);
}

/** The id of a buy order: hash of chain, contract and all its fields. @param contract BuyOrders */
export function buyOrderId(chainId: number, contract: Hex, wanted: BuyOrder): Hex {
  const words = AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256", "address", BUY_ORDER], [keccakText("qood/buy-order/v1"), chainId, contract, wanted]);
  return keccak256(words) as Hex;
}

/** Whether a rule says whose data it takes: a list of TSPs, or a maker together with origins that devices vouch for. */
export function namesSomebody(wanted: Pick<BuyOrder, "agentsRoot" | "oem" | "origins">): boolean {
  if (BigInt(wanted.agentsRoot) !== 0n) return true;
  return BigInt(wanted.oem) !== 0n && wanted.origins !== 0 && (wanted.origins & 1) === 0;
}

/**
 * The lots of an offer as `fill` takes them.
 * @param agents the order's list of TSPs, where it has one
 * @throws QoodError `NOT_A_BUYER` where a TSP is not in the list
 */
export function offeredLots(wanted: BuyOrder, offer: Pick<Offer, "lots" | "order">, agents?: BuyersTree): OfferedLot[] {
  const timed = wanted.firstTime !== 0 || wanted.lastTime !== 0;
  let last = offer.order.seller.toLowerCase();
  return offer.lots.map(({ header: { words, rest }, anchor }) => {
    const known = words.tsp.toLowerCase() === last;
    last = words.tsp.toLowerCase();
    const agentPath = known || agents === undefined ? [] : agents.pathOf(words.tsp);
    return { header: words, path: anchor.path, rest: timed ? toHex(encodeRest(rest)) : "0x", agentPath };
  });
}

/** The most that a purchase by rule may cost in all: price per lot and the pages' deposits. `maxTotal` of the purchase. */
export function ruleTotal(wanted: BuyOrder, { order, lots }: Pick<Offer, "order" | "lots">): bigint {
  return wanted.maxPrice * BigInt(lots.length) + order.pages.reduce((sum, { challengeDeposit }) => sum + challengeDeposit, 0n);
}

/**
 * Why an offer does not fit a buy order's rule, in words; empty where it fits. What only the chain knows (anchor times, lists
 * of TSPs, bad headers, what is left) is not looked at.
 */
export function misfits(wanted: BuyOrder, offer: Pick<Offer, "order" | "lots" | "agreement">): string[] {
  const { order, lots } = offer;
  const same = (a: Hex, b: Hex): boolean => a.toLowerCase() === b.toLowerCase();
  const isAny = (value: Hex): boolean => BigInt(value) === 0n;
  const price = order.pages.reduce((sum, page) => sum + page.price, 0n);
  const reasons: [boolean, string][] = [
    [same(order.token, wanted.token), `is paid in ${order.token}`],
    [order.dataClass === wanted.dataClass && order.privacy === wanted.privacy, `is of class ${order.dataClass}, privacy ${order.privacy}`],
    [(order.flags & wanted.flags) === wanted.flags, `lacks flags ${wanted.flags & ~order.flags}`],
    [isAny(wanted.legalHash) || same(order.legalHash, wanted.legalHash), "has other terms of use"],
    [isAny(wanted.oem) || same(offer.agreement.text.oem, wanted.oem), `is of the maker ${offer.agreement.text.oem}`],
    [wanted.maxDeliverTime === 0 || order.deliverTime <= wanted.maxDeliverTime, `takes ${order.deliverTime} s to deliver`],
    [order.complaintWindow >= wanted.minComplaintWindow, `leaves ${order.complaintWindow} s to complain`],
    [lots.length >= wanted.minLots, `has ${lots.length} lots`],
    // A hook may only lower it: whether it does is seen at purchase.
    [!isAny(order.hook) || price <= wanted.maxPrice * BigInt(lots.length), `costs ${price} for ${lots.length} lots`],
  ];
  const found = reasons.flatMap(([fits, reason]) => (fits ? [] : [reason]));
  return [...found, ...lots.flatMap((lot, i) => lotMisfits(wanted, lot, hasFlag(order, "exclusive")).map((reason) => `lot ${i} ${reason}`))];
}

function lotMisfits(wanted: BuyOrder, { header: { words, rest } }: OfferLot, exclusive: boolean): string[] {
  const flags = decodeFlags(words.flags);
  const reasons: [boolean, string][] = [
    [rest.schema.toLowerCase() === wanted.schema.toLowerCase(), `has the schema ${rest.schema}`],
    [wanted.origins === 0 || (wanted.origins & originBits([flags.origin])) !== 0, `is ${flags.origin}`],
    [exclusive || !flags.exclusive, "is sealed for exclusive deals"],
    [rest.firstTime >= wanted.firstTime && (wanted.lastTime === 0 || rest.lastTime <= wanted.lastTime), "has records out of the range"],
  ];
  return reasons.flatMap(([fits, reason]) => (fits ? [] : [reason]));
}

