import { setTimeout as wait } from "node:timers/promises";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient } from "@qoodblock/sdk/client";
import { createLane, openAccount, openChain, readDeployment } from "../shared/chain/index.ts";
import { createPool } from "../shared/pool/index.ts";
import { createQueue } from "../shared/queue/bull.ts";
import { closeRedis, connectRedis, keys, queues } from "../shared/queue/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { createKuboStorage } from "../shared/storage/index.ts";
import { openVault, readPassphrase } from "../shared/vault/index.ts";
import type { CheckAnswer, CheckTask } from "./checkChild.ts";
import { createFollower, readDeal } from "./deals.ts";
import { serveDeal } from "./deliver.ts";
import { createOfferer } from "./offers.ts";
import { schema } from "./settings.ts";

/** So many deals are served at the same time. */
const CONCURRENT = 4;

await runWorker({ name: "qood-delivery", summary: "Offers announced batches and delivers the key of every batch that is bought, proven, in time and once.", schema }, async ({ settings, log, signal }) => {
  const env = process.env;
  const vault = await openVault(settings.vault, readPassphrase({ what: "the vault", file: settings.vaultPassphraseFile, variable: "QOOD_VAULT_PASSPHRASE", env }));
  const wallet = await openAccount(settings.keystore, readPassphrase({ what: "the key file", file: settings.keystorePassphraseFile, variable: "QOOD_KEYSTORE_PASSPHRASE", env }));
  const deployment = readDeployment(settings.deployment, settings.chainId);
  const chain = await openChain(settings, log, signal);
  const prefix = settings.redisPrefix;
  const redis = connectRedis(settings.redis, log);
  const storage = createKuboStorage(settings.storage);
  const client = createClient(deployment, chain.provider);
  const lane = createLane({ redis, redisPrefix: prefix, chain, wallet, bumpAfterMs: settings.bumpAfterMs, maxFeeGwei: settings.maxFeeGwei, log, leaseMs: settings.lockMs });
  const pool = createPool<CheckTask, CheckAnswer>(new URL("./checkChild.ts", import.meta.url), 1);
  const proofs = createQueue(queues.prove, redis, prefix);
  const offerer = createOfferer({ redis, prefix, settings, client, chain, storage, wallet, log });
  const follower = createFollower({ redis, prefix, client, chain, seller: wallet.address as Hex, log });
  const context = { redis, prefix, client, chain, lane, storage, vault, pool, proofs, marginSeconds: settings.marginSeconds, log, signal };
  lane.start();

  const said = new Map<string, string>();
  /** One line for each new fault, not one for each try. */
  const complain = (what: string, error: unknown): void => {
    const text = (error as Error).message;
    if (said.get(what) !== text && !signal.aborted) log.error({ what, err: error }, "held up; trying on");
    said.set(what, text);
  };

  const serving = new Map<string, Promise<void>>();
  const notBefore = new Map<string, number>();
  async function serve(): Promise<void> {
    for (const id of await redis.smembers(keys.openDeals(prefix))) {
      if (serving.size >= CONCURRENT) break;
      if (serving.has(id) || Date.now() < (notBefore.get(id) ?? 0)) continue;
      const deal = await readDeal(redis, prefix, id);
      if (deal === undefined) continue;
      const work = serveDeal(context, deal)
        .catch((error: unknown) => {
          complain(id, error);
          notBefore.set(id, Date.now() + settings.retrySeconds * 1000);
        })
        .finally(() => serving.delete(id));
      serving.set(id, work);
    }
  }

  const steps: Record<string, () => Promise<void>> = { ...(settings.offers ? { offers: () => offerer.step() } : {}), deals: () => follower.step(), serve };
  const working = (async () => {
    while (!signal.aborted) {
      for (const [what, step] of Object.entries(steps)) await step().then(() => said.delete(what), (error: unknown) => complain(what, error));
      await wait(settings.pollMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(serving.values());
  })();

  return {
    ready: { address: wallet.address },
    async stop() {
      if (redis.status !== "ready") {
        redis.disconnect();
        await pool.close();
        return;
      }
      await working;
      await lane.stop();
      await proofs.close();
      await pool.close();
      await storage.close();
      chain.close();
      await closeRedis(redis);
    },
  };
});
