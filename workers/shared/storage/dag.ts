import { importBytes } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced } from "ipfs-unixfs-importer/layout";
import { CID } from "multiformats/cid";
import { QoodError } from "@qoodblock/sdk/errors";

const DAG_PB = 0x70;
const SHA2_256 = 0x12;

/** Largest block that is accepted anywhere: a leaf of 1 MiB; inner nodes of 1,024 links are far smaller. */
export const MAX_BLOCK_BYTES = 1024 * 1024;

/** The importer's settings that every file of this project is made with. */
export const UNIXFS_SETTINGS = {
  cidVersion: 1 as const,
  rawLeaves: true,
  reduceSingleLeafToSelf: false,
  chunker: fixedSize({ chunkSize: MAX_BLOCK_BYTES }),
  layout: balanced({ maxChildrenPerNode: 1024 }),
};

/** Cuts bytes into UnixFS blocks, hands each to `put` (leaves first), and gives the root's CID. */
export async function buildDag(bytes: Uint8Array, put: (cid: CID, block: Uint8Array) => Promise<void>): Promise<CID> {
  const blockstore = {
    put: async (cid: CID, block: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<CID> => {
      if (!(block instanceof Uint8Array)) throw new TypeError("the importer hands over whole blocks");
      await put(cid, block);
      return cid;
    },
  };
  return (await importBytes(bytes, blockstore, UNIXFS_SETTINGS)).cid;
}

/** The CID that the bytes would be stored under. */
export function cidOf(bytes: Uint8Array): Promise<CID> {
  return buildDag(bytes, () => Promise.resolve());
}

/**
 * Parses the CID of a file of this project.
 * @throws QoodError STORAGE_CID for anything but version 1, dag-pb, SHA-256.
 */
export function parseCid(text: string): CID {
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch {
    throw new QoodError("STORAGE_CID", `"${text.slice(0, 80)}" is no CID`);
  }
  if (cid.version !== 1 || cid.code !== DAG_PB || cid.multihash.code !== SHA2_256 || cid.multihash.digest.length !== 32) {
    throw new QoodError("STORAGE_CID", `${text} is no CID of version 1, dag-pb, SHA-256`);
  }
  return cid;
}
