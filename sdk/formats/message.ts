/** Hashes of a device's message: rows, rows root, chain. */
import { ascii, concat, u64 } from "../bytes/index.ts";
import { sha256, sha256Into } from "../crypto/hash.ts";
import { ensure } from "../errors/index.ts";
import { MerkleTree, ROWS_ROOT } from "./tree.ts";

const CHAIN_TAG = ascii("qood/msg/v1");
const HASH = 32;
/** Bytes of a message's salt. */
export const SALT_LENGTH = 16;

/** Fills row hashes of one message in order. */
export class RowHasher {
  private readonly saltInput = Buffer.alloc(1 + SALT_LENGTH + 4);
  private rowInput = Buffer.alloc(512);

  /** @param salt16 the message's salt. @throws QoodError `BAD_SALT` */
  constructor(salt16: Uint8Array) {
    ensure(salt16.length === SALT_LENGTH, "BAD_SALT", "a message's salt has 16 bytes");
    this.saltInput[0] = 0x05;
    this.saltInput.set(salt16, 1);
  }

  /** Writes H(0x04 || H(0x05 || salt16 || index) || row) to `out` at `32 * index`. */
  into(out: Buffer, index: number, row: Uint8Array): void {
    const length = 1 + HASH + row.length;
    if (this.rowInput.length < length) this.rowInput = Buffer.alloc(2 * length);
    this.saltInput.writeUInt32BE(index, 1 + SALT_LENGTH);
    this.rowInput[0] = 0x04;
    sha256Into(this.rowInput, 1, this.saltInput);
    this.rowInput.set(row, 1 + HASH);
    sha256Into(out, HASH * index, this.rowInput.subarray(0, length));
  }
}

/** Row hashes of one message, 32 bytes each. @throws QoodError `BAD_SALT`, `EMPTY_MESSAGE` */
export function rowHashes(salt16: Uint8Array, rows: readonly Uint8Array[]): Uint8Array {
  ensure(rows.length > 0, "EMPTY_MESSAGE", "a message has at least one row");
  const out = Buffer.alloc(HASH * rows.length);
  const hasher = new RowHasher(salt16);
  rows.forEach((row, index) => hasher.into(out, index, row));
  return out;
}

/** Root of a message's rows from their hashes (32 bytes each). */
export function rowsRoot(hashes: Uint8Array): Uint8Array {
  return new MerkleTree(hashes).root(ROWS_ROOT);
}

/** What a device signs, before SHA-256. */
export function chainPreimage(previous: Uint8Array, stream: Uint8Array, counter: number, root: Uint8Array): Uint8Array {
  ensure(previous.length === HASH && stream.length === HASH && root.length === HASH, "BAD_MESSAGE", "previous, stream and rows root have 32 bytes each");
  return concat(CHAIN_TAG, previous, stream, u64(counter), root);
}

/** chain = H("qood/msg/v1" || previous || stream || counter u64 || rowsRoot); the signature's digest. */
export function chainHash(previous: Uint8Array, stream: Uint8Array, counter: number, root: Uint8Array): Uint8Array {
  return sha256(chainPreimage(previous, stream, counter, root));
}
