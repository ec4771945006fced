/** A stored interval before encryption: frameLength u32 || one zstd frame || zeros (Padmé, then a multiple of 64). */
import { zstdCompress, zstdDecompress } from "../crypto/zstd.ts";
import { QoodError, ensure, isQoodError } from "../errors/index.ts";

const PREFIX = 4;
const MULTIPLE = 64;
const ZSTD_MAGIC = 0xfd2fb528;

/** Padmé (Nikitin et al., PETS 2019) of a length below 2^32: the next one that keeps only O(log log L) bits; at most 12 % more. */
export function padme(length: number): number {
  if (length < 2) return length;
  const exponent = 31 - Math.clz32(length);
  const kept = 32 - Math.clz32(exponent);
  const step = 2 ** Math.max(0, exponent - kept);
  return Math.ceil(length / step) * step;
}

/** Stored bytes of a zstd frame of `frameLength` bytes. */
export function storedLengthOf(frameLength: number): number {
  return Math.ceil(padme(PREFIX + frameLength) / MULTIPLE) * MULTIPLE;
}

/** Wraps a zstd frame. */
export function padFrame(zstdFrame: Uint8Array): Buffer {
  const out = Buffer.alloc(storedLengthOf(zstdFrame.length));
  out.writeUInt32BE(zstdFrame.length, 0);
  out.set(zstdFrame, PREFIX);
  return out;
}

/** Compresses and wraps one interval. */
export function makeFrame(raw: Uint8Array): { frame: Buffer; compressedLength: number } {
  const compressed = zstdCompress(raw);
  return { frame: padFrame(compressed), compressedLength: compressed.length };
}

/**
 * Unwraps and decompresses one interval; only what {@link padFrame} and a format's zstd frame allow is accepted.
 * @param maxRawLength most bytes that may come out: the guard against decompression bombs, checked before anything is allocated
 * @throws QoodError `FRAME_LENGTH`, `FRAME_PADDING`, `FRAME_ZSTD`, `RAW_LENGTH`
 */
export function readFrame(stored: Uint8Array, maxRawLength: number): Uint8Array {
  const view = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  ensure(view.length >= MULTIPLE, "FRAME_LENGTH", "stored interval is shorter than 64 bytes");
  const frameLength = view.readUInt32BE(0);
  ensure(
    frameLength > 0 && PREFIX + frameLength <= view.length && storedLengthOf(frameLength) === view.length,
    "FRAME_LENGTH",
    `a frame of ${frameLength} bytes does not belong in a stored interval of ${view.length}`,
  );
  const end = PREFIX + frameLength;
  for (let i = end; i < view.length; i += 1) ensure(view[i] === 0, "FRAME_PADDING", "padding of a stored interval is not zero");
  const frame = view.subarray(PREFIX, end);
  const rawLength = contentSize(frame);
  ensure(rawLength <= maxRawLength, "RAW_LENGTH", `interval would decompress to ${rawLength} bytes, ${maxRawLength} are left by the header`);
  try {
    // A frame that holds less or more than it states is refused by zstd itself.
    return zstdDecompress(frame, rawLength);
  } catch (cause) {
    // Of a page without a zstd: nothing that the sealer is to blame for.
    if (isQoodError(cause, "ZSTD_MISSING")) throw cause;
    throw new QoodError("FRAME_ZSTD", "interval does not decompress to what it states", { cause });
  }
}

/**
 * Walks a zstd frame (RFC 8878 section 3.1.1) without decompressing: one frame, content size on, checksum and dictionary off, nothing behind.
 * @returns the content size it states
 */
function contentSize(frame: Buffer): number {
  const bad = (what: string): never => {
    throw new QoodError("FRAME_ZSTD", `zstd frame: ${what}`);
  };
  if (frame.length < 6 || frame.readUInt32LE(0) !== ZSTD_MAGIC) return bad("no magic number");
  const descriptor = frame[4]!;
  const sizeFlag = descriptor >>> 6;
  const single = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) bad("reserved bit");
  if ((descriptor & 0x04) !== 0) bad("checksum is on");
  if ((descriptor & 0x03) !== 0) bad("dictionary is on");
  if (sizeFlag === 0 && !single) bad("content size is off");
  let at = single ? 5 : 6;
  const width = sizeFlag === 0 ? 1 : 1 << sizeFlag;
  if (at + width > frame.length) return bad("cut off");
  const size = width === 8 ? Number(frame.readBigUInt64LE(at)) : frame.readUIntLE(at, width) + (width === 2 ? 256 : 0);
  at += width;
  for (let last = false; !last; ) {
    if (at + 3 > frame.length) return bad("cut off");
    const head = frame.readUIntLE(at, 3);
    last = (head & 1) === 1;
    const type = (head >>> 1) & 3;
    if (type === 3) bad("reserved block type");
    // A run-length block stores one byte whatever its size says.
    at += 3 + (type === 1 ? 1 : head >>> 3);
  }
  return at === frame.length ? size : bad("its blocks do not end where the frame does");
}
