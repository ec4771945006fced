import { createHash } from "node:crypto";
import { FsBlockstore } from "blockstore-fs";
import type { CID } from "multiformats/cid";
import { equalBytes } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";

const SHA2_256 = 0x12;

/** A blockstore of files that hashes every block as it is read: what was changed on the disk is neither used nor passed on. */
export class VerifiedBlockstore extends FsBlockstore {
  override async *get(cid: CID, options?: Parameters<FsBlockstore["get"]>[1]): AsyncGenerator<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of super.get(cid, options)) parts.push(part);
    const block = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    if (cid.multihash.code === SHA2_256 && !equalBytes(createHash("sha256").update(block).digest(), cid.multihash.digest)) {
      const corrupt = new QoodError("STORAGE_CORRUPT", `block ${cid.toString()} in the store at ${this.path} does not match its CID: remove it and fetch or upload it again`, {
        details: { cid: cid.toString() },
      });
      // By this name bitswap tells a block that it cannot serve from a fault for which it gives up its whole answer to a peer.
      throw Object.assign(corrupt, { name: "NotFoundError" });
    }
    yield block;
  }
}
