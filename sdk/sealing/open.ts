/** openBatch: with the key, everything else is checked, and the rows come out. */
import { fromHex, toHex } from "../bytes/index.ts";
import { verifyingKey, type VerifyingKey } from "../crypto/verifier.ts";
import { sha256 } from "../crypto/hash.ts";
import { checkSignature } from "../device/chain.ts";
import { ensure } from "../errors/index.ts";
import { readFrame } from "../formats/frame.ts";
import { decodeInterval, type BlockRecord, type MessageRecord } from "../formats/interval.ts";
import { chainPreimage, rowHashes, rowsRoot } from "../formats/message.ts";
import { encodeRow, type Row } from "../formats/row.ts";
import { combineKeys, intervalKey, keyCommitment } from "../keys/index.ts";
import { decryptInterval, ensureChecked } from "./decrypt.ts";
import type { BatchKeys, ChainLink, CheckedBatch, OpenedBatch, OpenedInterval } from "./types.ts";

/** Stands for a dropped row, of which only the hash is there. */
const NOTHING = new Uint8Array();

/**
 * Opens a checked batch with its key (or both parts of a DISPUTED one).
 *
 * Errors: `NOT_CHECKED`; `KEY_COMMITMENT` (details: which), `KEY_IS_ZERO`, `NOT_A_FIELD_ELEMENT`; `DATA_HASH_MISMATCH`;
 * `FRAME_LENGTH`, `FRAME_PADDING`, `FRAME_ZSTD`, `RAW_LENGTH`; `CBOR_*`, `INTERVAL_SHAPE`;
 * `MESSAGE_COUNTER`, `MESSAGE_UNSIGNED`, `MESSAGE_SIGNATURE` (details: counter), `CHAIN_MISMATCH`;
 * `TIME_ORDER`, `TIME_RANGE`, `RECORD_COUNT`.
 * From `FRAME_LENGTH` on the TSP sealed what contradicts its own header: evidence against it.
 * @throws QoodError with one of these codes
 */
export function openBatch(batch: CheckedBatch, keys: BatchKeys): OpenedBatch {
  ensureChecked(batch);
  const k = checkKeys(batch, keys);
  const walker = new Walker(batch);
  let left = batch.header.rest.rawLength;
  const intervals = batch.details.layout.storedLengths.map((_, index): OpenedInterval => {
    const raw = readFrame(decryptInterval(batch, index, intervalKey(k, index)), left);
    left -= raw.length;
    const blocks = decodeInterval(raw, batch.details.columns);
    for (const block of blocks) walker.block(block);
    return { blocks };
  });
  ensure(left === 0, "RAW_LENGTH", `the intervals are ${left} bytes shorter than the header says`);
  return { intervals, rows: walker.rows, dropped: walker.dropped, lastLink: walker.end() };
}

/**
 * Opens one interval with its own key: what a free grant gives. Leaves and structure are checked; the device's chain is not,
 * because it runs through the whole batch.
 * @throws QoodError as {@link openBatch}, and `BAD_INTERVAL_INDEX`; a wrong key shows as `DATA_HASH_MISMATCH`
 */
export function openInterval(batch: CheckedBatch, interval: number, key: bigint): OpenedInterval {
  ensureChecked(batch);
  const raw = readFrame(decryptInterval(batch, interval, key), batch.header.rest.rawLength);
  return { blocks: decodeInterval(raw, batch.details.columns) };
}

/** Checks keys against the header's commitments and gives the key of the data. @throws QoodError `KEY_COMMITMENT`, `KEY_IS_ZERO`, `NOT_A_FIELD_ELEMENT` */
export function checkKeys(batch: CheckedBatch, keys: BatchKeys): bigint {
  checkCommitments(batch, keys);
  return combineKeys(keys.k1, keys.k2);
}

/** Checks keys against the header's commitments. @throws QoodError `KEY_COMMITMENT` (details: which), `NOT_A_FIELD_ELEMENT` */
export function checkCommitments(batch: CheckedBatch, { k1, k2 = 0n }: BatchKeys): void {
  const { kc1, kc2 } = batch.header.words;
  ensure(keyCommitment(k1) === kc1, "KEY_COMMITMENT", "key 1 is not the one that the header commits to", { which: 1 });
  ensure(keyCommitment(k2) === kc2, "KEY_COMMITMENT", "key 2 is not the one that the header commits to", { which: 2 });
}

/** Follows rows and messages through a batch and compares them with the header. */
class Walker {
  readonly rows: Row[] = [];
  dropped = 0;
  private readonly batch: CheckedBatch;
  private readonly stream: Uint8Array;
  private readonly key: VerifyingKey | null;
  private chain: Uint8Array;
  private link: { previous: Uint8Array; rowsRoot: Uint8Array };
  private counter: number;
  private lastTime: number;

  constructor(batch: CheckedBatch) {
    const { words, rest } = batch.header;
    this.batch = batch;
    this.stream = fromHex(words.stream, 32);
    this.key = batch.devicePublicKey === null ? null : verifyingKey(batch.devicePublicKey);
    this.chain = fromHex(rest.chainBefore, 32);
    this.link = { previous: this.chain, rowsRoot: new Uint8Array(32) };
    this.counter = rest.firstCounter;
    this.lastTime = rest.firstTime;
  }

  block(block: BlockRecord): void {
    let at = 0;
    for (const message of block.messages) {
      this.message(message, block.rows, at);
      at += message.rowCount - message.dropped.length;
    }
    for (const row of block.rows) this.row(row);
  }

  /** Compares with the header. @returns the chain's last link */
  end(): ChainLink {
    const { rest } = this.batch.header;
    ensure(this.counter === rest.lastCounter + 1, "MESSAGE_COUNTER", `the last message has counter ${this.counter - 1}, the header says ${rest.lastCounter}`);
    ensure(toHex(this.chain) === rest.chainAfter.toLowerCase(), "CHAIN_MISMATCH", "the messages do not give the chain that the header ends with");
    ensure(this.rows.length === rest.records, "RECORD_COUNT", `the batch has ${this.rows.length} records, the header says ${rest.records}`);
    ensure(this.rows[0]?.[0] === rest.firstTime && this.lastTime === rest.lastTime, "TIME_RANGE", "the records' times are not those of the header");
    return { previous: toHex(this.link.previous), rowsRoot: toHex(this.link.rowsRoot) };
  }

  private message(message: MessageRecord, rows: readonly Row[], from: number): void {
    const { counter } = message;
    ensure(counter === this.counter, "MESSAGE_COUNTER", `message ${counter} stands where ${this.counter} must`, { counter });
    const bytes: Uint8Array[] = [];
    for (let index = 0, kept = from, gone = 0; index < message.rowCount; index += 1) {
      if (message.dropped[gone]?.index === index) {
        bytes.push(NOTHING);
        gone += 1;
      } else {
        bytes.push(encodeRow(rows[kept]!));
        kept += 1;
      }
    }
    const hashes = rowHashes(message.salt16, bytes);
    for (const { index, rowHash } of message.dropped) hashes.set(rowHash, 32 * index);
    this.link = { previous: this.chain, rowsRoot: rowsRoot(hashes) };
    const signed = chainPreimage(this.chain, this.stream, counter, this.link.rowsRoot);
    checkSignature(this.key, counter, signed, message.signature);
    this.chain = sha256(signed);
    this.counter += 1;
    this.dropped += message.dropped.length;
  }

  private row(row: Row): void {
    const time = row[0];
    ensure(typeof time === "number" && time >= this.lastTime, "TIME_ORDER", `record ${this.rows.length} is older than the one before it`);
    this.lastTime = time;
    this.rows.push(row);
  }
}
