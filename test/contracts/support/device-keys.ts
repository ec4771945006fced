/** Keys of devices on both curves, made of a name; what they sign is checked by the chain's precompiles. */
import { keccak256, toUtf8Bytes } from "ethers";
import { fromHex, type Hex, toHex } from "../../../sdk/bytes/index.ts";
import { type Curve, publicKeyOf, signDigest as signWith } from "../../../sdk/crypto/index.ts";
import { hashTypedData, type TypedData } from "../../../sdk/eip712/index.ts";

/** A device's key pair. */
export interface Key {
  readonly privateKey: Uint8Array;
  /** 64 bytes, x || y. */
  readonly publicKey: Hex;
  /** Its name: keccak256 of the public key. */
  readonly deviceKey: Hex;
  /** Order of the curve. */
  readonly order: bigint;
  /** r || s over a digest, low s. */
  readonly signDigest: (digest: Hex) => Hex;
  readonly sign: (data: TypedData) => Hex;
}

/** Orders of the curves, SEC 2 and FIPS 186-5. */
const ORDERS: Record<Curve, bigint> = {
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  "P-256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
};

/** The key of a name. */
export function keyOf(name: string, curve: Curve = "secp256k1"): Key {
  const privateKey = fromHex(keccak256(toUtf8Bytes(`device key ${name}`)), 32);
  const publicKey = toHex(publicKeyOf(privateKey, curve));
  const signDigest = (digest: Hex): Hex => toHex(signWith(privateKey, fromHex(digest, 32), curve));
  const sign = (data: TypedData): Hex => signDigest(hashTypedData(data));
  return { privateKey, publicKey, deviceKey: keccak256(publicKey) as Hex, order: ORDERS[curve], signDigest, sign };
}
