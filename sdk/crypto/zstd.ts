/** zstd as the frame format wants it. A browser build swaps this file. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/**
 * One frame: level 5, content size on, checksum and dictionary off. An interval is compressed once and stored for years: level 3 leaves it
 * 7 % larger, level 6 wins 3 % more for half as much time again (`npm run bench:ingest -- size` over the real drives).
 */
export function zstdCompress(data: Uint8Array): Buffer {
  return zstdCompressSync(data, {
    pledgedSrcSize: data.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: 5,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 0,
      [constants.ZSTD_c_dictIDFlag]: 0,
    },
  });
}

/** Decompresses, and throws as soon as more than `maxLength` bytes come out. */
export function zstdDecompress(data: Uint8Array, maxLength: number): Buffer {
  return zstdDecompressSync(data, { maxOutputLength: Math.max(1, maxLength) });
}
