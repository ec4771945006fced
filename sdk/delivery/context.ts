/** What binds a wrapped key to one page of one deal. */
import { AbiCoder, id, keccak256 } from "ethers";
import { ensure } from "../errors/index.ts";

/** Where a key is delivered. */
export interface DeliveryPlace {
  readonly chainId: bigint;
  /** Address of the escrow contract. */
  readonly exchange: string;
  /** 32 bytes, 0x-hex. */
  readonly dealId: string;
  /** Page of the deal, from 0. */
  readonly page: number;
}

const CONTEXT_TAG = id("qood/context/v1");

/**
 * context = keccak256(abi.encode(keccak256("qood/context/v1"), chainId, exchange, dealId, uint256 page)) >> 8, a 248-bit number and so a field element.
 * It is the cipher's nonce and the first public signal.
 * @throws QoodError `OUT_OF_RANGE` for a page that is no unsigned integer
 */
export function deliveryContext(place: DeliveryPlace): bigint {
  ensure(Number.isSafeInteger(place.page) && place.page >= 0, "OUT_OF_RANGE", "a page is an integer from 0");
  const preimage = AbiCoder.defaultAbiCoder().encode(
    ["bytes32", "uint256", "address", "bytes32", "uint256"],
    [CONTEXT_TAG, place.chainId, place.exchange, place.dealId, place.page],
  );
  return BigInt(keccak256(preimage)) >> 8n;
}
