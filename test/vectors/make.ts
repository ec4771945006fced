/**
 * Makes the vectors from the SDK: `node test/vectors/make.ts > test/vectors/formats-v1.json`. They are frozen: a difference means that
 * the formats changed, which raises the version in their tags. zstd's output is not canonical, so a batch starts from frames.
 */
import { createHash } from "node:crypto";
import { toHex, type Hex } from "@qoodblock/sdk/bytes";
import { poseidon, publicKeyOf, sha256 } from "@qoodblock/sdk/crypto";
import { describe as describeBatch, encodeDescription } from "@qoodblock/sdk/description";
import { CHAIN_START, MessageSigner } from "@qoodblock/sdk/device";
import {
  DOM_INTERVAL,
  DOM_KDF,
  DOM_KEY,
  DOM_PRF,
  DOM_SEGMENT,
  DOM_WRAP,
  anchorTree,
  digestToCid,
  encodeInterval,
  encodeRow,
  fileDigest,
  hashHeader,
  hashRest,
  rowHashes,
  rowsRoot,
  schemaHash,
  storedLengthOf,
  streamHandle,
  type HeaderRest,
  type HeaderWords,
} from "@qoodblock/sdk/formats";
import { batchKey, dayOf, daySecret, intervalKey, keyCommitment, mnemonicToSeed, segmentKey, streamSecret } from "@qoodblock/sdk/keys";
import { sealFrames } from "@qoodblock/sdk/sealing";

/** SHA-256 of `label/0`, `label/1`, ... one after the other, cut to `length`: large inputs by name. */
export function expand(label: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash("sha256").update(`${label}/${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

/** Every vector, from its inputs. */
export function makeVectors(): unknown {
  const handle = {
    input: { chainId: "31337", registry: `0x${"5f".repeat(20)}`, vehicle: "7", epoch: 1, dataClass: "USER", privacy: "ORDINARY", name: "vector", version: "1" },
    schema: schemaHash("vector", "1"),
    handle: streamHandle({ chainId: 31_337n, registry: `0x${"5f".repeat(20)}`, vehicle: 7n, epoch: 1, dataClass: "USER", privacy: "ORDINARY", schema: schemaHash("vector", "1") }),
  };
  const stream = handle.handle;
  const time = 1_700_006_400_000;
  const keys = makeKeys(stream, dayOf(time));
  const k = BigInt(keys.k);

  const privateKey = sha256(Buffer.from("vector device"));
  const signer = new MessageSigner({ privateKey, stream });
  const rows = [
    [[time, 0, -1, null], [time + 100, 24, -25, 255]],
    [[time + 100, 65_536, -65_537, 2 ** 32]],
    [[time + 300, null, null, null], [time + 400, 1, 2, 3], [time + 500, -(2 ** 32) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]],
  ];
  const messages = rows.map((values, i) => {
    const salt16 = expand(`vector salt ${i}`, 16);
    const bytes = values.map(encodeRow);
    const { counter, signature } = signer.sign(bytes, salt16);
    return { counter, salt16: toHex(salt16), rows: bytes.map(toHex), values, rowsRoot: toHex(rowsRoot(rowHashes(salt16, bytes))), chain: signer.state.chain, signature: toHex(signature!) };
  });
  // Row 1 of message 2 is dropped.
  const droppedHash = rowHashes(expand("vector salt 2", 16), rows[2]!.map(encodeRow)).subarray(32, 64);
  const raw = encodeInterval(
    [
      {
        firstTime: time,
        messages: messages.map((message, i) => ({
          counter: message.counter,
          salt16: expand(`vector salt ${i}`, 16),
          rowCount: message.rows.length,
          dropped: i === 2 ? [{ index: 1, rowHash: droppedHash }] : [],
          signature: Uint8Array.from(Buffer.from(message.signature.slice(2), "hex")),
        })),
        rows: [...rows[0]!, ...rows[1]!, rows[2]![0]!, rows[2]![2]!],
      },
    ],
    4,
  );

  const batches = [
    { frames: [["one leaf", 64]] as const, leafSize: 4096 },
    { frames: [["two segments", 69_632], ["short", 192]] as const, leafSize: 4096 },
    { frames: [["small leaves", 1088], ["more", 64], ["end", 320]] as const, leafSize: 128 },
  ].map(({ frames, leafSize }) => {
    const sealed = sealFrames(frames.map(([label, length]) => expand(label, length)), k, leafSize);
    return {
      frames: frames.map(([label, length]) => ({ label, length })),
      leafSize,
      leafCount: sealed.layout.leafCount,
      segmentKeys: frames.map(([, length], i) => Array.from({ length: Math.ceil(length / 65_536) }, (_, s) => segmentKey(intervalKey(k, i), s).toString())),
      ciphertextSha256: toHex(sha256(sealed.ciphertext)),
      dataHashesSha256: toHex(sha256(sealed.dataHashes)),
      root: toHex(sealed.root),
      lastPath: sealed.tree.path(sealed.layout.leafCount - 1).map(toHex),
      cids: { ciphertext: digestToCid(fileDigest(sealed.ciphertext)), dataHashes: digestToCid(fileDigest(sealed.dataHashes)) },
    };
  });

  const batch = batches[1]!;
  const partial: Omit<HeaderRest, "descriptionHash"> = {
    previousHeader: `0x${"00".repeat(32)}`,
    sealNonce: keys.sealNonce,
    keyEpoch: keys.keyEpoch,
    day: keys.day,
    leafSize: batch.leafSize,
    segmentSize: 65_536,
    layout: 1,
    schema: handle.schema,
    dictionaryVersion: 1,
    firstTime: time,
    lastTime: time + 500,
    records: 5,
    rawLength: raw.length,
    storedLength: 69_824,
    cipherDigest: toHex(fileDigest(sealFrames(batch.frames.map(({ label, length }) => expand(label, length)), k, 4096).ciphertext)),
    dataHashDigest: toHex(fileDigest(sealFrames(batch.frames.map(({ label, length }) => expand(label, length)), k, 4096).dataHashes)),
    deviceKey: `0x${"dd".repeat(32)}`,
    firstCounter: 0,
    lastCounter: 2,
    chainBefore: CHAIN_START.chain,
    chainAfter: signer.state.chain,
  };
  const description = encodeDescription(describeBatch({ root: batch.root, rest: partial }, { columns: 4, leafCount: batch.leafCount, storedLengths: [69_632, 192], time: true, h3: ["861203a4fffffff"] }));
  const rest: HeaderRest = { ...partial, descriptionHash: toHex(sha256(description)) };
  const words: HeaderWords = {
    stream,
    sequence: keys.sequence,
    tsp: `0x${"7e".repeat(20)}`,
    root: batch.root,
    kc1: keyCommitment(k),
    kc2: keyCommitment(0n),
    flags: 2n,
    restHash: hashRest(rest),
  };

  const anchors = [1, 2, 3, 5, 8].map((count) => {
    const headerHashes = Array.from({ length: count }, (_, i) => toHex(expand(`vector header ${i}`, 32)));
    const { root, paths, listHash, listDigest } = anchorTree(headerHashes);
    return { headerHashes, root, paths, listHash, listDigest };
  });

  return {
    domains: Object.fromEntries(Object.entries({ DOM_KEY, DOM_INTERVAL, DOM_SEGMENT, DOM_KDF, DOM_WRAP, DOM_PRF }).map(([name, value]) => [name, value.toString()])),
    poseidon: [[1n], [1n, 2n], [1n, 2n, 3n], [1n, 2n, 3n, 4n], [0n, 0n]].map((inputs) => ({ inputs: inputs.map(String), output: poseidon(inputs).toString() })),
    handle,
    keys,
    device: { privateKey: toHex(privateKey), publicKey: toHex(publicKeyOf(privateKey)), stream, messages },
    interval: { columns: 4, raw: toHex(raw), note: "row 1 of message 2 is dropped" },
    stored: [1, 59, 60, 61, 124, 1000, 65_532, 100_000, 1_048_576].map((frameLength) => ({ frameLength, stored: storedLengthOf(frameLength) })),
    batches,
    description: Buffer.from(description).toString("utf8"),
    header: { words: { ...words, kc1: words.kc1.toString(), kc2: words.kc2.toString(), flags: words.flags.toString() }, rest, restHash: words.restHash, headerHash: hashHeader(words) },
    cids: [["cid", 1], ["cid", 1_048_576], ["cid", 1_048_577]].map(([label, length]) => ({ label, length, cid: digestToCid(fileDigest(expand(String(label), Number(length)))) })),
    anchors,
  };
}

function makeKeys(stream: Hex, day: number): { mnemonic: string; seed: Hex; keyEpoch: number; day: number; sequence: number; sealNonce: Hex; streamSecret: Hex; daySecret: Hex; k: string; commitment: string; noKeyCommitment: string; intervalKeys: string[]; segmentKeysOfInterval0: string[] } {
  const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
  const seed = mnemonicToSeed(mnemonic);
  const sealNonce = toHex(expand("vector nonce", 32));
  const secret = streamSecret(seed, stream, 3);
  const ofDay = daySecret(secret, day);
  const k = batchKey(ofDay, stream, 0, sealNonce);
  return {
    mnemonic,
    seed: toHex(seed),
    keyEpoch: 3,
    day,
    sequence: 0,
    sealNonce,
    streamSecret: toHex(secret),
    daySecret: toHex(ofDay),
    k: k.toString(),
    commitment: keyCommitment(k).toString(),
    noKeyCommitment: keyCommitment(0n).toString(),
    intervalKeys: [0, 1, 2].map((i) => intervalKey(k, i).toString()),
    segmentKeysOfInterval0: [0, 1, 2].map((s) => segmentKey(intervalKey(k, 0), s).toString()),
  };
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(makeVectors(), null, 2)}\n`);
