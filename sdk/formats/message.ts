/** Hashes of a device's message: rows, rows root, chain. */
import { ascii, concat, u64 } from "../bytes/index.ts";
import { sha256Each } from "../crypto/each.ts";
import { sha256 } from "../crypto/hash.ts";
import { ensure } from "../errors/index.ts";
import { MerkleTree, ROWS_ROOT } from "./tree.ts";

const CHAIN_TAG = ascii("qood/msg/v1");
const HASH = 32;
/** Bytes of a message's salt. */
export const SALT_LENGTH = 16;
/** Bytes that a row's salt is the hash of. */
const SALT_INPUT = 1 + SALT_LENGTH + 4;

/** Row hashes of one message, H(0x04 || H(0x05 || salt16 || index) || row), 32 bytes each. @throws QoodError `BAD_SALT`, `EMPTY_MESSAGE` */
export function rowHashes(salt16: Uint8Array, rows: readonly Uint8Array[]): Buffer {
  ensure(rows.length > 0, "EMPTY_MESSAGE", "a message has at least one row");
  ensure(salt16.length === SALT_LENGTH, "BAD_SALT", "a message's salt has 16 bytes");
  const count = rows.length;
  const salts = Buffer.allocUnsafe(HASH * count);
  sha256Each(salts, 0, count, SALT_INPUT, (to, at, index) => {
    to[at] = 0x05;
    to.set(salt16, at + 1);
    to.writeUInt32BE(index, at + 1 + SALT_LENGTH);
    return SALT_INPUT;
  });
  let longest = 0;
  for (const row of rows) longest = Math.max(longest, row.length);
  const out = Buffer.allocUnsafe(HASH * count);
  sha256Each(out, 0, count, 1 + HASH + longest, (to, at, index) => {
    const row = rows[index]!;
    to[at] = 0x04;
    salts.copy(to, at + 1, HASH * index, HASH * (index + 1));
    to.set(row, at + 1 + HASH);
    return 1 + HASH + row.length;
  });
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
