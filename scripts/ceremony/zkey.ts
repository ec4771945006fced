/**
 * The contributions that a Groth16 key of snarkjs carries: section 10 of its file, read here because snarkjs does not hand it out.
 *
 * A key is a file of sections (type u32, size u64, bytes), all little-endian. Section 10 is the circuit's hash (64 bytes), the number of contributions (u32),
 * and for each: the G1 points deltaAfter, g1_s and g1_sx, the G2 point g2_spx, the transcript (64), the type (u32; 0 a contribution, 1 a beacon), the length
 * of the parameters (u32) and these as (1, length, name), (2, exponent), (3, length, beacon). Coordinates are in Montgomery form.
 */
import { createHash } from "node:crypto";
import { BASE_FIELD_PRIME } from "@qoodblock/sdk/proof";
import { ensure, QoodError } from "../../sdk/errors/index.ts";

/** One contribution as the key records it. */
export interface Contribution {
  readonly type: "contribution" | "beacon";
  readonly name: string;
  /** BLAKE2b-512 over its public part, in hex: what a contributor publishes. */
  readonly hash: string;
  /** Of a beacon: its value in hex and the exponent of its number of hashes. */
  readonly beacon?: { readonly value: string; readonly iterationsExponent: number };
}

/** What a key says of its making. */
export interface KeyHistory {
  /** BLAKE2b-512 of circuit and powers of tau, in hex: the same from the initial key to the last. */
  readonly circuitHash: string;
  readonly contributions: readonly Contribution[];
}

const COORDINATE = 32;
const HISTORY = 10;

/** 2^-256 modulo the base field's prime: takes a coordinate out of Montgomery form. */
const FROM_MONTGOMERY = ((): bigint => {
  let result = 1n;
  // Halving 256 times.
  for (let i = 0; i < 256; i += 1) result = (result % 2n === 0n ? result : result + BASE_FIELD_PRIME) / 2n;
  return result;
})();

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new RangeError("too short");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  u64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  /** A point as snarkjs hashes it: coordinates big-endian and out of Montgomery form, of an extension's element the higher one first. */
  point(degree: 1 | 2): Buffer {
    const coordinates = Array.from({ length: 2 * degree }, () => {
      const number = BigInt(`0x${Buffer.from(this.take(COORDINATE)).reverse().toString("hex")}`);
      return Buffer.from(((number * FROM_MONTGOMERY) % BASE_FIELD_PRIME).toString(16).padStart(2 * COORDINATE, "0"), "hex");
    });
    const [a, b, c, d] = coordinates as [Buffer, Buffer, Buffer, Buffer];
    return Buffer.concat(degree === 1 ? [a, b] : [b, a, d, c]);
  }
}

function section(key: Uint8Array, wanted: number): Reader {
  const reader = new Reader(key);
  if (reader.take(4).toString("latin1") !== "zkey") throw new RangeError("no zkey");
  reader.u32();
  for (let count = reader.u32(); count > 0; count -= 1) {
    const type = reader.u32();
    const content = reader.take(reader.u64());
    if (type === wanted) return new Reader(content);
  }
  throw new RangeError("no such section");
}

function contribution(reader: Reader): Contribution {
  const publicPart = [reader.point(1), reader.point(1), reader.point(1), reader.point(2), reader.take(64)];
  const hash = createHash("blake2b512").update(Buffer.concat(publicPart)).digest("hex");
  const type = reader.u32();
  const parameters = new Reader(reader.take(reader.u32()));
  let [name, value, iterationsExponent] = ["", undefined as string | undefined, undefined as number | undefined];
  while (parameters.left > 0) {
    const kind = parameters.u8();
    if (kind === 1) name = parameters.take(parameters.u8()).toString("utf8");
    else if (kind === 2) iterationsExponent = parameters.u8();
    else if (kind === 3) value = parameters.take(parameters.u8()).toString("hex");
    else throw new RangeError("unknown parameter");
  }
  if (type === 0) return { type: "contribution", name, hash };
  if (type !== 1 || value === undefined || iterationsExponent === undefined) throw new RangeError("unknown contribution");
  return { type: "beacon", name, hash, beacon: { value, iterationsExponent } };
}

/**
 * Reads what a key says of its making; whether that is true, only a verification tells.
 * @param key the file's bytes
 * @param what names the file in the error
 * @throws QoodError `CEREMONY_KEY_MALFORMED`
 */
export function readHistory(key: Uint8Array, what: string): KeyHistory {
  try {
    const reader = section(key, HISTORY);
    const circuitHash = reader.take(64).toString("hex");
    const count = reader.u32();
    ensure(count <= 100_000, "CEREMONY_KEY_MALFORMED", "too many");
    const contributions = Array.from({ length: count }, () => contribution(reader));
    if (reader.left > 0) throw new RangeError("too long");
    return { circuitHash, contributions };
  } catch (cause) {
    throw new QoodError("CEREMONY_KEY_MALFORMED", `${what} is no Groth16 key of snarkjs, or not all of it`, { cause });
  }
}
