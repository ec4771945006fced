/**
 * A second implementation of the formats, written from their description with node:crypto and ethers' keccak alone: nothing of the
 * SDK is imported. Slow and plain on purpose. Poseidon is handed in where it is needed; it has vectors of its own.
 */
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { AbiCoder, concat, keccak256, toUtf8Bytes } from "ethers";

export const PRIME = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

export const H = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
export const u32 = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, "0"), "hex");
export const u64 = (value: number): Buffer => Buffer.from(value.toString(16).padStart(16, "0"), "hex");
export const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
export const unhex = (text: string): Buffer => Buffer.from(text.slice(2), "hex");
export const tag = (text: string): string => keccak256(toUtf8Bytes(text));
export const D = (text: string): bigint => BigInt(tag(text)) >> 8n;

/** RFC 5869 by its two steps. */
export function hkdf(secret: Uint8Array, salt: string, info: Uint8Array, length: number): Buffer {
  const prk = createHmac("sha256", salt).update(secret).digest();
  const blocks: Buffer[] = [];
  for (let i = 1; 32 * blocks.length < length; i += 1) {
    blocks.push(createHmac("sha256", prk).update(Buffer.concat([blocks.at(-1) ?? Buffer.alloc(0), info, Buffer.from([i])])).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

export function keyHierarchy(seed: Uint8Array, handle: string, keyEpoch: number, day: number, sequence: number, sealNonce: string): { stream: Buffer; day: Buffer; k: bigint } {
  const stream = hkdf(seed, "qood/stream/v1", Buffer.concat([unhex(handle), u64(keyEpoch)]), 32);
  const daySecret = hkdf(stream, "qood/day/v1", u32(day), 32);
  const wide = hkdf(daySecret, "qood/batch/v1", Buffer.concat([unhex(handle), u64(sequence), unhex(sealNonce)]), 48);
  return { stream, day: daySecret, k: BigInt(hex(wide)) % PRIME };
}

/** Pads to a power of two, hashes pairs, binds the count. */
export function root(rootTag: number, leaves: readonly Buffer[]): Buffer {
  let level = [...leaves];
  while ((level.length & (level.length - 1)) !== 0) level.push(Buffer.alloc(32));
  while (level.length > 1) level = level.filter((_, i) => i % 2 === 0).map((left, i) => H(Buffer.from([1]), left, level[2 * i + 1]!));
  return H(Buffer.from([rootTag]), u32(leaves.length), level[0]!);
}

type KeyStep = (key: bigint, index: number) => bigint;

/** Ciphertext, dataHash list, leaves and root of padded frames. */
export function dataRoot(frames: readonly Uint8Array[], k: bigint, leafSize: number, intervalKey: KeyStep, segmentKey: KeyStep): { ciphertext: Buffer; dataHashes: Buffer; root: Buffer; leafCount: number } {
  const leaves: Buffer[] = [];
  const dataHashes: Buffer[] = [];
  const ciphers: Buffer[] = [];
  frames.forEach((frame, interval) => {
    const key = intervalKey(k, interval);
    for (let segment = 0; segment * 65_536 < frame.length; segment += 1) {
      const plain = frame.subarray(segment * 65_536, (segment + 1) * 65_536);
      const segmentBytes = Buffer.from(segmentKey(key, segment).toString(16).padStart(64, "0"), "hex");
      const cipher = createCipheriv("chacha20", segmentBytes, Buffer.alloc(16)).update(plain);
      ciphers.push(cipher);
      for (let at = 0; at < plain.length; at += leafSize) {
        const j = leaves.length;
        const plainLeaf = plain.subarray(at, at + leafSize);
        const salt = H(Buffer.from("qood/salt/v1"), segmentBytes, u32(j));
        const dataHash = H(Buffer.from([2]), salt, plainLeaf);
        dataHashes.push(dataHash);
        leaves.push(H(Buffer.from([0]), u32(j), u32(interval), u32(segment), u32(at / 64), u32(plainLeaf.length), H(cipher.subarray(at, at + leafSize)), dataHash));
      }
    }
  });
  return { ciphertext: Buffer.concat(ciphers), dataHashes: Buffer.concat(dataHashes), root: root(3, leaves), leafCount: leaves.length };
}

/** rowsRoot and chain of one message. */
export function messageChain(previous: string, stream: string, counter: number, salt16: Uint8Array, rows: readonly Uint8Array[]): { rowsRoot: Buffer; chain: Buffer } {
  const hashes = rows.map((row, i) => H(Buffer.from([4]), H(Buffer.from([5]), salt16, u32(i)), row));
  const rowsRoot = root(6, hashes);
  return { rowsRoot, chain: H(Buffer.from("qood/msg/v1"), unhex(previous), unhex(stream), u64(counter), rowsRoot) };
}

/** The header's second level, in order. */
const REST = {
  previousHeader: "bytes32",
  sealNonce: "bytes32",
  keyEpoch: "uint64",
  day: "uint32",
  leafSize: "uint32",
  segmentSize: "uint32",
  layout: "uint16",
  schema: "bytes32",
  dictionaryVersion: "uint32",
  firstTime: "uint64",
  lastTime: "uint64",
  records: "uint32",
  rawLength: "uint64",
  storedLength: "uint64",
  cipherDigest: "bytes32",
  dataHashDigest: "bytes32",
  descriptionHash: "bytes32",
  deviceKey: "bytes32",
  firstCounter: "uint64",
  lastCounter: "uint64",
  chainBefore: "bytes32",
  chainAfter: "bytes32",
};
const WORDS = { stream: "bytes32", sequence: "uint64", tsp: "address", root: "bytes32", kc1: "uint256", kc2: "uint256", flags: "uint256" };

/** Both header hashes, by ethers' ABI coder. */
export function headerHashes(words: object, rest: object): { restHash: string; headerHash: string } {
  const values = (fields: object, from: object): unknown[] => Object.keys(fields).map((name) => (from as Record<string, unknown>)[name]);
  const coder = AbiCoder.defaultAbiCoder();
  const restHash = keccak256(coder.encode(Object.values(REST), values(REST, rest)));
  const types = ["bytes32", ...Object.values(WORDS), "bytes32"];
  return { restHash, headerHash: keccak256(coder.encode(types, [tag("qood/header/v1"), ...values(WORDS, words), restHash])) };
}

export function handleOf(chainId: bigint, registry: string, vehicle: bigint, epoch: number, dataClass: number, privacy: number, name: string, version: string): string {
  const types = ["bytes32", "uint256", "address", "uint256", "uint64", "uint8", "uint8", "bytes32"];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [tag("qood/handle/v1"), chainId, registry, vehicle, epoch, dataClass, privacy, tag(`${name}@${version}`)]));
}

/** A path as OpenZeppelin's MerkleProof walks it. */
export function processProof(path: readonly string[], leaf: string): string {
  return path.reduce((node, sibling) => (node < sibling ? keccak256(concat([node, sibling])) : keccak256(concat([sibling, node]))), leaf);
}

/** keccak-256 of bytes as 0x-hex. */
export const keccakHex = (bytes: Uint8Array): string => keccak256(bytes);
