/**
 * What a trade is made of, field by field as in the contracts: amounts, field elements and ids are bigint, chain times Unix
 * seconds as numbers, hashes and addresses 0x-hex.
 */
import type { Hex } from "../bytes/index.ts";
import type { HeaderWords } from "../formats/index.ts";
import type { VersionTerms, TokenFloor } from "./agreement.ts";

/** The unit of delivery and settlement: up to 32 lots of one agreement version. */
export interface Page {
  /** keccak256 of the packed header hashes, see `lotsHash`. */
  lotsHash: Hex;
  lotCount: number;
  /** In the token's smallest unit. */
  price: bigint;
  /** 0 until unproven deliveries exist. */
  challengeDeposit: bigint;
  /** 0 until bonds exist. */
  bond: bigint;
}

/** An offer, signed by the seller as EIP-712. */
export interface SellOrder {
  /** Agent of the pinned agreement version. */
  seller: Hex;
  /** The only buyer, or the zero address for anyone. */
  buyer: Hex;
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
  hook: Hex;
  hookCodeHash: Hex;
  pages: Page[];
  /** Seconds from purchase to deliverBy. */
  deliverTime: number;
  answerTime: number;
  /** Seconds from delivery until anyone may settle. */
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

/** All terms of a deal; their hash is its id. */
export interface Terms {
  orderHash: Hex;
  buyer: Hex;
  seller: Hex;
  token: Hex;
  feeBps: number;
  feeRecipient: Hex;
  /** Delivery key of the buyer on BabyJubJub. */
  keyX: bigint;
  keyY: bigint;
  agreementId: bigint;
  version: number;
  dataClass: number;
  privacy: number;
  flags: number;
  hook: Hex;
  hookCodeHash: Hex;
  pages: Page[];
  deliverBy: number;
  answerTime: number;
  complaintWindow: number;
  nonce: bigint;
}

/** Flags of orders and deals. */
export const DEAL_FLAGS = { allOrNothing: 1, resale: 2, exclusive: 4, provenOnly: 8 } as const;

/** State of a deal, in the contract's numbering. */
export const DEAL_STATES = ["None", "Funded", "DeliveredProven", "Settled", "Refunded"] as const;
export type DealState = (typeof DEAL_STATES)[number];

/** A deal's slot. */
export interface Deal {
  state: DealState;
  purchasedAt: number;
  versionStart: number;
  /** 0 before a delivery. */
  deliveredAt: number;
}

/** What a buyer brings to `buy`. */
export interface Purchase {
  order: SellOrder;
  sellerSignature: Hex;
  /** Principal's signature of the same order, needed below the floor; else 0x. */
  principalSignature: Hex;
  agreement: VersionTerms;
  tokens: TokenFloor[];
  tokenIndex: number;
  keyX: bigint;
  keyY: bigint;
  nonce: bigint;
}

/** A header with all that opens it under its TSP's anchor. */
export interface Lot {
  header: HeaderWords;
  /** Siblings from the leaf up, sorted pairs. */
  path: Hex[];
  /** Preimage of the stream handle, see `handleProof`. */
  handleProof: Hex;
  /** 0 where the TSP was agent by the pinned version, else 1 + position in `formers`. */
  former: number;
}

/** The lots of a page with the earlier agreement versions that they refer to. */
export interface Opening {
  lots: Lot[];
  formers: { version: number; terms: VersionTerms }[];
}

/** A wrapped key and its Groth16 proof, in the order of the verifier contract. */
export interface KeyDeliveryWords {
  r: [bigint, bigint];
  c: bigint;
  proofA: [bigint, bigint];
  proofB: [[bigint, bigint], [bigint, bigint]];
  proofC: [bigint, bigint];
}
