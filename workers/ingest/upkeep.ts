import { keys } from "../shared/queue/index.ts";
import { repeat } from "../shared/process/repeat.ts";
import { createErasure } from "./erasure.ts";
import type { ErasureContext } from "./erasure.ts";
import { createRetention } from "./retention.ts";
import { verifyStorage } from "./verify.ts";
import type { VerifyContext } from "./verify.ts";

/** How often the status of streams is looked at, and whether something else is due. */
const ERASE_MS = 5_000;
const LOOK_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Field of the cursors that says when the storage was last checked to the end, Unix milliseconds. */
const VERIFIED = "verified";

/** What upkeep needs, and its settings. */
export interface UpkeepContext extends Omit<ErasureContext, "delayMs">, VerifyContext {
  readonly settings: { readonly eraseSeconds: number; readonly retentionDays: number; readonly verifyHours: number };
}

/**
 * What ingest does beside its batches: erases the secrets of revoked streams, gives up files past their retention, and
 * checks the storage node from time to time. Several workers may do it: each step has its effect once.
 * @returns when the signal has ended it
 */
export async function runUpkeep(context: UpkeepContext, signal: AbortSignal): Promise<void> {
  const { redis, prefix, settings, log } = context;
  const erasure = createErasure({ ...context, delayMs: settings.eraseSeconds * 1000 });
  const retention = createRetention({ ...context, keepMs: settings.retentionDays * DAY_MS });

  async function verify(): Promise<void> {
    const last = Number((await redis.hget(keys.cursors(prefix), VERIFIED)) ?? "0");
    const passed = Date.now() - last;
    // A pass of the future was noted by a clock that had jumped ahead.
    if (passed >= 0 && passed < settings.verifyHours * HOUR_MS) return;
    const { files, mended, lost } = await verifyStorage(context, signal);
    if (signal.aborted) return;
    await redis.hset(keys.cursors(prefix), VERIFIED, Date.now());
    log.info({ files, mended: mended.length, lost: lost.length }, "the storage node was checked");
  }

  await Promise.all([
    repeat({ everyMs: ERASE_MS, what: "the erasure of revoked streams", signal, log }, () => erasure.step()),
    // One after the other: what is being given up is not to be missed in the same moment.
    repeat({ everyMs: LOOK_MS, what: "the care of stored files", signal, log }, async () => {
      if (settings.retentionDays > 0) await retention.step();
      if (settings.verifyHours > 0) await verify();
    }),
  ]);
}
