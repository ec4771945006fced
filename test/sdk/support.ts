/** Batches for tests: seeded, small, and able to lie. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { toHex, type Hex } from "@qoodblock/sdk/bytes";
import { publicKeyOf } from "@qoodblock/sdk/crypto";
import { CHAIN_START, MessageSigner, type ChainState } from "@qoodblock/sdk/device";
import { QoodError } from "@qoodblock/sdk/errors";
import { ZERO32, encodeRow, schemaHash, type Row } from "@qoodblock/sdk/formats";
import { batchKey, dayOf, daySecret, mnemonicToSeed, streamSecret } from "@qoodblock/sdk/keys";
import type { CheckInput, SealInput, SealInterval, SealMessage, SealedBatch } from "@qoodblock/sdk/sealing";

/** BIP-39's own test phrase. */
export const PHRASE = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
export const STREAM: Hex = `0x${"11".repeat(32)}`;
export const TSP: Hex = `0x${"22".repeat(20)}`;
export const DEVICE_KEY = createHash("sha256").update("test device").digest();
export const OTHER_KEY = createHash("sha256").update("another device").digest();
export const DAY_START = 1_700_006_400_000;

/** Bytes that depend on a label only. */
export function bytesOf(label: string, length: number): Uint8Array {
  const out = Buffer.alloc(length);
  for (let at = 0, i = 0; at < length; i += 1) at += createHash("sha256").update(`${label}/${i}`).digest().copy(out, at);
  return out;
}

/** Seeded pseudo-random numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rows with times 100 ms apart. */
export function makeRows(count: number, columns: number, seed = 1, start = DAY_START): Row[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, i) => [
    start + 100 * i,
    ...Array.from({ length: columns - 1 }, () => (next() < 0.1 ? null : Math.floor((next() - 0.3) * 2 ** Math.floor(next() * 40)))),
  ]);
}

/** Rows cut into signed messages, in order; every `dropEvery`-th row is left out. */
export function makeMessages(rows: readonly Row[], perMessage: number, options: { signed?: boolean; dropEvery?: number; state?: ChainState } = {}): SealMessage[] {
  const signer = new MessageSigner({ privateKey: DEVICE_KEY, stream: STREAM, state: options.state ?? CHAIN_START });
  const messages: SealMessage[] = [];
  for (let at = 0; at < rows.length; at += perMessage) {
    const own = rows.slice(at, at + perMessage);
    const { counter, salt16, signature, rows: bytes } = signer.sign(own.map(encodeRow), bytesOf(`salt ${signer.state.nextCounter}`, 16));
    const dropped = options.dropEvery === undefined ? [] : own.map((_, i) => i).filter((i) => (at + i) % (options.dropEvery ?? 1) === 1);
    messages.push({ counter, salt16, signature: options.signed === false ? null : signature, rows: bytes, dropped });
  }
  return messages;
}

/** Messages grouped to blocks and intervals. */
export function group(messages: readonly SealMessage[], perBlock: number, perInterval: number): SealInterval[] {
  const intervals: SealInterval[] = [];
  for (let at = 0; at < messages.length; at += perBlock * perInterval) {
    const blocks = [];
    for (let i = at; i < Math.min(messages.length, at + perBlock * perInterval); i += perBlock) blocks.push({ messages: messages.slice(i, Math.min(i + perBlock, at + perBlock * perInterval)) });
    intervals.push({ blocks });
  }
  return intervals;
}

export interface Recipe {
  rows?: readonly Row[];
  columns?: number;
  perMessage?: number;
  perBlock?: number;
  perInterval?: number;
  origin?: "TSP_ATTESTED" | "DEVICE_SIGNED";
  dropEvery?: number;
  k2?: bigint;
  leafSize?: number;
  state?: ChainState;
  sequence?: number;
}

/** Input of `sealBatch` by a short recipe. */
export function sealInput(recipe: Recipe = {}): SealInput {
  const columns = recipe.columns ?? 4;
  const rows = recipe.rows ?? makeRows(40, columns);
  const signed = recipe.origin !== "TSP_ATTESTED";
  const sequence = recipe.sequence ?? 0;
  const sealNonce = toHex(bytesOf("seal nonce", 32));
  const messages = makeMessages(rows, recipe.perMessage ?? 5, {
    signed,
    ...(recipe.dropEvery === undefined ? {} : { dropEvery: recipe.dropEvery }),
    ...(recipe.state === undefined ? {} : { state: recipe.state }),
  });
  const k1 = batchKey(daySecret(streamSecret(mnemonicToSeed(PHRASE), STREAM, 0), dayOf(DAY_START)), STREAM, sequence, sealNonce);
  return {
    header: {
      stream: STREAM,
      sequence,
      tsp: TSP,
      flags: { exclusive: false, origin: recipe.origin ?? "DEVICE_SIGNED" },
      previousHeader: sequence === 0 ? ZERO32 : toHex(bytesOf("previous", 32)),
      sealNonce,
      keyEpoch: 0,
      schema: schemaHash("test", "1"),
      dictionaryVersion: 1,
      devicePublicKey: signed ? toHex(publicKeyOf(DEVICE_KEY)) : null,
    },
    keys: recipe.k2 === undefined ? { k1 } : { k1, k2: recipe.k2 },
    intervals: group(messages, recipe.perBlock ?? 2, recipe.perInterval ?? 2),
    columns,
    chainBefore: recipe.state?.chain ?? ZERO32,
    ...(recipe.leafSize === undefined ? {} : { leafSize: recipe.leafSize }),
  };
}

/** What a buyer would check, with a fresh copy of every file. */
export function checkInput(sealed: SealedBatch): CheckInput {
  return {
    header: structuredClone(sealed.header),
    envelope: structuredClone(sealed.envelope),
    ciphertext: Uint8Array.from(sealed.ciphertext),
    dataHashes: Uint8Array.from(sealed.dataHashes),
    description: Uint8Array.from(sealed.description),
    anchor: null,
  };
}

/** Flips one bit. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[bit >>> 3]! ^= 1 << (bit & 7);
  return out;
}

/** Asserts that `act` throws a QoodError with one of the codes. */
export function throwsCode(act: () => unknown, ...codes: readonly string[]): QoodError {
  try {
    act();
  } catch (error) {
    if (!(error instanceof QoodError)) throw error;
    assert.ok(codes.includes(error.code), `expected ${codes.join(" or ")}, got ${error.code}: ${error.message}`);
    return error;
  }
  return assert.fail(`expected ${codes.join(" or ")}, but nothing was thrown`);
}
