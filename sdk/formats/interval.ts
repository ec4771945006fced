/**
 * An interval's plaintext: CBOR [1, [block...]]; block = [firstTime, [message...], column...];
 * message = [counter, salt16, rowCount, [[index, rowHash] of dropped rows...], signature or null];
 * column = the kept rows' values, columns in schema order and directly in the block.
 */
import { ensure } from "../errors/index.ts";
import { CborReader, CborWriter } from "./cbor.ts";
import { SALT_LENGTH } from "./message.ts";
import type { Row } from "./row.ts";

const VERSION = 1;
const HASH = 32;
const SIGNATURE = 64;
/** Items of a block before its columns. */
const BLOCK_HEAD = 2;

/** What the payload keeps of a device message besides its kept rows. */
export interface MessageRecord {
  counter: number;
  salt16: Uint8Array;
  /** Rows that the device sent, dropped ones included. */
  rowCount: number;
  /** Ascending by index. */
  dropped: readonly { index: number; rowHash: Uint8Array }[];
  signature: Uint8Array | null;
}

/** One block: messages, and the rows that were kept of them, in order. */
export interface BlockRecord {
  /** Column 0 of the first kept row; 0 if no row was kept. */
  firstTime: number;
  messages: readonly MessageRecord[];
  rows: readonly Row[];
}

/** Blocks to bytes. @throws QoodError `OUT_OF_RANGE` for a value that is no safe integer */
export function encodeInterval(blocks: readonly BlockRecord[], columns: number): Uint8Array {
  let rows = 0;
  for (const block of blocks) rows += block.rows.length;
  const writer = new CborWriter(4096 + rows * columns * 3);
  writer.array(2);
  writer.value(VERSION);
  writer.array(blocks.length);
  for (const block of blocks) {
    writer.array(BLOCK_HEAD + columns);
    writer.value(block.firstTime);
    writer.array(block.messages.length);
    for (const message of block.messages) writeMessage(writer, message);
    for (let column = 0; column < columns; column += 1) {
      writer.array(block.rows.length);
      for (const row of block.rows) writer.value(row[column]!);
    }
  }
  return writer.finish();
}

function writeMessage(writer: CborWriter, message: MessageRecord): void {
  writer.array(5);
  writer.value(message.counter);
  writer.bytes(message.salt16);
  writer.value(message.rowCount);
  writer.array(message.dropped.length);
  for (const { index, rowHash } of message.dropped) {
    writer.array(2);
    writer.value(index);
    writer.bytes(rowHash);
  }
  if (message.signature === null) writer.value(null);
  else writer.bytes(message.signature);
}

/**
 * Bytes to blocks; only what {@link encodeInterval} writes is accepted.
 * @throws QoodError `CBOR_*` for encoding, `INTERVAL_SHAPE` for structure
 */
export function decodeInterval(bytes: Uint8Array, columns: number): BlockRecord[] {
  const reader = new CborReader(bytes);
  shape(reader.array("interval") === 2 && reader.uint() === VERSION, "not an interval of version 1");
  const count = reader.array("blocks");
  shape(count > 0, "an interval has at least one block");
  const blocks: BlockRecord[] = [];
  for (let i = 0; i < count; i += 1) blocks.push(readBlock(reader, columns));
  reader.end();
  return blocks;
}

function readBlock(reader: CborReader, columns: number): BlockRecord {
  shape(reader.array("block") === BLOCK_HEAD + columns, `a block has 2 items and ${columns} columns`);
  const firstTime = reader.uint();
  const count = reader.array("messages");
  shape(count > 0, "a block has at least one message");
  const messages: MessageRecord[] = [];
  let kept = 0;
  for (let i = 0; i < count; i += 1) {
    const message = readMessage(reader);
    kept += message.rowCount - message.dropped.length;
    messages.push(message);
  }
  const rows: (number | null)[][] = [];
  for (let column = 0; column < columns; column += 1) {
    shape(reader.array("column") === kept, `column ${column} does not have a value for each of ${kept} rows`);
    if (column === 0) for (let i = 0; i < kept; i += 1) rows.push([reader.value()]);
    else for (const row of rows) row.push(reader.value());
  }
  const first = rows[0]?.[0] ?? 0;
  shape(firstTime === first, "a block's first time is not that of its first row");
  return { firstTime, messages, rows };
}

function readMessage(reader: CborReader): MessageRecord {
  shape(reader.array("message") === 5, "a message has 5 items");
  const counter = reader.uint();
  const salt16 = reader.bytes(SALT_LENGTH);
  const rowCount = reader.uint();
  shape(rowCount > 0 && rowCount < 2 ** 32, "a message has at least one row");
  const count = reader.array("dropped rows");
  const dropped: { index: number; rowHash: Uint8Array }[] = [];
  for (let i = 0, previous = -1; i < count; i += 1) {
    shape(reader.array("dropped row") === 2, "a dropped row has 2 items");
    const index = reader.uint();
    shape(index > previous && index < rowCount, "dropped rows are not in ascending order within their message");
    dropped.push({ index, rowHash: reader.bytes(HASH) });
    previous = index;
  }
  const signature = reader.nullNext() ? null : reader.bytes(SIGNATURE);
  return { counter, salt16, rowCount, dropped, signature };
}

function shape(condition: boolean, message: string): void {
  ensure(condition, "INTERVAL_SHAPE", `interval: ${message}`);
}
