/**
 * The small part of CBOR (RFC 8949) that the formats use, in its one canonical form (section 4.2.1): integers, byte strings,
 * definite arrays and null, every head as short as it can be. Own code because a general library is an order of magnitude
 * slower on columns of integers and does not refuse what is not canonical.
 */
import { QoodError } from "../errors/index.ts";

const MAJOR_NEGATIVE = 1;
const MAJOR_BYTES = 2;
const MAJOR_ARRAY = 4;
const NULL = 0xf6;
const HIGH = 2 ** 32;

/** Appends items to one growing buffer. */
export class CborWriter {
  private buffer: Uint8Array;
  private at = 0;

  /** @param capacity first guess of the length in bytes */
  constructor(capacity = 1024) {
    this.buffer = new Uint8Array(Math.max(capacity, 16));
  }

  /** An integer or null. @throws QoodError `OUT_OF_RANGE` */
  value(value: number | null): void {
    if (value === null) {
      this.room(1);
      this.buffer[this.at++] = NULL;
    } else if (!Number.isSafeInteger(value)) {
      throw new QoodError("OUT_OF_RANGE", `value ${value} is not an integer of at most 53 bits`);
    } else if (value >= 0) this.head(0, value);
    else this.head(MAJOR_NEGATIVE, -1 - value);
  }

  /** A byte string. */
  bytes(bytes: Uint8Array): void {
    this.head(MAJOR_BYTES, bytes.length);
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** The head of an array; its items follow. */
  array(length: number): void {
    this.head(MAJOR_ARRAY, length);
  }

  /** What was written, as a view of the internal buffer (write no more after it). */
  finish(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  private head(major: number, argument: number): void {
    this.room(9);
    const buffer = this.buffer;
    const type = major << 5;
    if (argument < 24) {
      buffer[this.at++] = type | argument;
    } else if (argument < 0x100) {
      buffer[this.at++] = type | 24;
      buffer[this.at++] = argument;
    } else if (argument < 0x10000) {
      buffer[this.at++] = type | 25;
      buffer[this.at++] = argument >>> 8;
      buffer[this.at++] = argument;
    } else if (argument < HIGH) {
      buffer[this.at++] = type | 26;
      this.four(argument);
    } else {
      buffer[this.at++] = type | 27;
      this.four(Math.floor(argument / HIGH));
      this.four(argument % HIGH);
    }
  }

  private four(value: number): void {
    const buffer = this.buffer;
    buffer[this.at++] = value >>> 24;
    buffer[this.at++] = value >>> 16;
    buffer[this.at++] = value >>> 8;
    buffer[this.at++] = value;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.at + bytes));
    larger.set(this.buffer.subarray(0, this.at));
    this.buffer = larger;
  }
}

/** Reads items in order; everything not canonical is refused. Errors: `CBOR_TYPE`, `CBOR_NOT_CANONICAL`, `CBOR_RANGE`, `CBOR_TRUNCATED`, `CBOR_TRAILING`. */
export class CborReader {
  private readonly data: Uint8Array;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  /** An integer or null. */
  value(): number | null {
    const initial = this.data[this.at];
    if (initial === NULL) {
      this.at += 1;
      return null;
    }
    return this.integer();
  }

  /** An integer of at most 53 bits. */
  integer(): number {
    const initial = this.data[this.at] ?? this.truncated();
    if (initial < 24) {
      this.at += 1;
      return initial;
    }
    const major = initial >>> 5;
    if (major > MAJOR_NEGATIVE) return this.fail("CBOR_TYPE", "expected an integer");
    const argument = this.head();
    const value = major === MAJOR_NEGATIVE ? -1 - argument : argument;
    return Number.isSafeInteger(value) ? value : this.fail("CBOR_RANGE", "integer of more than 53 bits");
  }

  /** An integer of at least 0. */
  uint(): number {
    const value = this.integer();
    return value >= 0 ? value : this.fail("CBOR_RANGE", "expected an integer of at least 0");
  }

  /** A byte string (a view of the input). @param length expected number of bytes, unchecked when left out */
  bytes(length?: number): Uint8Array {
    if ((this.data[this.at] ?? this.truncated()) >>> 5 !== MAJOR_BYTES) return this.fail("CBOR_TYPE", "expected a byte string");
    const size = this.head();
    if (length !== undefined && size !== length) return this.fail("CBOR_RANGE", `expected ${length} bytes, got ${size}`);
    if (this.at + size > this.data.length) return this.truncated();
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }

  /** True if the next item is null; then it is consumed. */
  nullNext(): boolean {
    if (this.data[this.at] !== NULL) return false;
    this.at += 1;
    return true;
  }

  /** The head of an array: the number of items that follow. A length that the rest of the input cannot hold is refused. */
  array(what: string): number {
    if ((this.data[this.at] ?? this.truncated()) >>> 5 !== MAJOR_ARRAY) return this.fail("CBOR_TYPE", `expected an array (${what})`);
    const length = this.head();
    return length <= this.data.length - this.at ? length : this.truncated();
  }

  /** Checks a rule of the caller's, with the position in the message. */
  expect(condition: boolean, code: string, message: string): void {
    if (!condition) this.fail(code, message);
  }

  /** Checks that nothing follows. */
  end(): void {
    if (this.at !== this.data.length) this.fail("CBOR_TRAILING", "bytes after the last item");
  }

  private head(): number {
    const data = this.data;
    const info = data[this.at++]! & 31;
    if (info < 24) return info;
    if (info > 27) return this.fail("CBOR_NOT_CANONICAL", "reserved or indefinite length");
    const size = 1 << (info - 24);
    if (this.at + size > data.length) return this.truncated();
    let argument = 0;
    for (let i = 0; i < size; i += 1) argument = argument * 256 + data[this.at++]!;
    // The next shorter form holds what is below this bound, so it would have been the canonical one.
    const shorter = info === 24 ? 24 : info === 25 ? 0x100 : info === 26 ? 0x10000 : HIGH;
    if (argument < shorter) return this.fail("CBOR_NOT_CANONICAL", "longer head than needed");
    return Number.isSafeInteger(argument) ? argument : this.fail("CBOR_RANGE", "integer of more than 53 bits");
  }

  private truncated(): never {
    return this.fail("CBOR_TRUNCATED", "input ends inside an item");
  }

  private fail(code: string, message: string): never {
    throw new QoodError(code, `CBOR at byte ${this.at}: ${message}`, { details: { at: this.at } });
  }
}
