/**
 * What a trade is made of, field by field as in the contracts: amounts, field elements and ids are bigint, chain times Unix
 * seconds as numbers, hashes and addresses 0x-hex.
 */
import type { Hex } from "../bytes/index.ts";
import type { HeaderWords } from "../formats/index.ts";
import type { VersionTerms, TokenFloor } from "./agreement.ts";

/** The unit of delivery, bond, challenge, complaint, refund and settlement: up to 32 lots of one agreement version. */
export interface Page {
  /** keccak256 of the packed header hashes, see `lotsHash`. */
  lotsHash: Hex;
  lotCount: number;
  /** Before a hook's reduction, in the token's smallest unit. */
  price: bigint;
  /** What the buyer locks for a challenge; 0 where every delivery is proven. */
  challengeDeposit: bigint;
  /** What the seller locks at a delivery on chain. */
  bond: bigint;
}

/** An offer, signed by the seller as EIP-712. */
export interface SellOrder {
  /** Agent of the pinned agreement version, or holder of a resale right. */
  seller: Hex;
  /** The only buyer, or the zero address. */
  buyer: Hex;
  /** Root of the list of buyers, see `buyersTree`; zero for none. */
  buyersRoot: Hex;
  token: Hex;
  /** Highest protocol fee that the seller accepts. */
  maxFeeBps: number;
  agreementId: bigint;
  version: number;
  /** OEM 1, USER 2, DISPUTED 3. */
  dataClass: number;
  /** ORDINARY 1, PRIVATE 2. */
  privacy: number;
  /** Sum of {@link DEAL_FLAGS}. */
  flags: number;
  /** What the agreement's parties get of a later resale; 0 without the flag `resale`. */
  royaltyBps: number;
  hook: Hex;
  hookCodeHash: Hex;
  pages: Page[];
  /** Seconds from purchase to deliverBy. */
  deliverTime: number;
  /** Seconds to answer a challenge; 0 where every delivery is proven. */
  answerTime: number;
  /** Seconds after a delivery in which it can be challenged and complained of. */
  complaintWindow: number;
  repeatable: boolean;
  /** 0 = any number. */
  maxFills: number;
  /** Last second in which it may be bought. */
  expiry: number;
  /** Bit of the seller's bitmap. */
  nonce: bigint;
  legalHash: Hex;
}

/** What a purchase adds to an order. */
export interface Sale {
  buyer: Hex;
  feeBps: number;
  feeRecipient: Hex;
  /** What is paid of the order's prices, basis points. */
  priceBps: number;
  /** What the agreement's parties get of the price after the fee, basis points; the rest is the seller's. */
  partiesBps: number;
  /** Key of the settled page that the seller's resale right comes from; zero for the agent's own sales. */
  rightKey: Hex;
  /** 27 bytes. */
  agreementDigest: Hex;
  /** Delivery key of the buyer on BabyJubJub. */
  keyX: bigint;
  keyY: bigint;
  deliverBy: number;
  /** Last second in which the buyer may reject; 0 for a purchase by the buyer himself. */
  inspectBy: number;
  nonce: bigint;
}

/** All terms of a deal; their hash is its id. */
export interface Terms {
  order: SellOrder;
  sale: Sale;
}

/** Flags of orders. `noCopyKept`: the seller gives up its own right with the sale. */
export const DEAL_FLAGS = { allOrNothing: 1, resale: 2, exclusive: 4, provenOnly: 8, noCopyKept: 16 } as const;

/** State of a page, in the contract's numbering. */
export const DEAL_STATES = ["None", "Funded", "DeliveredUnproven", "Challenged", "DeliveredProven", "Settled", "Refunded", "Cancelled"] as const;
export type DealState = (typeof DEAL_STATES)[number];

/** Why a buyer was refunded, in the contract's numbering. */
export const REFUND_REASONS = ["Late", "Conceded", "Unanswered", "Complaint", "BadHeader"] as const;
export type RefundReason = (typeof REFUND_REASONS)[number];

/** A page's slot. */
export interface Deal {
  state: DealState;
  /** Bits: 1 reservation accepted, 2 deposit paid out, 4 resale right passed on, 8 the hash of an unproven delivery stands in this slot. */
  marks: number;
  /** Last second to challenge, answer or complain; 0 before a delivery. */
  endsAt: number;
  /** Seconds, as the next; both 0 where mark 8 is set. */
  purchasedAt: number;
  versionStart: number;
  /** Bit per delivered page of an all-or-nothing deal. */
  delivered: number;
}

/** On what terms the exchange takes a token; deposits and bonds in units of 10^scale, for 1, up to 8 and up to 32 lots. */
export interface TokenTerms {
  listed: boolean;
  stopped: boolean;
  scale: number;
  feeBps: number;
  deposit1: number;
  deposit8: number;
  deposit32: number;
  bond1: number;
  bond8: number;
  bond32: number;
  /** Whether its code is known to move what it is told to, so that a purchase compares no balances. */
  exact: boolean;
}

/** What a buyer brings to `buy`. */
export interface Purchase {
  order: SellOrder;
  sellerSignature: Hex;
  agreement: VersionTerms;
  tokens: TokenFloor[];
  tokenIndex: number;
  keyX: bigint;
  keyY: bigint;
  nonce: bigint;
  /** The most that the buyer pays in all, deposits included. */
  maxTotal: bigint;
  /** Empty, or one. */
  extras: Extras[];
}

/** What only some purchases need; see `noExtras`. */
export interface Extras {
  /** Owner's and OEM's signatures of the order: both for DISPUTED data, the class's principal below the floor; else 0x. */
  ownerSignature: Hex;
  oemSignature: Hex;
  /** Path of the buyer in the order's list of buyers. */
  buyerPath: Hex[];
  hookData: Hex;
  /** Empty, or the terms of the deal that the seller's resale right comes from. */
  right: Terms[];
  rightPage: number;
}

/** A header with all that opens it under its TSP's anchor. */
export interface Lot {
  header: HeaderWords;
  /** Siblings from the leaf up, sorted pairs. */
  path: Hex[];
  /** keccak256 of the schema's name@version: what the order does not say of the stream handle's preimage. */
  schema: Hex;
  /** 0 where the TSP is the seller and agent by the pinned version, else 1 + position in `formers`. */
  former: number;
}

/** The lots of a page with the agreement versions that they refer to. */
export interface Opening {
  lots: Lot[];
  formers: { version: number; terms: VersionTerms }[];
}

/** Wrapped keys and their Groth16 proof, in the order of the verifier contract. */
export interface KeyDeliveryWords {
  r: [bigint, bigint];
  /** As many as the circuit instance has lots: 1, 8 or 32. */
  c: bigint[];
  proofA: [bigint, bigint];
  proofB: [[bigint, bigint], [bigint, bigint]];
  proofC: [bigint, bigint];
}

/** A complaint about one leaf, in the order of the contract. */
export interface ComplaintWords {
  leafCount: number;
  leaf: number;
  interval: number;
  segment: number;
  /** Position of the leaf in its segment, in blocks of 64 bytes. */
  firstBlock: number;
  /** The leaf's ciphertext, 1 to 4,096 bytes. */
  cipher: Hex;
  dataHash: Hex;
  /** Siblings from the leaf up. */
  path: Hex[];
  segmentKey: bigint;
  proofA: [bigint, bigint];
  proofB: [[bigint, bigint], [bigint, bigint]];
  proofC: [bigint, bigint];
}
