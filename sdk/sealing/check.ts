/** checkBatch: everything that can be checked without a key, so before paying. Every fault has a code of its own. */
import { equalBytes, fromHex, toHex, type Hex } from "../bytes/index.ts";
import { CHACHA_BLOCK } from "../crypto/chacha.ts";
import { verifyDigest } from "../crypto/ecdsa.ts";
import { keccak256 } from "../crypto/hash.ts";
import { checkDescription } from "../description/description.ts";
import type { DeviceEnvelope } from "../device/types.ts";
import { ensure } from "../errors/index.ts";
import { anchorRoot } from "../formats/anchor.ts";
import { fileDigest } from "../formats/cid.ts";
import { decodeFlags } from "../formats/flags.ts";
import { ZERO32, openHeader } from "../formats/header.ts";
import type { Header, Origin } from "../formats/header-types.ts";
import { LAYOUT_VERSION, SEGMENT_SIZE, checkLeafSize, layoutOf, type Layout } from "../formats/layout.ts";
import { LeafHasher } from "../formats/leaf.ts";
import { DATA_ROOT, MerkleTree } from "../formats/tree.ts";
import { NO_KEY_COMMITMENT, dayOf } from "../keys/index.ts";
import type { AnchorEvidence, CheckInput, CheckedBatch } from "./types.ts";

/** Largest plaintext that is opened unless the caller says otherwise, bytes. */
export const DEFAULT_MAX_RAW_LENGTH = 2 ** 30;

const checked = new WeakSet<CheckedBatch>();

/** True for what {@link checkBatch} returned. */
export function isChecked(batch: CheckedBatch): boolean {
  return checked.has(batch);
}

/**
 * Checks a batch against its header, its anchor and its device's signature. The cheap checks come first; the files are hashed last.
 *
 * Errors, by what is wrong:
 * - header: `BAD_HEX`, `OUT_OF_RANGE`, `NOT_A_FIELD_ELEMENT`, `HEADER_REST_HASH`, `HEADER_HASH`, `HEADER_FLAGS`, `HEADER_LAYOUT`,
 *   `LEAF_SIZE`, `HEADER_COMMITMENT`, `HEADER_PREVIOUS`, `HEADER_RECORDS`, `HEADER_TIMES`, `HEADER_COUNTERS`, `RAW_LENGTH_LIMIT`
 * - anchor: `ANCHOR_TSP`, `ANCHOR_MISSING`, `ANCHOR_DEPTH`, `ANCHOR_PATH`
 * - device: `DEVICE_ENVELOPE`, `DEVICE_KEY`, `BAD_DEVICE_KEY`, `DEVICE_SIGNATURE`
 * - description: `DESCRIPTION_HASH`, `DESCRIPTION_FORM`, `DESCRIPTION_MISMATCH`, `DESCRIPTION_COLUMNS`
 * - files: `STORED_LENGTHS`, `CIPHERTEXT_LENGTH`, `DATA_HASHES_LENGTH`, `CIPHERTEXT_DIGEST`, `DATA_HASHES_DIGEST`, `ROOT_MISMATCH`
 * @throws QoodError with one of these codes
 */
export function checkBatch(input: CheckInput): CheckedBatch {
  const { ciphertext, dataHashes } = input;
  // A copy: what was checked cannot change between here and opening.
  const header = structuredClone(input.header);
  const headerHash = openHeader(header);
  ensure(input.headerHash === undefined || input.headerHash.toLowerCase() === headerHash, "HEADER_HASH", "the header is not the one that was asked for");
  const flags = decodeFlags(header.words.flags);
  checkHeader(header, input.maxRawLength ?? DEFAULT_MAX_RAW_LENGTH);
  if (input.anchor !== null) checkAnchor(header, headerHash, input.anchor);
  const devicePublicKey = checkDevice(header, flags.origin, input.envelope);
  const details = checkDescription(input.description, header);
  ensure(
    input.columns === undefined || details.columns === input.columns,
    "DESCRIPTION_COLUMNS",
    `description file says ${details.columns} columns, the schema has ${input.columns ?? 0}`,
  );
  const layout = checkLengths(input, details.layout.storedLengths, details.layout.leafCount);
  ensure(toHex(fileDigest(ciphertext)) === header.rest.cipherDigest.toLowerCase(), "CIPHERTEXT_DIGEST", "the ciphertext is not the file that the header names");
  ensure(toHex(fileDigest(dataHashes)) === header.rest.dataHashDigest.toLowerCase(), "DATA_HASHES_DIGEST", "the dataHash list is not the file that the header names");
  const tree = treeOf(ciphertext, dataHashes, layout);
  ensure(equalBytes(tree.root(DATA_ROOT), fromHex(header.words.root, 32)), "ROOT_MISMATCH", "ciphertext and dataHash list do not give the header's root");
  const batch: CheckedBatch = {
    header,
    headerHash,
    flags,
    details,
    layout,
    tree,
    devicePublicKey,
    ciphertext,
    dataHashes,
    description: input.description,
  };
  checked.add(batch);
  return batch;
}

/** The header's own form. @throws QoodError as {@link checkBatch} for the header */
export function checkHeader({ words, rest }: Header, maxRawLength: number): void {
  ensure(rest.layout === LAYOUT_VERSION && rest.segmentSize === SEGMENT_SIZE, "HEADER_LAYOUT", `only layout ${LAYOUT_VERSION} with segments of ${SEGMENT_SIZE} bytes is known`);
  checkLeafSize(rest.leafSize);
  ensure(words.kc1 !== NO_KEY_COMMITMENT, "HEADER_COMMITMENT", "the header commits to key 0");
  ensure((words.sequence === 0) === (rest.previousHeader === ZERO32), "HEADER_PREVIOUS", "previous header is zero exactly for sequence 0");
  ensure(rest.records > 0, "HEADER_RECORDS", "the header states no records");
  ensure(
    rest.firstTime <= rest.lastTime && dayOf(rest.firstTime) === rest.day && dayOf(rest.lastTime) === rest.day,
    "HEADER_TIMES",
    "the header's times are not in order within its UTC day",
  );
  ensure(
    rest.firstCounter <= rest.lastCounter && (rest.firstCounter === 0) === (rest.chainBefore === ZERO32),
    "HEADER_COUNTERS",
    "the header's counters are not in order, or do not fit its chain",
  );
  ensure(rest.rawLength > 0 && rest.rawLength <= maxRawLength, "RAW_LENGTH_LIMIT", `the batch would open to ${rest.rawLength} bytes; the limit is ${maxRawLength}`);
}

/** The header is under the anchored root. @throws QoodError as {@link checkBatch} for the anchor */
export function checkAnchor({ words }: Header, headerHash: Hex, anchor: AnchorEvidence): void {
  ensure(anchor.tsp.toLowerCase() === words.tsp.toLowerCase(), "ANCHOR_TSP", "the anchor is another account's than the header's TSP");
  ensure(anchor.time > 0, "ANCHOR_MISSING", "the header's anchor is not on the chain");
  ensure(anchorRoot(headerHash, anchor.path) === anchor.root.toLowerCase(), "ANCHOR_PATH", "the header is not under the anchored root");
}

/** The device signed the chain that the header ends with. @throws QoodError as {@link checkBatch} for the device */
export function checkDevice({ rest }: Header, origin: Origin, envelope: DeviceEnvelope | null): Uint8Array | null {
  if (origin === "TSP_ATTESTED") {
    ensure(envelope === null && rest.deviceKey === ZERO32, "DEVICE_ENVELOPE", "a batch without device signatures names a device key");
    return null;
  }
  ensure(envelope !== null, "DEVICE_ENVELOPE", "the device's signature is missing");
  const publicKey = fromHex(envelope.publicKey, 64);
  ensure(toHex(keccak256(publicKey)) === rest.deviceKey.toLowerCase(), "DEVICE_KEY", "the device key is not the one that the header names");
  const signed = verifyDigest(publicKey, fromHex(rest.chainAfter, 32), fromHex(envelope.signature));
  ensure(signed, "DEVICE_SIGNATURE", "the device did not sign the chain that the header ends with");
  return publicKey;
}

function checkLengths({ header, ciphertext, dataHashes }: CheckInput, storedLengths: readonly number[], leafCount: number): Layout {
  const total = storedLengths.reduce((sum, length) => sum + length, 0);
  ensure(total === header.rest.storedLength, "STORED_LENGTHS", "the stored lengths of the intervals do not add up to the header's");
  ensure(ciphertext.length === total, "CIPHERTEXT_LENGTH", `ciphertext has ${ciphertext.length} bytes, the header says ${total}`);
  const layout = layoutOf(storedLengths, header.rest.leafSize);
  ensure(layout.leafCount === leafCount, "STORED_LENGTHS", `the layout gives ${layout.leafCount} leaves, the description file says ${leafCount}`);
  ensure(dataHashes.length === 32 * leafCount, "DATA_HASHES_LENGTH", `dataHash list has ${dataHashes.length} bytes, ${leafCount} leaves need ${32 * leafCount}`);
  return layout;
}

function treeOf(ciphertext: Uint8Array, dataHashes: Uint8Array, layout: Layout): MerkleTree {
  const leaves = Buffer.allocUnsafeSlow(32 * layout.leafCount);
  const hasher = new LeafHasher();
  for (const part of layout.segments) {
    const cipher = ciphertext.subarray(part.offset, part.offset + part.length);
    for (let at = 0, j = part.firstLeaf; at < part.length; at += layout.leafSize, j += 1) {
      hasher.leaf(leaves, dataHashes, j, part.interval, part.segment, at / CHACHA_BLOCK, cipher.subarray(at, at + layout.leafSize));
    }
  }
  return new MerkleTree(leaves);
}
