import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { QoodError } from "@qoodblock/sdk/errors";

/** Bytes of a body: as it comes, and unpacked; of a batch that its device has sealed. */
export const BODY_LIMITS = { packed: 4 * 1024 * 1024, unpacked: 16 * 1024 * 1024, sealed: 64 * 1024 * 1024 } as const;

const UNPACK = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) } as const;

/**
 * A body as its `content-encoding` says: `identity`, `gzip` or `zstd`.
 * @throws QoodError BODY_ENCODING, BODY_PACKED
 */
export async function unpack(body: Uint8Array, encoding: string | undefined): Promise<Uint8Array> {
  const name = (encoding ?? "identity").trim().toLowerCase();
  if (name === "identity") return body;
  if (name !== "gzip" && name !== "zstd") throw new QoodError("BODY_ENCODING", `content-encoding ${name.slice(0, 40)} is not read: send identity, gzip or zstd`);
  try {
    return await UNPACK[name](body, { maxOutputLength: BODY_LIMITS.unpacked });
  } catch (error) {
    const large = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    throw new QoodError("BODY_PACKED", large ? `the body unpacks to more than ${BODY_LIMITS.unpacked} bytes: send less at a time` : `the body is not ${name}`);
  }
}
