/** In browsers, for sdk/crypto/zstd.ts: no browser has zstd for scripts, so the page brings one (WebAssembly, or JavaScript for reading alone). */
import { QoodError } from "../../../sdk/errors/index.ts";

/** A zstd of the page's own. */
export interface Zstd {
  /** One frame: any level (in Node it is 5), content size on, checksum and dictionary off. Needed by who seals. */
  compress?(data: Uint8Array): Uint8Array;
  /** Decompresses one frame; may throw, and must not make more than `maxLength` bytes. */
  decompress(data: Uint8Array, maxLength: number): Uint8Array;
}

let brought: Zstd | undefined;

/** Names the zstd that batches are opened and sealed with. */
export function useZstd(zstd: Zstd): void {
  brought = zstd;
}

const missing = (): QoodError => new QoodError("ZSTD_MISSING", "this page has no zstd: pass one to useZstd of @qoodblock/sdk/crypto before batches are opened or sealed");

export function zstdCompress(data: Uint8Array): Uint8Array {
  if (brought?.compress === undefined) throw missing();
  return brought.compress(data);
}

export function zstdDecompress(data: Uint8Array, maxLength: number): Uint8Array {
  if (brought === undefined) throw missing();
  const out = brought.decompress(data, Math.max(1, maxLength));
  if (out.length > Math.max(1, maxLength)) throw new QoodError("ZSTD_LIMIT", `the frame opens to ${out.length} bytes; at most ${maxLength} are right`);
  return out;
}
