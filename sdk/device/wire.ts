/** A message as one byte string, for queues and brokers: canonical CBOR [1, stream, counter, salt16, [row...], signature or null]. */
import { fromHex, toHex, type Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { CborReader, CborWriter } from "../formats/cbor.ts";
import { SALT_LENGTH } from "../formats/message.ts";
import type { DeviceMessage } from "./types.ts";

const VERSION = 1;

/** Message to bytes. */
export function encodeMessage(message: DeviceMessage): Uint8Array {
  const writer = new CborWriter(256 + message.rows.length * 64);
  writer.array(6);
  writer.value(VERSION);
  writer.bytes(fromHex(message.stream, 32));
  writer.value(message.counter);
  writer.bytes(message.salt16);
  writer.array(message.rows.length);
  for (const row of message.rows) writer.bytes(row);
  if (message.signature === null) writer.value(null);
  else writer.bytes(message.signature);
  return writer.finish();
}

/** Bytes to message. @throws QoodError `CBOR_*`, `MESSAGE_SHAPE` */
export function decodeMessage(bytes: Uint8Array): DeviceMessage {
  const reader = new CborReader(bytes);
  ensure(reader.array("message") === 6 && reader.uint() === VERSION, "MESSAGE_SHAPE", "not a device message of version 1");
  const stream = toHex(reader.bytes(32));
  const counter = reader.uint();
  const salt16 = reader.bytes(SALT_LENGTH);
  const rows: Uint8Array[] = [];
  for (let left = reader.array("rows"); left > 0; left -= 1) rows.push(reader.bytes());
  const signature = reader.nullNext() ? null : reader.bytes(64);
  reader.end();
  return { stream, counter, salt16, rows, signature };
}

/** What a message says of itself before its rows, read without them. */
export interface MessageHead {
  readonly stream: Hex;
  readonly counter: number;
  readonly rows: number;
}

/** Reads the head of a message: for limits and access, before the work of the rest. @throws QoodError `CBOR_*`, `MESSAGE_SHAPE` */
export function peekMessage(bytes: Uint8Array): MessageHead {
  const reader = new CborReader(bytes);
  ensure(reader.array("message") === 6 && reader.uint() === VERSION, "MESSAGE_SHAPE", "not a device message of version 1");
  const stream = toHex(reader.bytes(32));
  const counter = reader.uint();
  reader.bytes(SALT_LENGTH);
  return { stream, counter, rows: reader.array("rows") };
}
