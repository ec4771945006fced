/**
 * The sealing process of the upload's room: the ingest worker's own but for where its frames come from. Those are made once, of bytes
 * that zstd leaves as they are; every task has another key, so that no two ciphertexts are alike.
 */
import { randomBytes } from "node:crypto";
import { toHex } from "@qoodblock/sdk/bytes";
import { makeFrame } from "@qoodblock/sdk/formats";
import { collect } from "@qoodblock/sdk/sealing";
import type { Collected } from "../../sdk/sealing/collect.ts";
import { assembleBatch } from "../../sdk/sealing/seal.ts";
import type { FramedInterval } from "../../sdk/sealing/seal.ts";
import { createArtefacts } from "../../workers/ingest/artefacts.ts";
import type { SealInput } from "@qoodblock/sdk/sealing";
import { batchOf } from "./batches.ts";
import { makeFleet, readLaps } from "./fleet.ts";

/** A batch to seal and to keep. */
export interface UploadTask {
  readonly folder: string;
  readonly sequence: number;
  readonly intervals: number;
  readonly intervalBytes: number;
  readonly k: bigint;
}

let ready: Promise<{ input: SealInput; content: Collected; frames: readonly FramedInterval[] }> | undefined;

async function prepare({ intervals, intervalBytes }: UploadTask): NonNullable<typeof ready> {
  const [car] = makeFleet(await readLaps(), { cars: 1, signed: true, registry: toHex(randomBytes(20)), name: "upload" });
  const input = batchOf(car!, 8, 50);
  const frames = Array.from({ length: intervals }, () => ({ ...makeFrame(randomBytes(intervalBytes - 64)), rawLength: intervalBytes }));
  return { input, content: collect(input), frames };
}

async function sealAndKeep(task: UploadTask): Promise<number> {
  const { input, content, frames } = await (ready ??= prepare(task));
  const started = performance.now();
  const { ciphertext, dataHashes, description } = assembleBatch({ ...input, keys: { k1: task.k } }, content, frames);
  const seconds = (performance.now() - started) / 1000;
  await createArtefacts(task.folder).save("upload", task.sequence, { ciphertext, dataHashes, description });
  return seconds;
}

process.on("message", (task: UploadTask) => {
  sealAndKeep(task).then(
    (seconds) => process.send?.(seconds),
    (error: unknown) => {
      throw error;
    },
  );
});
process.on("disconnect", () => process.exit(0));
