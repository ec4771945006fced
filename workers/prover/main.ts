import { z } from "zod";
import { createClient } from "@qoodblock/sdk/client";
import { loadProofArtifacts } from "@qoodblock/sdk/proof";
import { openChain, readDeployment } from "../shared/chain/index.ts";
import { createPool } from "../shared/pool/index.ts";
import { startQueueWorker } from "../shared/queue/bull.ts";
import { closeRedis, connectRedis, proveJobSchema, proveResultSchema, queues } from "../shared/queue/index.ts";
import { watchChain, watchFile, watchQueues, watchRedis } from "../shared/metrics/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { FOLLOW_VAULT, openVault, unlockOf } from "../shared/vault/index.ts";
import { createProverMetrics } from "./metrics.ts";
import { proveDelivery } from "./prove.ts";
import type { ProveAnswer, ProveTask } from "./proveChild.ts";
import { schema } from "./settings.ts";

const INSTANCES = ["KeyDelivery1", "KeyDelivery8", "KeyDelivery32"] as const;

await runWorker({ name: "qood-prover", summary: "Wraps the keys of paid deals for their buyers and proves it (KeyDelivery). Jobs carry no secret: keys are derived here, from the vault.", schema }, async ({ settings, log, signal, metrics, ready }) => {
  const vault = await openVault(settings.vault, () => unlockOf(settings, process.env), FOLLOW_VAULT);
  const deployment = readDeployment(settings.deployment, settings.chainId);
  // A wrong key file is to be seen at the start, not at the first deal.
  const purposes = new Set(INSTANCES.map((name) => loadProofArtifacts(settings.keys, name).metadata.purpose));
  const chain = await openChain(settings, log, signal);
  const redis = connectRedis(settings.redis, log);
  const pool = createPool<ProveTask, ProveAnswer>(new URL("./proveChild.ts", import.meta.url), settings.processes, [settings.keys]);
  watchRedis({ metrics, ready }, redis);
  watchChain({ metrics, ready }, chain);
  watchFile({ metrics, ready }, "vault", settings.vault);
  watchQueues({ metrics }, redis, settings.redisPrefix, [queues.prove]);
  const measured = createProverMetrics(metrics);
  const context = { vault, client: createClient(deployment, chain.provider), chain, pool };
  const worker = startQueueWorker<unknown, unknown>(
    queues.prove,
    async (job) => {
      const result = await proveDelivery(context, z.parse(proveJobSchema, job.data));
      measured.proven(result.ms);
      log.info({ job: job.id, ms: result.ms }, "delivery proven");
      return z.encode(proveResultSchema, result);
    },
    { redis, prefix: settings.redisPrefix, log, lockMs: settings.lockMs, concurrency: settings.processes },
  );
  return {
    ready: { instances: INSTANCES.join(" "), purpose: [...purposes].join(" ") },
    async stop() {
      if (redis.status === "ready") await worker.close();
      await pool.close();
      chain.close();
      await closeRedis(redis);
    },
  };
});
