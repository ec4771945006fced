/**
 * The key hierarchy: seed -> stream -> day -> batch -> interval -> segment, each step one way.
 *
 * HKDF's tags are `qood/stream/v1`, `qood/day/v1` and `qood/batch/v1`.
 */
import { mnemonicToSeedSync, validateMnemonic, generateMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { bigintToBytes, concat, fromHex, u32, u64, type Hex } from "../bytes/index.ts";
import { addField } from "../crypto/field.ts";
import { fieldFromBytes, hkdf } from "../crypto/hkdf.ts";
import { poseidon, poseidonSeries } from "../crypto/poseidon.ts";
import { ensure } from "../errors/index.ts";
import { DOM_INTERVAL, DOM_KEY, DOM_SEGMENT } from "../formats/domains.ts";

const SECRET = 32;
const DAY_MS = 86_400_000;

/** A new BIP-39 phrase of 24 English words. */
export function newMnemonic(): string {
  return generateMnemonic(wordlist, 256);
}

/** BIP-39 seed (64 bytes, empty passphrase) of an English phrase. @throws QoodError `BAD_MNEMONIC` */
export function mnemonicToSeed(mnemonic: string): Uint8Array {
  ensure(validateMnemonic(mnemonic, wordlist), "BAD_MNEMONIC", "not a BIP-39 phrase of English words with a right checksum");
  return mnemonicToSeedSync(mnemonic);
}

/** Day number (days since 1970-01-01 UTC) of a time in Unix milliseconds. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** Secret of one stream and key epoch: what a TSP may hold while it is authorised. @throws QoodError `BAD_SECRET` */
export function streamSecret(seed: Uint8Array, handle: Hex, keyEpoch: number): Uint8Array {
  ensure(seed.length === 64, "BAD_SECRET", "a BIP-39 seed has 64 bytes");
  return hkdf(seed, "qood/stream/v1", concat(fromHex(handle, 32), u64(keyEpoch)), SECRET);
}

/** Secret of one UTC day: what a device may hold. @throws QoodError `BAD_SECRET` */
export function daySecret(secret: Uint8Array, day: number): Uint8Array {
  ensure(secret.length === SECRET, "BAD_SECRET", "a stream secret has 32 bytes");
  return hkdf(secret, "qood/day/v1", u32(day), SECRET);
}

/** Batch key: a field element, never 0. @throws QoodError `BAD_SECRET`, `KEY_IS_ZERO` (take a new seal nonce) */
export function batchKey(secret: Uint8Array, handle: Hex, sequence: number, sealNonce: Hex): bigint {
  ensure(secret.length === SECRET, "BAD_SECRET", "a day secret has 32 bytes");
  return checkKey(fieldFromBytes(hkdf(secret, "qood/batch/v1", concat(fromHex(handle, 32), u64(sequence), fromHex(sealNonce, 32)), 48)));
}

/** Refuses key 0, whose commitment marks "no second key". @throws QoodError `KEY_IS_ZERO` */
export function checkKey(key: bigint): bigint {
  ensure(key !== 0n, "KEY_IS_ZERO", "batch key is 0: seal again with a new seal nonce");
  return key;
}

/** The key that data is sealed with: k1, or k1 + k2 mod p of a DISPUTED class. @throws QoodError `KEY_IS_ZERO`, `NOT_A_FIELD_ELEMENT` */
export function combineKeys(k1: bigint, k2 = 0n): bigint {
  return checkKey(addField(k1, k2));
}

/** Poseidon(DOM_KEY, k). */
export function keyCommitment(k: bigint): bigint {
  return poseidon([DOM_KEY, k]);
}

/** Commitment of key 0: the header's second one where there is one key. */
export const NO_KEY_COMMITMENT = keyCommitment(0n);

/** Key of interval i. */
export function intervalKey(k: bigint, interval: number): bigint {
  return poseidon([DOM_INTERVAL, k, BigInt(interval)]);
}

/** Keys of a batch's intervals: the fast form of {@link intervalKey}. */
export function intervalKeys(k: bigint): (interval: number) => bigint {
  return poseidonSeries(DOM_INTERVAL, k);
}

/** Key of segment s of an interval. */
export function segmentKey(key: bigint, segment: number): bigint {
  return poseidon([DOM_SEGMENT, key, BigInt(segment)]);
}

/** Keys of an interval's segments as the cipher takes them (32 bytes big-endian): the fast form of {@link segmentKey}. */
export function segmentKeys(key: bigint): (segment: number) => Uint8Array {
  const keyOf = poseidonSeries(DOM_SEGMENT, key);
  return (segment) => keyBytes(keyOf(segment));
}

/** A key as the cipher takes it: 32 bytes big-endian. */
export function keyBytes(key: bigint): Uint8Array {
  return bigintToBytes(key, 32);
}
