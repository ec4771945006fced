/** Hashes of deals, lots, agreement versions and handle proofs, equal to the contracts' (tests compare). */
import { AbiCoder, concat, id as keccakText, keccak256, solidityPackedKeccak256, TypedDataEncoder } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { TYPES } from "../eip712/types.ts";
import { hashTypedData, sellOrderData } from "../eip712/index.ts";
import { type Agreement, packShares, type TokenFloor, type VersionBrief, type VersionParties, type VersionTerms, WHOLE_BPS } from "./agreement.ts";
import { saleWords } from "./sale.ts";
import { DEAL_FLAGS, type Deal, type Extras, type Page, type Sale, type SellOrder, type Terms } from "./types.ts";

const abi = AbiCoder.defaultAbiCoder();

const SALE = "tuple(bytes32 party,bytes32 fee,bytes32 rightKey,bytes27 agreementDigest,uint256 keyX,uint256 keyY)";

/** The most lots of a page. */
export const MAX_LOTS = 32;

/** keccak256 of the packed header hashes, in the order of the page. @throws QoodError `BAD_LOT_COUNT` */
export function lotsHash(headerHashes: readonly Hex[]): Hex {
  const count = headerHashes.length;
  ensure(count >= 1 && count <= MAX_LOTS, "BAD_LOT_COUNT", `a page has 1 to ${MAX_LOTS} lots, not ${count}`);
  return keccak256(concat(headerHashes)) as Hex;
}

/** EIP-712 digest of an order on one exchange of one chain. */
export function orderHash(chainId: number, exchange: Hex, order: SellOrder): Hex {
  return hashTypedData(sellOrderData({ chainId, verifyingContract: exchange }, order));
}

/** The deal's id: hash of the order's digest, which brings in chain and exchange, and of what the purchase adds. */
export function dealId(chainId: number, exchange: Hex, terms: Terms): Hex {
  return dealIdOf(orderHash(chainId, exchange, terms.order), terms.sale);
}

/** As {@link dealId}, from the order's digest. */
export function dealIdOf(order: Hex, sale: Sale): Hex {
  return keccak256(abi.encode(["bytes32", "bytes32", SALE], [keccakText("qood/deal/v2"), order, saleWords(sale)])) as Hex;
}

/** Key of a page's state: the deal's id for page 0, else keccak256(dealId ‖ page). */
export function pageKey(deal: Hex, page: number): Hex {
  return page === 0 ? deal : (keccak256(abi.encode(["bytes32", "uint256"], [deal, page])) as Hex);
}

/** What is paid for a page: its price, reduced by the hook's word, rounded down. */
export function pagePrice({ order, sale }: Terms, page: number): bigint {
  return (order.pages[page]!.price * BigInt(sale.priceBps)) / BigInt(WHOLE_BPS);
}

/** Whether the buyer may still reject a deal freely; until then nothing is delivered. @param now Unix seconds */
export function isReserved({ sale }: Pick<Terms, "sale">, deal: Pick<Deal, "marks">, now: number): boolean {
  return now <= sale.inspectBy && (deal.marks & 1) === 0;
}

/** Whether an order has a flag, by its name. */
export function hasFlag(order: Pick<SellOrder, "flags">, flag: keyof typeof DEAL_FLAGS): boolean {
  return (order.flags & DEAL_FLAGS[flag]) !== 0;
}

/** Preimage of a named stream handle, as the contracts' `resolve` takes it. */
export function handleProof(rights: { vehicle: bigint; epoch: number; dataClass: number; privacy: number; schema: Hex }): Hex {
  return abi.encode(
    ["uint8", "uint256", "uint64", "uint8", "uint8", "bytes32"],
    [1, rights.vehicle, rights.epoch, rights.dataClass, rights.privacy, rights.schema],
  ) as Hex;
}

/** EIP-712 hash of a list of accepted tokens. */
export function tokensHash(tokens: readonly TokenFloor[]): Hex {
  const encoder = TypedDataEncoder.from({ TokenFloor: [...TYPES.TokenFloor] });
  return keccak256(concat(tokens.map((token) => encoder.hashStruct("TokenFloor", token)))) as Hex;
}

/** What a version's digest is made of, from the signed text. */
export function versionTerms(text: Agreement): VersionTerms {
  const types = { Agreement: [...TYPES.Agreement], PairShares: [...TYPES.PairShares], TokenFloor: [...TYPES.TokenFloor] };
  return {
    owner: text.owner,
    oem: text.oem,
    storagePayee: text.storagePayee,
    textHash: TypedDataEncoder.hashStruct("Agreement", types, text) as Hex,
    agent: text.agent,
    shares: packShares(text.pairs),
    tokensHash: tokensHash(text.tokens),
  };
}

/** The parties of a version, which only some purchases show. */
export function versionParties({ owner, oem, storagePayee, textHash }: VersionTerms): VersionParties {
  return { owner, oem, storagePayee, textHash };
}

/** What a purchase shows of a version. */
export function versionBrief(terms: VersionTerms): VersionBrief {
  const { owner, oem, storagePayee, textHash } = terms;
  const partiesHash = keccak256(abi.encode(["address", "address", "address", "bytes32"], [owner, oem, storagePayee, textHash])) as Hex;
  return { partiesHash, agent: terms.agent, shares: terms.shares };
}

/** Digest of a version, 27 bytes. */
export function versionDigest(id: bigint, version: number, terms: VersionTerms): Hex {
  const { partiesHash, agent, shares } = versionBrief(terms);
  const hash = keccak256(abi.encode(["uint256", "uint32", "bytes32", "address", "uint256", "bytes32"], [id, version, partiesHash, agent, shares, terms.tokensHash]));
  return hash.slice(0, 2 + 54) as Hex;
}

/** Vehicle token id of (OEM, tag): the first 16 bytes of keccak256(oem ‖ tag). */
export function vehicleId(oem: Hex, tag: Hex): bigint {
  return BigInt(solidityPackedKeccak256(["address", "bytes32"], [oem, tag])) >> 128n;
}

/** A page of lots. @param bond what the seller locks at a delivery on chain @param challengeDeposit what the buyer locks, 0 for proven deliveries */
export function page(headerHashes: readonly Hex[], price: bigint, bond = 0n, challengeDeposit = 0n): Page {
  return { lotsHash: lotsHash(headerHashes), lotCount: headerHashes.length, price, challengeDeposit, bond };
}

/** Prices and deposits of all pages: the most that a purchase of the order takes. */
export function totalPrice(order: Pick<SellOrder, "pages">): bigint {
  return order.pages.reduce((sum, { price, challengeDeposit }) => sum + price + challengeDeposit, 0n);
}

/** Extras with nothing in them, to be changed where a purchase needs one. */
export function noExtras(): Extras {
  return { ownerSignature: "0x", oemSignature: "0x", buyerPath: [], hookData: "0x", right: [], rightPage: 0 };
}

/** How many wrapped keys a page of so many lots is delivered with: the smallest circuit instance that it fits in. @throws QoodError `BAD_LOT_COUNT` */
export function instanceFor(lots: number): 1 | 8 | 32 {
  ensure(lots >= 1 && lots <= MAX_LOTS, "BAD_LOT_COUNT", `a page has 1 to ${MAX_LOTS} lots, not ${lots}`);
  return lots === 1 ? 1 : lots <= 8 ? 8 : 32;
}

/** Pages in groups that end together, each ended as its first page. */
export function endings(order: Pick<SellOrder, "pages" | "flags">): number[][] {
  const pages = order.pages.map((_, page) => page);
  return hasFlag(order, "allOrNothing") ? [pages] : pages.map((page) => [page]);
}
