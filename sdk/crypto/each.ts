/** SHA-256 of many short inputs, four at a time where the processor can do that. A browser build needs no other file. */
import { sha256Into } from "./hash.ts";
import { FREE, GROUP, makeSha256 } from "./lanes/sha256.ts";

/** Writes message i to `to` at `at` and gives its length. */
export type WriteMessage = (to: Buffer, at: number, i: number) => number;

const HASH = 32;
const LANES = 4;
/** Messages of one call of the kernel, and where in its memory their groups, digests and bytes lie. */
const CALL = 64;
const GROUPS_AT = FREE;
const OUT_AT = GROUPS_AT + (CALL / LANES) * GROUP;
const SLOTS_AT = OUT_AT + CALL * HASH;
/** Longest message that the kernel takes: eight blocks with their padding. */
const MOST = 8 * 64 - 9;

interface Kernel {
  readonly memory: Buffer;
  readonly words: Uint32Array;
  readonly run: (from: number, to: number) => void;
  /** Length of the message that each slot was last padded for, and the slots' stride then: inputs of one length are padded once. */
  readonly padded: Int32Array;
  stride: number;
}

/** Built when it is first asked for; null where it cannot be used. */
let kernel: Kernel | null | undefined;

/** The kernel, or null where WebAssembly has no SIMD. */
export function tryKernel(): Kernel | null {
  try {
    const { memory, run } = makeSha256();
    return { memory: Buffer.from(memory), words: new Uint32Array(memory), run, padded: new Int32Array(CALL), stride: 0 };
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

/** Pads the message of `length` bytes at `at`. */
function pad(memory: Buffer, at: number, length: number): void {
  const end = at + 64 * blocksOf(length);
  memory[at + length] = 0x80;
  memory.fill(0, at + length + 1, end - 2);
  memory[end - 2] = length >>> 5;
  memory[end - 1] = (length << 3) & 255;
}
const blocksOf = (length: number): number => (length + 9 + 63) >>> 6;

/** One call: messages from `first` on, at most {@link CALL}, each in a slot of `stride` bytes. */
function call(kernel: Kernel, first: number, count: number, stride: number, write: WriteMessage): void {
  const { memory, words, run, padded } = kernel;
  const groups = Math.ceil(count / LANES);
  if (stride !== kernel.stride) {
    padded.fill(-1);
    kernel.stride = stride;
  }
  for (let group = 0; group < groups; group += 1) {
    const at = (GROUPS_AT + group * GROUP) >>> 2;
    let most = 0;
    for (let lane = 0; lane < LANES; lane += 1) {
      const i = group * LANES + lane;
      const slot = SLOTS_AT + i * stride;
      // A lane without a message computes and keeps nothing.
      let blocks = 0;
      if (i < count) {
        const length = write(memory, slot, first + i);
        if (length !== padded[i]) pad(memory, slot, (padded[i] = length));
        blocks = blocksOf(length);
      }
      words[at + lane] = slot;
      words[at + LANES + lane] = blocks;
      if (blocks > most) most = blocks;
    }
    words[at + 2 * LANES] = most;
    words[at + 2 * LANES + 1] = OUT_AT + group * LANES * HASH;
  }
  run(GROUPS_AT, GROUPS_AT + groups * GROUP);
}

/**
 * Writes the SHA-256 of each of `count` messages to `out`, one after the other from `offset` on. Not re-entrant: `write` hashes nothing.
 * @param most no message is longer than this
 */
export function sha256Each(out: Buffer, offset: number, count: number, most: number, write: WriteMessage): void {
  if (kernel === undefined) kernel = tryKernel();
  if (kernel === null || count < 3 || most > MOST) {
    one(out, offset, count, most, write);
    return;
  }
  const stride = 64 * ((most + 9 + 63) >>> 6);
  for (let first = 0; first < count; first += CALL) {
    const now = Math.min(CALL, count - first);
    call(kernel, first, now, stride, write);
    kernel.memory.copy(out, offset + first * HASH, OUT_AT, OUT_AT + now * HASH);
  }
}

/** One after the other. */
function one(out: Buffer, offset: number, count: number, most: number, write: WriteMessage): void {
  const message = Buffer.allocUnsafe(most);
  for (let i = 0; i < count; i += 1) sha256Into(out, offset + i * HASH, message.subarray(0, write(message, 0, i)));
}
