/** A sale as the contracts pack it, see contracts/market/libraries/Sales.sol. */
import type { Hex } from "../bytes/index.ts";
import type { Sale, Terms } from "./types.ts";

/** The six words of a sale. */
export interface SaleWords {
  party: Hex;
  fee: Hex;
  rightKey: Hex;
  agreementDigest: Hex;
  keyX: bigint;
  keyY: bigint;
}

const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;
const address = (value: bigint): Hex => `0x${(value >> 96n).toString(16).padStart(40, "0")}`;
const bits = (value: bigint, from: bigint, count: bigint): number => Number((value >> from) & ((1n << count) - 1n));

/** Packs a sale. */
export function saleWords(sale: Sale): SaleWords {
  const party =
    (BigInt(sale.buyer) << 96n) | (BigInt(sale.feeBps) << 80n) | (BigInt(sale.priceBps) << 64n) | (BigInt(sale.partiesBps) << 48n) | BigInt(sale.deliverBy);
  const fee = (BigInt(sale.feeRecipient) << 96n) | (BigInt(sale.inspectBy) << 48n) | sale.nonce;
  const { rightKey, agreementDigest, keyX, keyY } = sale;
  return { party: word(party), fee: word(fee), rightKey, agreementDigest, keyX, keyY };
}

/** Reads a packed sale; addresses in lower case. */
export function saleOf({ party, fee, rightKey, agreementDigest, keyX, keyY }: SaleWords): Sale {
  const [p, f] = [BigInt(party), BigInt(fee)];
  return {
    ...{ buyer: address(p), feeBps: bits(p, 80n, 16n), priceBps: bits(p, 64n, 16n), partiesBps: bits(p, 48n, 16n), deliverBy: bits(p, 0n, 48n) },
    ...{ feeRecipient: address(f), inspectBy: bits(f, 48n, 48n), nonce: f & 0xffff_ffff_ffffn },
    ...{ rightKey, agreementDigest, keyX, keyY },
  };
}

/** Terms as the contracts take them. */
export const termsWords = ({ order, sale }: Terms): { order: Terms["order"]; sale: SaleWords } => ({ order, sale: saleWords(sale) });
