/** The one accepted layout: intervals cut into segments of 64 KiB, segments into leaves; nothing crosses an interval's end. */
import { CHACHA_BLOCK } from "../crypto/chacha.ts";
import { checkUint } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";

/** Version of layout and cipher in the header. */
export const LAYOUT_VERSION = 1;
/** Bytes of a segment but the last of its interval. */
export const SEGMENT_SIZE = 65_536;
/** Largest and default leaf, bytes. */
export const MAX_LEAF_SIZE = 4096;

/** A run of bytes under one key. */
export interface Segment {
  interval: number;
  /** From 0 in its interval. */
  segment: number;
  /** Offset in the ciphertext, and bytes. */
  offset: number;
  length: number;
  /** Index in the batch of its first leaf. */
  firstLeaf: number;
}

/** A leaf's place: all the fields that its hash binds besides the content. */
export interface LeafPosition {
  index: number;
  interval: number;
  segment: number;
  /** Offset in the segment / 64: the key stream's counter. */
  firstBlock: number;
  length: number;
  /** Offset in the ciphertext. */
  offset: number;
}

/** Where every segment and leaf of a batch lies. */
export interface Layout {
  leafSize: number;
  segments: readonly Segment[];
  leafCount: number;
  storedLength: number;
}

/** Checks a leaf size: a multiple of 64, at most 4096. @throws QoodError `LEAF_SIZE` */
export function checkLeafSize(leafSize: number): void {
  ensure(
    Number.isSafeInteger(leafSize) && leafSize >= CHACHA_BLOCK && leafSize <= MAX_LEAF_SIZE && leafSize % CHACHA_BLOCK === 0,
    "LEAF_SIZE",
    `leaf size ${leafSize} is not a multiple of 64 from 64 to ${MAX_LEAF_SIZE}`,
  );
}

/** Layout of a batch whose intervals have these stored lengths. @throws QoodError `LEAF_SIZE`, `STORED_LENGTHS` */
export function layoutOf(storedLengths: readonly number[], leafSize: number): Layout {
  checkLeafSize(leafSize);
  ensure(storedLengths.length > 0, "STORED_LENGTHS", "a batch has at least one interval");
  const segments: Segment[] = [];
  let offset = 0;
  let firstLeaf = 0;
  storedLengths.forEach((stored, interval) => {
    ensure(Number.isSafeInteger(stored) && stored > 0 && stored % CHACHA_BLOCK === 0, "STORED_LENGTHS", `stored length of interval ${interval} is not a positive multiple of 64`);
    for (let at = 0, segment = 0; at < stored; at += SEGMENT_SIZE, segment += 1) {
      const length = Math.min(SEGMENT_SIZE, stored - at);
      segments.push({ interval, segment, offset: offset + at, length, firstLeaf });
      firstLeaf += Math.ceil(length / leafSize);
    }
    offset += stored;
  });
  checkUint(firstLeaf, 32, "leaf count");
  return { leafSize, segments, leafCount: firstLeaf, storedLength: offset };
}

/** Place of leaf `index`. @throws QoodError `BAD_LEAF_INDEX` */
export function leafPosition(layout: Layout, index: number): LeafPosition {
  ensure(Number.isSafeInteger(index) && index >= 0 && index < layout.leafCount, "BAD_LEAF_INDEX", `leaf ${index} is not one of ${layout.leafCount}`);
  let low = 0;
  let high = layout.segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (layout.segments[middle]!.firstLeaf <= index) low = middle;
    else high = middle - 1;
  }
  const { interval, segment, offset, length, firstLeaf } = layout.segments[low]!;
  const at = (index - firstLeaf) * layout.leafSize;
  return { index, interval, segment, firstBlock: at / CHACHA_BLOCK, length: Math.min(layout.leafSize, length - at), offset: offset + at };
}
