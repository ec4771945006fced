/** Hashes of deals, lots, agreement versions and handle proofs, equal to the contracts' (tests compare). */
import { AbiCoder, concat, id as keccakText, keccak256, solidityPackedKeccak256, TypedDataEncoder } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { TYPES } from "../eip712/types.ts";
import { type Agreement, packShares, type TokenFloor, type VersionTerms } from "./agreement.ts";
import type { Page, SellOrder, Terms } from "./types.ts";

const abi = AbiCoder.defaultAbiCoder();

const PAGE = "tuple(bytes32 lotsHash,uint32 lotCount,uint128 price,uint128 challengeDeposit,uint128 bond)";
const TERMS =
  "tuple(bytes32 orderHash,address buyer,address seller,address token,uint16 feeBps,address feeRecipient,uint256 keyX,uint256 keyY," +
  "uint256 agreementId,uint32 version,uint8 dataClass,uint8 privacy,uint8 flags,address hook,bytes32 hookCodeHash," +
  `${PAGE}[] pages,uint64 deliverBy,uint32 answerTime,uint32 complaintWindow,uint256 nonce)`;
const VERSION_TERMS =
  "tuple(address owner,address oem,address agent,address storagePayee,uint256 shares,bytes32 tokensHash,bytes32 textHash)";

/** The most lots of a page. */
export const MAX_LOTS = 32;

/** keccak256 of the packed header hashes, in the order of the page. @throws QoodError `BAD_LOT_COUNT` */
export function lotsHash(headerHashes: readonly Hex[]): Hex {
  const count = headerHashes.length;
  ensure(count >= 1 && count <= MAX_LOTS, "BAD_LOT_COUNT", `a page has 1 to ${MAX_LOTS} lots, not ${count}`);
  return keccak256(concat(headerHashes)) as Hex;
}

/** The deal's id: hash of chain, exchange and all terms. */
export function dealId(chainId: number, exchange: Hex, terms: Terms): Hex {
  return keccak256(abi.encode(["bytes32", "uint256", "address", TERMS], [keccakText("qood/deal/v1"), chainId, exchange, terms])) as Hex;
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
    agent: text.agent,
    storagePayee: text.storagePayee,
    shares: packShares(text.pairs),
    tokensHash: tokensHash(text.tokens),
    textHash: TypedDataEncoder.hashStruct("Agreement", types, text) as Hex,
  };
}

/** Digest of a version, 27 bytes. */
export function versionDigest(id: bigint, version: number, terms: VersionTerms): Hex {
  const hash = keccak256(abi.encode(["uint256", "uint32", VERSION_TERMS], [id, version, terms]));
  return hash.slice(0, 2 + 54) as Hex;
}

/** Vehicle token id of (OEM, tag): the first 16 bytes of keccak256(oem ‖ tag). */
export function vehicleId(oem: Hex, tag: Hex): bigint {
  return BigInt(solidityPackedKeccak256(["address", "bytes32"], [oem, tag])) >> 128n;
}

/** A page without deposit and bond, which this version of the exchange asks for. */
export function page(headerHashes: readonly Hex[], price: bigint): Page {
  return { lotsHash: lotsHash(headerHashes), lotCount: headerHashes.length, price, challengeDeposit: 0n, bond: 0n };
}

/** Sum of the pages' prices: what the buyer must allow the exchange to pull. */
export function totalPrice(order: Pick<SellOrder, "pages">): bigint {
  return order.pages.reduce((sum, { price, challengeDeposit }) => sum + price + challengeDeposit, 0n);
}
