/** From device messages to what an interval's plaintext holds, with the facts that the header states about them. */
import { fromHex, toHex, type Hex } from "../bytes/index.ts";
import { verifyingKey, type VerifyingKey } from "../crypto/verifier.ts";
import { sha256 } from "../crypto/hash.ts";
import { checkSignature } from "../device/chain.ts";
import { chainPreimage, rowHashes, rowsRoot } from "../formats/message.ts";
import type { BlockRecord, MessageRecord } from "../formats/interval.ts";
import { decodeRow, type Row } from "../formats/row.ts";
import { ensure } from "../errors/index.ts";
import { dayOf } from "../keys/index.ts";
import type { SealBlock, SealInput, SealMessage } from "./types.ts";

const HASH = 32;

/** A batch's content and its header facts. */
export interface Collected {
  intervals: BlockRecord[][];
  records: number;
  firstTime: number;
  lastTime: number;
  day: number;
  firstCounter: number;
  lastCounter: number;
  chainAfter: Hex;
  /** Signature of the last message. */
  lastSignature: Uint8Array | null;
}

/**
 * Decodes rows, takes out the dropped ones, follows counters and chain, and verifies the signatures where that is asked for.
 * @throws QoodError `MESSAGE_SIGNATURE`, `BAD_DEVICE_KEY`, `SEAL_EMPTY`, `SEAL_COUNTER`, `SEAL_SIGNATURE`, `SEAL_TIME`, `SEAL_DAY`, `SEAL_CHAIN`, `ROW_COLUMNS`, `CBOR_*`, `BAD_SALT`, `EMPTY_MESSAGE`
 */
export function collect(input: SealInput): Collected {
  return new Collector(input).run();
}

class Collector {
  private readonly input: SealInput;
  private readonly stream: Uint8Array;
  private readonly signed: boolean;
  /** Undefined where signatures are not verified. */
  private readonly key: VerifyingKey | undefined;
  private chain: Uint8Array;
  private records = 0;
  private firstTime = 0;
  private lastTime = 0;
  private firstCounter = -1;
  private lastCounter = -1;
  private lastSignature: Uint8Array | null = null;

  constructor(input: SealInput) {
    this.input = input;
    this.stream = fromHex(input.header.stream, HASH);
    this.signed = input.header.flags.origin !== "TSP_ATTESTED";
    this.chain = fromHex(input.chainBefore, HASH);
    const { devicePublicKey } = input.header;
    if (input.verify === true && devicePublicKey !== null) this.key = verifyingKey(fromHex(devicePublicKey, 64));
  }

  run(): Collected {
    const intervals = this.input.intervals.map((interval) => {
      ensure(interval.blocks.length > 0, "SEAL_EMPTY", "an interval has at least one block");
      return interval.blocks.map((block) => this.block(block));
    });
    ensure(this.records > 0, "SEAL_EMPTY", "a batch keeps at least one row");
    const day = dayOf(this.firstTime);
    ensure(dayOf(this.lastTime) === day, "SEAL_DAY", "a batch lies within one UTC day");
    return {
      intervals,
      records: this.records,
      firstTime: this.firstTime,
      lastTime: this.lastTime,
      day,
      firstCounter: this.firstCounter,
      lastCounter: this.lastCounter,
      chainAfter: toHex(this.chain),
      lastSignature: this.lastSignature,
    };
  }

  private block(block: SealBlock): BlockRecord {
    ensure(block.messages.length > 0, "SEAL_EMPTY", "a block has at least one message");
    const rows: Row[] = [];
    const messages = block.messages.map((message) => this.message(message, rows));
    return { firstTime: rows[0]?.[0] ?? 0, messages, rows };
  }

  private message(message: SealMessage, rows: Row[]): MessageRecord {
    this.order(message);
    const hashes = rowHashes(message.salt16, message.rows);
    const signed = chainPreimage(this.chain, this.stream, message.counter, rowsRoot(hashes));
    if (this.key !== undefined) checkSignature(this.key, message.counter, signed, message.signature);
    this.chain = sha256(signed);
    const dropped: { index: number; rowHash: Uint8Array }[] = [];
    const leaveOut = message.dropped ?? [];
    message.rows.forEach((bytes, index) => {
      if (leaveOut[dropped.length] === index) dropped.push({ index, rowHash: hashes.subarray(HASH * index, HASH * (index + 1)) });
      else this.keep(decodeRow(bytes, this.input.columns), message.counter, rows);
    });
    ensure(dropped.length === leaveOut.length, "SEAL_DROPPED", `dropped rows of message ${message.counter} are not ascending indexes of its rows`);
    return { counter: message.counter, salt16: message.salt16, rowCount: message.rows.length, dropped, signature: message.signature };
  }

  private order({ counter, signature }: SealMessage): void {
    if (this.firstCounter < 0) {
      this.firstCounter = counter;
      const starts = this.chain.every((byte) => byte === 0);
      ensure(starts === (counter === 0), "SEAL_CHAIN", "the chain before a batch is zero exactly when its first counter is 0");
    } else {
      ensure(counter === this.lastCounter + 1, "SEAL_COUNTER", `message ${counter} does not follow message ${this.lastCounter}`);
    }
    ensure(
      this.signed ? signature?.length === 64 : signature === null,
      "SEAL_SIGNATURE",
      `message ${counter} must ${this.signed ? "carry a signature of 64 bytes" : "not carry a signature"} for this origin`,
    );
    this.lastCounter = counter;
    this.lastSignature = signature;
  }

  private keep(row: Row, counter: number, rows: Row[]): void {
    const time = row[0];
    ensure(typeof time === "number" && time >= 0, "SEAL_TIME", `a row of message ${counter} has no time`);
    if (this.records === 0) this.firstTime = time;
    else ensure(time >= this.lastTime, "SEAL_TIME", `a row of message ${counter} is older than the one before it`);
    this.lastTime = time;
    this.records += 1;
    rows.push(row);
  }
}
