/**
 * CIDs of stored files, computed without storing: v1, dag-pb, sha2-256, UnixFS balanced, raw leaves, chunks of 1 MiB,
 * 1,024 children a node; a file of one chunk is wrapped in a node too. Only the 32-byte digest stands in a header.
 */
import { createLink, createNode, encode, code as DAG_PB } from "@ipld/dag-pb";
import { CID } from "multiformats/cid";
import { create as createMultihash } from "multiformats/hashes/digest";
import { sha256 } from "../crypto/hash.ts";
import { QoodError, ensure } from "../errors/index.ts";

const SHA2_256 = 0x12;
const RAW = 0x55;

/** How a file is cut; the defaults are the format's, others serve tests. */
export interface FileShape {
  chunkSize: number;
  maxChildren: number;
}

/** The format's shape. */
export const FILE_SHAPE: FileShape = { chunkSize: 2 ** 20, maxChildren: 1024 };

/** A node of the file's tree: what its parent needs to know. */
interface Child {
  cid: CID;
  /** Bytes of the file below it. */
  fileSize: number;
  /** Bytes of all blocks below it, its own included. */
  dagSize: number;
}

function varint(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  out.push(value);
  return out;
}

/** UnixFS "Data" message of a file node: Type (1) = File (2), filesize (3), blocksizes (4, unpacked). */
function unixfsFile(sizes: readonly number[]): Uint8Array {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return Uint8Array.from([0x08, 2, 0x18, ...varint(total), ...sizes.flatMap((size) => [0x20, ...varint(size)])]);
}

function cidOf(codec: number, block: Uint8Array): CID {
  return CID.createV1(codec, createMultihash(SHA2_256, sha256(block)));
}

function parentOf(children: readonly Child[]): Child {
  const data = unixfsFile(children.map((child) => child.fileSize));
  const block = encode(createNode(data, children.map((child) => createLink("", child.dagSize, child.cid))));
  return {
    cid: cidOf(DAG_PB, block),
    fileSize: children.reduce((sum, child) => sum + child.fileSize, 0),
    dagSize: children.reduce((sum, child) => sum + child.dagSize, block.length),
  };
}

/** Digest (32 bytes) of a file's CID. @throws QoodError `EMPTY_FILE` */
export function fileDigest(file: Uint8Array, shape: FileShape = FILE_SHAPE): Uint8Array {
  ensure(file.length > 0, "EMPTY_FILE", "an empty file is never stored");
  let level: Child[] = [];
  for (let at = 0; at < file.length; at += shape.chunkSize) {
    const chunk = file.subarray(at, at + shape.chunkSize);
    level.push({ cid: cidOf(RAW, chunk), fileSize: chunk.length, dagSize: chunk.length });
  }
  do {
    const parents: Child[] = [];
    for (let i = 0; i < level.length; i += shape.maxChildren) parents.push(parentOf(level.slice(i, i + shape.maxChildren)));
    level = parents;
  } while (level.length > 1);
  return level[0]!.cid.multihash.digest;
}

/** CID (v1, base32 text) of a digest. @throws QoodError `BAD_CID` */
export function digestToCid(digest: Uint8Array): string {
  ensure(digest.length === 32, "BAD_CID", "a CID's digest has 32 bytes");
  return CID.createV1(DAG_PB, createMultihash(SHA2_256, digest)).toString();
}

/** Digest of a CID of the one accepted kind. @throws QoodError `BAD_CID` */
export function cidToDigest(text: string): Uint8Array {
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch (cause) {
    throw new QoodError("BAD_CID", "not a CID", { cause });
  }
  ensure(
    cid.version === 1 && cid.code === DAG_PB && cid.multihash.code === SHA2_256 && cid.multihash.digest.length === 32,
    "BAD_CID",
    "only CIDs of version 1, dag-pb, sha2-256 are accepted",
  );
  return cid.multihash.digest;
}
