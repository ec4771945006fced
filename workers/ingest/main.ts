import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient } from "@qoodblock/sdk/client";
import { isQoodError } from "@qoodblock/sdk/errors";
import { createLane, openAccount, openChain, readDeployment } from "../shared/chain/index.ts";
import { createFlows, createQueue, hurryJobs, startQueueWorker } from "../shared/queue/bull.ts";
import { closeRedis, connectRedis, keys, queues } from "../shared/queue/index.ts";
import { repeat } from "../shared/process/repeat.ts";
import { createRegistryWatch } from "../shared/registry/index.ts";
import { createSealedChecker, createSealedStore } from "../shared/sealed/index.ts";
import { createLaneMetrics, watchChain, watchFile, watchLane, watchQueues, watchRedis, watchStorage } from "../shared/metrics/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { createKuboStorage } from "../shared/storage/kubo.ts";
import { FOLLOW_VAULT, forgetSecret, openVault, readPassphrase, unlockOf } from "../shared/vault/index.ts";
import { createAnchorer } from "./anchorer.ts";
import { createAnchorWait } from "./anchorWait.ts";
import { announceStep } from "./announce.ts";
import { createArtefacts } from "./artefacts.ts";
import { createBackup } from "./backup.ts";
import { measureRecords } from "./metrics.ts";
import { createPaths } from "./paths.ts";
import { createOwnAnchors } from "./ownAnchors.ts";
import { createPlanner } from "./planner.ts";
import { createRecords } from "./record.ts";
import { createSealedTaker } from "./sealed.ts";
import { createSealer } from "./sealer.ts";
import { schema } from "./settings.ts";
import { sealStep, uploadStep } from "./steps.ts";
import { sureTime } from "./sureTime.ts";
import { runUpkeep } from "./upkeep.ts";
import type { BatchJob } from "./steps.ts";

/** Every stream and every open batch is looked at this often, whatever was lost in between. */
const SWEEP_MS = 60_000;

await runWorker({ name: "qood-ingest", summary: "Closes batches of telemetry, seals, uploads and anchors them, and announces them when their anchor is final.", schema }, async ({ settings, log, signal, metrics, ready, fail }) => {
  const env = process.env;
  const vault = await openVault(settings.vault, () => unlockOf(settings, env), FOLLOW_VAULT);
  const wallet = await openAccount(settings.keystore, readPassphrase({ what: "the key file", file: settings.keystorePassphraseFile, variable: "QOOD_KEYSTORE_PASSPHRASE", env }));
  const deployment = readDeployment(settings.deployment, settings.chainId);
  const chain = await openChain(settings, log, signal);
  const client = createClient(deployment, chain.provider);
  const prefix = settings.redisPrefix;
  const redis = connectRedis(settings.redis, log);
  const blocking = connectRedis(settings.redis);
  const storage = createKuboStorage(settings.storage);
  const records = measureRecords(metrics, redis, prefix, createRecords(redis, prefix));
  const artefacts = createArtefacts(settings.artefacts);
  const sealer = createSealer(settings.sealProcesses, settings.artefacts);
  const lane = createLane({ redis, redisPrefix: prefix, chain, wallet, bumpAfterMs: settings.bumpAfterMs, maxFeeGwei: settings.maxFeeGwei, log, leaseMs: settings.lockMs, metrics: createLaneMetrics(metrics) });
  const ownAnchors = createOwnAnchors({ redis, prefix, client, chain, account: wallet.address as Hex, from: settings.ownAnchorsFrom });
  const anchorer = createAnchorer({ redis, prefix, records, storage, client, lane, everyMs: settings.anchorSeconds * 1000, isSure: ownAnchors.isSure, log });
  const flows = createFlows(redis, prefix);
  const planner = createPlanner({ redis, prefix, records, flows, policy: settings, tsp: wallet.address as Hex, log });
  const checker = createSealedChecker();
  const taker = createSealedTaker({ redis, prefix, records, artefacts, store: createSealedStore(redis, prefix), checker, flows, log });
  const backup = settings.backup === undefined ? undefined : createBackup(settings.backup, storage);
  const context = { redis, prefix, records, artefacts, sealer, vault, storage, backup, pathOf: createPaths(), log };

  const anchored = createAnchorWait({ redis, prefix, signal });
  const bull = { redis: blocking, prefix, log, lockMs: settings.lockMs };
  const workers = [
    startQueueWorker<BatchJob, unknown>(queues.seal, (job) => sealStep(context, job.data), { ...bull, concurrency: settings.sealProcesses }),
    startQueueWorker<BatchJob, unknown>(queues.upload, (job) => uploadStep(context, job.data), { ...bull, concurrency: 4 }),
    // These only wait for the anchorer.
    startQueueWorker<BatchJob, unknown>(queues.anchor, (job) => anchored(job.data), { ...bull, concurrency: 1000 }),
    startQueueWorker<BatchJob, unknown>(queues.announce, (job) => announceStep(context, job.data), { ...bull, concurrency: 4 }),
  ];
  const watched = { metrics, ready };
  watchRedis(watched, redis);
  watchChain(watched, chain);
  watchStorage(watched, storage);
  watchFile(watched, "vault", settings.vault);
  watchLane(watched, { redis, prefix, chain, lane });
  const steps = [queues.seal, queues.upload, queues.anchor, queues.announce];
  watchQueues(watched, redis, prefix, steps);
  lane.start();
  anchorer.start();

  const lookAtAnchors = async (): Promise<boolean> => {
    try {
      await ownAnchors.look();
      return ownAnchors.isSure();
    } catch (error) {
      if (!isQoodError(error, "REDIS_OLD")) throw error;
      log.error({ err: error }, "ALARM: this Redis does not know an anchor of its account");
      fail(error);
      return false;
    }
  };

  const waiting = steps.map((queue) => createQueue(queue, redis, prefix));
  let swept = -Infinity;
  const planning = repeat({ everyMs: settings.tickMs, what: "planning", signal, log }, async () => {
    if (!ownAnchors.isSure() && !(await lookAtAnchors())) return;
    if (performance.now() - swept >= SWEEP_MS) {
      await planner.reconcile();
      for (const queue of waiting) await hurryJobs(redis, queue);
      swept = performance.now();
    }
    await planner.tick();
  });
  const taking = repeat({ everyMs: settings.tickMs, what: "taking in sealed batches", signal, log }, async () => {
    // Devices that seal themselves ask the gateway for it. Redis may come late, so it is not waited for at the start.
    await redis.set(keys.tsp(prefix), wallet.address.toLowerCase());
    await taker.step();
  });
  const watch = createRegistryWatch({ redis, prefix, client, chain, tsp: wallet.address as Hex, log });
  const watching = repeat({ everyMs: settings.pollMs, what: "following the registries", signal, log }, () => watch.step());

  let looked = performance.now();
  const guarding = repeat({ everyMs: settings.pollMs, what: "looking for unknown anchors of this account", signal, log }, async () => {
    if (performance.now() - looked < SWEEP_MS) return;
    looked = performance.now();
    await lookAtAnchors();
  });

  const upkeep = runUpkeep({ ...context, settings, sureTime: () => sureTime(chain), forget: (slot) => forgetSecret(settings.vault, unlockOf(settings, env), slot) }, signal);

  return {
    ready: { address: wallet.address },
    async stop() {
      if (redis.status !== "ready") {
        // Nothing can be handed back to a Redis that is gone; what was in hand is taken up again by its lock.
        redis.disconnect();
        blocking.disconnect();
        return;
      }
      await Promise.all([planning, taking, watching, guarding, upkeep]);
      await checker.close();
      await Promise.all(workers.map((worker) => worker.close()));
      await anchorer.stop();
      await lane.stop();
      await Promise.all([flows.close(), ...waiting.map((queue) => queue.close())]);
      await sealer.close();
      await storage.close();
      chain.close();
      await Promise.all([closeRedis(redis), closeRedis(blocking)]);
    },
  };
});
