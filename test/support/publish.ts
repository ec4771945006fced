/** A sealer's batch with header and description that fit it in every hash, as a dishonest TSP would publish it. */
import { toHex } from "@qoodblock/sdk/bytes";
import { sha256 } from "@qoodblock/sdk/crypto";
import { describe, encodeDescription } from "@qoodblock/sdk/description";
import { fileDigest, hashHeader, hashRest, schemaHash, ZERO32, type Header, type HeaderRest } from "@qoodblock/sdk/formats";
import type { CheckInput } from "@qoodblock/sdk/sealing";
import type { Batch } from "./sealer.ts";

const DAY = 20_000;
const START = DAY * 86_400_000;

/** Where what is published differs from what was sealed. */
export interface Published {
  /** Stored length of each interval, bytes. */
  storedLengths: readonly number[];
  leafSize: number;
  /** Default: the batch's own. */
  ciphertext?: Uint8Array;
  dataHashes?: Uint8Array;
  root?: Uint8Array;
}

/** What a buyer is given to check; not anchored. */
export function publish(batch: Batch, { storedLengths, leafSize, ciphertext = batch.ciphertext, dataHashes = batch.dataHashes, root = batch.root }: Published): CheckInput {
  const storedLength = storedLengths.reduce((sum, length) => sum + length, 0);
  const rest: Omit<HeaderRest, "descriptionHash"> = {
    previousHeader: ZERO32,
    sealNonce: toHex(sha256(batch.root)),
    keyEpoch: 0,
    day: DAY,
    leafSize,
    segmentSize: 65_536,
    layout: 1,
    schema: schemaHash("test", "1"),
    dictionaryVersion: 1,
    firstTime: START,
    lastTime: START + 1000,
    records: 2,
    rawLength: 100,
    storedLength,
    cipherDigest: toHex(fileDigest(ciphertext)),
    dataHashDigest: toHex(fileDigest(dataHashes)),
    deviceKey: ZERO32,
    firstCounter: 0,
    lastCounter: 0,
    chainBefore: ZERO32,
    chainAfter: toHex(sha256(batch.root)),
  };
  const leafCount = storedLengths.reduce((sum, stored) => {
    const whole = Math.floor(stored / 65_536);
    return sum + whole * Math.ceil(65_536 / leafSize) + Math.ceil((stored % 65_536) / leafSize);
  }, 0);
  const description = encodeDescription(describe({ root: toHex(root), rest }, { columns: 3, leafCount, storedLengths, time: true }));
  const full: HeaderRest = { ...rest, descriptionHash: toHex(sha256(description)) };
  const [kc1, kc2] = batch.commitments;
  const words: Header["words"] = { stream: `0x${"11".repeat(32)}`, sequence: 0, tsp: `0x${"22".repeat(20)}`, root: toHex(root), kc1, kc2, flags: 0n, restHash: hashRest(full) };
  return { header: { words, rest: full }, headerHash: hashHeader(words), envelope: null, anchor: null, ciphertext, dataHashes, description };
}
