/** Sealing beside the floor that its two primitives set on one thread: ChaCha20 once and SHA-256 twice over the same bytes. */
import { createCipheriv, createSecretKey, hash, randomBytes } from "node:crypto";
import { MAX_LEAF_SIZE, SEGMENT_SIZE } from "@qoodblock/sdk/formats";
import { sealFrames } from "@qoodblock/sdk/sealing";
import { ratesInTurn } from "./table.ts";
import type { Paired, Row } from "./table.ts";

const MIB = 2 ** 20;
const ROUNDS = 51;

/** ChaCha20 and two SHA-256 a leaf over so many bytes, by node:crypto and nothing else. */
export function floorOf(bytes: number): () => void {
  const data = randomBytes(bytes);
  const key = createSecretKey(randomBytes(32));
  const iv = Buffer.alloc(16);
  return () => {
    for (let at = 0; at < bytes; at += SEGMENT_SIZE) createCipheriv("chacha20", key, iv).update(data.subarray(at, at + SEGMENT_SIZE));
    for (let at = 0; at < bytes; at += MAX_LEAF_SIZE) {
      const leaf = data.subarray(at, at + MAX_LEAF_SIZE);
      hash("sha256", leaf, "buffer");
      hash("sha256", leaf, "buffer");
    }
  };
}

/** MiB/s of sealing such frames and of the floor over as many bytes. */
export function sealingBesideFloor(frames: readonly Uint8Array[], rounds = ROUNDS): Promise<Paired> {
  const bytes = frames.reduce((sum, { length }) => sum + length, 0);
  return ratesInTurn(rounds, bytes / MIB, () => sealFrames(frames, 987_654_321n, MAX_LEAF_SIZE), floorOf(bytes));
}

/** A table's row of it. */
export function sealingRow(what: string, { measured, peer, ratio }: Paired, goal?: number, note?: string): Row {
  return {
    ...{ what, measured, unit: "MiB/s", beside: { name: "floor of node:crypto", value: peer }, ratio },
    ...(goal === undefined ? {} : { goal: { ratio: goal, side: "at least" as const } }),
    ...(note === undefined ? {} : { note }),
  };
}
