import { decodeMessage } from "@qoodblock/sdk/device";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { sealBatch } from "@qoodblock/sdk/sealing";
import type { SealBlock, SealInterval, SealMessage, SealedBatch } from "@qoodblock/sdk/sealing";
import type { StoredMessage } from "../shared/queue/index.ts";
import { cidOf } from "../shared/storage/dag.ts";
import { createArtefacts } from "./artefacts.ts";
import type { Plan, Sealed } from "./record.ts";

/** What a sealing process is given. The key comes over a pipe from the process that has opened the vault; it is nowhere else. */
export interface SealTask {
  readonly plan: Plan;
  readonly columns: number;
  readonly k: bigint;
  readonly messages: readonly StoredMessage[];
}

/** A task whose files are to be kept. */
export interface KeepTask extends SealTask {
  /** Folder of the artefacts. */
  readonly folder: string;
  /** The header that an earlier sealing gave: files of another one are not kept. */
  readonly expected?: string;
}

/** What it gives back: all of a sealed batch but its files, which lie in the folder then. */
export type SealAnswer = { readonly sealed: SealedResult } | { readonly error: { readonly code: string; readonly message: string } };
/** {@link Sealed} without its time. */
export type SealedResult = Omit<Sealed, "ms">;

/** Messages in blocks of T seconds by their rows' time, blocks in intervals of e. */
function arrange(plan: Plan, messages: readonly { sealed: SealMessage; firstTime: number | null }[]): SealInterval[] {
  const blocks: { messages: SealMessage[]; since: number | null }[] = [];
  for (const { sealed, firstTime } of messages) {
    const last = blocks.at(-1);
    const since = last?.since ?? null;
    const full = since !== null && firstTime !== null && firstTime >= since + plan.blockSeconds * 1000;
    if (last === undefined || full) blocks.push({ messages: [sealed], since: firstTime });
    else {
      last.messages.push(sealed);
      last.since ??= firstTime;
    }
  }
  const intervals: SealInterval[] = [];
  for (let at = 0; at < blocks.length; at += plan.intervalBlocks) {
    intervals.push({ blocks: blocks.slice(at, at + plan.intervalBlocks).map(({ messages: inside }): SealBlock => ({ messages: inside })) });
  }
  return intervals;
}

/**
 * Seals a plan's messages. Every message is verified against the device's chain once more: Redis is where they were
 * kept, not whom to trust.
 * @throws QoodError `MESSAGE_STREAM`, `MESSAGE_COUNTER`, and those of `sealBatch`
 */
export function seal({ plan, columns, k, messages }: SealTask): SealedBatch {
  const decoded = messages.map(({ wire, dropped, firstTime }, i) => {
    const { stream, counter, salt16, signature, rows } = decodeMessage(wire);
    if (stream !== plan.stream.toLowerCase()) throw new QoodError("MESSAGE_STREAM", `message ${counter} belongs to another stream`);
    if (counter !== plan.first + i) throw new QoodError("MESSAGE_COUNTER", `message ${counter} stands where ${plan.first + i} must`);
    return { sealed: { counter, salt16, signature, rows, dropped: [...dropped] }, firstTime };
  });
  return sealBatch({
    header: {
      ...{ stream: plan.stream, sequence: plan.sequence, tsp: plan.tsp, previousHeader: plan.previousHeader, sealNonce: plan.sealNonce },
      ...{ keyEpoch: plan.keyEpoch, schema: plan.schema, dictionaryVersion: plan.dictionaryVersion, devicePublicKey: plan.devicePublicKey },
      flags: { exclusive: plan.exclusive, origin: plan.devicePublicKey === null ? "TSP_ATTESTED" : "DEVICE_SIGNED" },
    },
    keys: { k1: k },
    intervals: arrange(plan, decoded),
    columns,
    chainBefore: plan.chainBefore,
    verify: true,
    leafSize: plan.leafSize,
    ...(plan.h3.length > 0 ? { publicFields: { h3: plan.h3 } } : {}),
  });
}

/** Seals, and writes the files to the disk from here: they need not go through a pipe to the process that has to stay quick. */
async function sealAndKeep({ folder, expected, ...task }: KeepTask): Promise<SealedResult> {
  const { ciphertext, dataHashes, description, header, headerHash, envelope, cids, leafCount, bytes } = seal(task);
  if (expected === undefined || expected === headerHash) await createArtefacts(folder).save(task.plan.stream, task.plan.sequence, { ciphertext, dataHashes, description });
  return { headerHash, header, envelope, cids: { ...cids, description: (await cidOf(description)).toString() }, records: header.rest.records, leafCount, bytes };
}

process.on("message", (task: KeepTask) => {
  sealAndKeep(task).then(
    (sealed) => process.send?.({ sealed } satisfies SealAnswer),
    (error: unknown) => process.send?.({ error: { code: isQoodError(error) ? error.code : "SEAL_FAILED", message: (error as Error).message } } satisfies SealAnswer),
  );
});
// Its parent is gone, however it went. The signals are the parent's to act on.
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
