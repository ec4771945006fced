/** sealBatch: rows of device messages to ciphertext, dataHash list, description file and header. */
import { fromHex, toHex } from "../bytes/index.ts";
import { keccak256, sha256 } from "../crypto/hash.ts";
import type { DeviceEnvelope } from "../device/types.ts";
import { describe, encodeDescription } from "../description/description.ts";
import { ensure } from "../errors/index.ts";
import { digestToCid, fileDigest } from "../formats/cid.ts";
import { encodeFlags } from "../formats/flags.ts";
import { makeFrame } from "../formats/frame.ts";
import { ZERO32, hashHeader, hashRest } from "../formats/header.ts";
import type { Header, HeaderRest } from "../formats/header-types.ts";
import { encodeInterval } from "../formats/interval.ts";
import { LAYOUT_VERSION, MAX_LEAF_SIZE, SEGMENT_SIZE, checkLeafSize } from "../formats/layout.ts";
import { checkKey, combineKeys, keyCommitment } from "../keys/index.ts";
import { collect, type Collected } from "./collect.ts";
import { sealFrames } from "./frames.ts";
import type { SealInput, SealedBatch } from "./types.ts";

/**
 * Seals a batch. It draws no randomness, and verifies message signatures only when told to (`verify`: the gateway did, and the
 * seller opens the whole batch before it offers); it refuses what no header could state.
 *
 * The parts can be run and timed on their own: `collect`, `encodeInterval`, `makeFrame`, `sealFrames`, `fileDigest`.
 * @throws QoodError `SEAL_*`, `KEY_IS_ZERO` (take a new seal nonce), `LEAF_SIZE`, and those of formats for values out of range
 */
export function sealBatch(input: SealInput): SealedBatch {
  const content = collect(input);
  const frames = content.intervals.map((blocks): FramedInterval => {
    const raw = encodeInterval(blocks, input.columns);
    return { ...makeFrame(raw), rawLength: raw.length };
  });
  return assembleBatch(input, content, frames);
}

/** An interval ready for encryption. */
export interface FramedInterval {
  frame: Uint8Array;
  rawLength: number;
  compressedLength: number;
}

/** The second half of {@link sealBatch}: encrypts frames and writes description and header about them. */
export function assembleBatch(input: SealInput, content: Collected, framed: readonly FramedInterval[]): SealedBatch {
  const leafSize = input.leafSize ?? MAX_LEAF_SIZE;
  checkLeafSize(leafSize);
  const { header: wanted, keys } = input;
  if (keys.k2 !== undefined) checkKey(keys.k2);
  const k = combineKeys(checkKey(keys.k1), keys.k2);
  ensure((wanted.sequence === 0) === (wanted.previousHeader === ZERO32), "SEAL_PREVIOUS", "previous header is zero exactly for sequence 0");
  ensure(
    (wanted.flags.origin === "TSP_ATTESTED") === (wanted.devicePublicKey === null),
    "SEAL_DEVICE_KEY",
    "a device key is named exactly when the origin is a device",
  );
  const frames = framed.map(({ frame }) => frame);
  const rawLength = framed.reduce((sum, interval) => sum + interval.rawLength, 0);
  const compressedLength = framed.reduce((sum, interval) => sum + interval.compressedLength, 0);
  const { ciphertext, dataHashes, layout, root } = sealFrames(frames, k, leafSize);

  const cipherDigest = fileDigest(ciphertext);
  const dataHashDigest = fileDigest(dataHashes);
  const rest: Omit<HeaderRest, "descriptionHash"> = {
    previousHeader: wanted.previousHeader,
    sealNonce: wanted.sealNonce,
    keyEpoch: wanted.keyEpoch,
    day: content.day,
    leafSize,
    segmentSize: SEGMENT_SIZE,
    layout: LAYOUT_VERSION,
    schema: wanted.schema,
    dictionaryVersion: wanted.dictionaryVersion,
    firstTime: content.firstTime,
    lastTime: content.lastTime,
    records: content.records,
    rawLength,
    storedLength: ciphertext.length,
    cipherDigest: toHex(cipherDigest),
    dataHashDigest: toHex(dataHashDigest),
    deviceKey: wanted.devicePublicKey === null ? ZERO32 : toHex(keccak256(fromHex(wanted.devicePublicKey, 64))),
    firstCounter: content.firstCounter,
    lastCounter: content.lastCounter,
    chainBefore: input.chainBefore,
    chainAfter: content.chainAfter,
  };
  const description = encodeDescription(
    describe(
      { root: toHex(root), rest },
      { columns: input.columns, leafCount: layout.leafCount, storedLengths: frames.map((frame) => frame.length), time: input.publicFields?.time ?? true, h3: input.publicFields?.h3 },
    ),
  );
  const fullRest: HeaderRest = { ...rest, descriptionHash: toHex(sha256(description)) };
  const header: Header = {
    words: {
      stream: wanted.stream,
      sequence: wanted.sequence,
      tsp: wanted.tsp,
      root: toHex(root),
      kc1: keyCommitment(keys.k1),
      kc2: keyCommitment(keys.k2 ?? 0n),
      flags: encodeFlags(wanted.flags),
      restHash: hashRest(fullRest),
    },
    rest: fullRest,
  };
  return {
    ciphertext,
    dataHashes,
    description,
    header,
    headerHash: hashHeader(header.words),
    envelope: envelopeOf(input, content),
    cids: { ciphertext: digestToCid(cipherDigest), dataHashes: digestToCid(dataHashDigest) },
    leafCount: layout.leafCount,
    bytes: { raw: rawLength, compressed: compressedLength, stored: ciphertext.length },
  };
}

function envelopeOf(input: SealInput, content: Collected): DeviceEnvelope | null {
  const publicKey = input.header.devicePublicKey;
  return publicKey === null || content.lastSignature === null ? null : { publicKey, signature: toHex(content.lastSignature) };
}
