/** Addresses of days: hardened children of a secret user seed, one for each vehicle, class and day. */
import { HDNodeWallet } from "ethers";
import { bigintToBytes, bytesToBigint, concat, fromHex, type Hex, toHex, u32 } from "../bytes/index.ts";
import { publicKeyOf } from "../crypto/ecdsa.ts";
import { keccak256 } from "../crypto/hash.ts";
import { hkdf } from "../crypto/hkdf.ts";
import { ensure } from "../errors/index.ts";
import { DATA_CLASS, type DataClass } from "../formats/handle.ts";
import { daySecret, streamSecret } from "../keys/index.ts";

/** "qood" in ASCII, as BIP-43's purpose. */
const PURPOSE = 0x716f6f64;
const POOL_TAG = "qood/kv/pool/v1";
const INDEX_BITS = 31n;

/** Which day's data. */
export interface DayPlace {
  /** Token id of the vehicle. */
  readonly vehicle: bigint;
  readonly dataClass: DataClass;
  /** Days since 1970-01-01 UTC, see `dayOf`. */
  readonly day: number;
}

/** What opens a day's records: nothing of another day follows from it. For the owner, and for whom the owner lets read the day. */
export interface DayReader {
  /** 20 bytes. */
  readonly address: Hex;
  readonly day: number;
  /** The day's secret of the address, 32 bytes. */
  readonly secret: Uint8Array;
}

/** What writes a day's records: what a device is given for the day. */
export interface DayWriter extends DayReader {
  /** 32 bytes; its public key's hash is the address. */
  readonly privateKey: Uint8Array;
}

/** Ethereum address of a secp256k1 public key (64 bytes, x || y). */
export function addressOf(publicKey: Uint8Array): Hex {
  return toHex(keccak256(publicKey).subarray(12));
}

/** An address as the opaque handle under which its secrets are derived: 12 zero bytes before it. */
export function addressHandle(address: Hex): Hex {
  return toHex(concat(new Uint8Array(12), fromHex(address, 20)));
}

/** Derivation path of a day: hardened at every step, the last two of 62 bits that only the seed gives, so no two days meet. */
export function dayPath(seed: Uint8Array, { vehicle, dataClass, day }: DayPlace): string {
  ensure(seed.length === 64, "BAD_SECRET", "a BIP-39 seed has 64 bytes");
  const info = concat(bigintToBytes(vehicle, 32), Uint8Array.of(DATA_CLASS[dataClass]), u32(day));
  const bits = bytesToBigint(hkdf(seed, POOL_TAG, info, 8)) >> 2n;
  return `m/${PURPOSE}'/${DATA_CLASS[dataClass]}'/${bits >> INDEX_BITS}'/${bits & ((1n << INDEX_BITS) - 1n)}'`;
}

/**
 * CarChain's `deductFrom`: the address that a day's data went to, with its keys, by one derivation. Without the seed nobody can tell
 * which vehicle, class or day an address is of, nor that two addresses have one owner.
 * @throws QoodError `BAD_SECRET`, `OUT_OF_RANGE`
 */
export function deductFrom(seed: Uint8Array, place: DayPlace): DayWriter {
  const child = HDNodeWallet.fromSeed(seed).derivePath(dayPath(seed, place));
  const privateKey = fromHex(child.privateKey, 32);
  const address = addressOf(publicKeyOf(privateKey));
  return { address, day: place.day, secret: daySecret(streamSecret(seed, addressHandle(address), 0), place.day), privateKey };
}

/** What may be given to a reader: without the key that writes. */
export function readerOf({ address, day, secret }: DayReader): DayReader {
  return { address, day, secret };
}
