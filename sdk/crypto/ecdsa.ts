/**
 * ECDSA of device keys, over secp256k1 or P-256, on SHA-256 digests: r || s of 64 bytes, low s only. Which curve a public key is of,
 * the point itself tells.
 */
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToBigint } from "../bytes/index.ts";
import { QoodError, ensure } from "../errors/index.ts";

const CURVES = { secp256k1, "P-256": p256 } as const;
/** A curve of device keys, by its name in a JWK. */
export type Curve = keyof typeof CURVES;

/** The curve of a public key. @param publicKey 64 bytes, x || y @throws QoodError `BAD_DEVICE_KEY` where it is a point of neither */
export function curveOf(publicKey: Uint8Array): Curve {
  const point = Uint8Array.of(4, ...publicKey);
  for (const name of ["secp256k1", "P-256"] as const) {
    try {
      CURVES[name].Point.fromBytes(point);
      return name;
    } catch {
      // The other one, then.
    }
  }
  throw new QoodError("BAD_DEVICE_KEY", "device key is a point of neither secp256k1 nor P-256");
}

/** Public key (64 bytes, x || y) of a private key (32 bytes). @throws QoodError `BAD_DEVICE_KEY` */
export function publicKeyOf(privateKey: Uint8Array, curve: Curve = "secp256k1"): Uint8Array {
  ensure(CURVES[curve].utils.isValidSecretKey(privateKey), "BAD_DEVICE_KEY", `not a ${curve} private key`);
  return CURVES[curve].getPublicKey(privateKey, false).slice(1);
}

/** Signs a 32-byte digest, deterministically (RFC 6979), low s. */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array, curve: Curve = "secp256k1"): Uint8Array {
  return CURVES[curve].sign(digest, privateKey, { prehash: false, lowS: true });
}

/** True for a signature of 64 bytes with s in the lower half of the order: the only form that is accepted, so none can be re-written. */
export function isLowS(signature: Uint8Array, curve: Curve = "secp256k1"): boolean {
  return signature.length === 64 && bytesToBigint(signature.subarray(32)) <= CURVES[curve].Point.Fn.ORDER >> 1n;
}

/** Verifies one signature over a 32-byte digest whose preimage is not at hand. @throws QoodError `BAD_DEVICE_KEY` */
export function verifyDigest(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  const curve = curveOf(publicKey);
  if (!isLowS(signature, curve)) return false;
  try {
    return CURVES[curve].verify(signature, digest, Uint8Array.of(4, ...publicKey), { prehash: false, lowS: true });
  } catch {
    // noble throws for r or s out of range.
    return false;
  }
}
