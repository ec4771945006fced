import { setTimeout as wait } from "node:timers/promises";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { createLane, openAccount, openChain, readDeployment } from "../shared/chain/index.ts";
import { createPool } from "../shared/pool/index.ts";
import { createQueue } from "../shared/queue/bull.ts";
import { closeRedis, connectRedis, queues } from "../shared/queue/index.ts";
import { createLaneMetrics, watchChain, watchFile, watchLane, watchRedis, watchStorage } from "../shared/metrics/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { createKuboStorage } from "../shared/storage/kubo.ts";
import { FOLLOW_VAULT, openVault, readPassphrase, unlockOf } from "../shared/vault/index.ts";
import { createIndexNode, openDataIndex } from "../shared/dht/index.ts";
import { createCatalogAdvertiser, createIndexAdvertiser } from "./advertise.ts";
import type { Advertiser } from "./advertise.ts";
import { createBonds } from "./bonds.ts";
import type { CheckAnswer, CheckTask } from "./checkChild.ts";
import type { DeliveryContext } from "./context.ts";
import { parseListen, startEndpoint } from "./endpoint.ts";
import { createChallengeWatch, createPurchaseFollower } from "./follow.ts";
import { createOfferer } from "./offers.ts";
import { createDeliveryMetrics } from "./metrics.ts";
import { createSampler } from "./sample.ts";
import { createScheduler } from "./schedule.ts";
import { schema } from "./settings.ts";

await runWorker({ name: "qood-delivery", summary: "Offers announced batches and delivers the key of every batch that is bought, in time and once: by receipt, unproven or proven, as the policy says.", schema }, async ({ settings, log, signal, metrics, ready }) => {
  const env = process.env;
  if (settings.marginSeconds >= settings.deliverSeconds) throw new QoodError("CONFIG_VALUE", `marginSeconds (${settings.marginSeconds}) must be less than deliverSeconds (${settings.deliverSeconds}), else every delivery comes too late`);
  if (settings.handoverListen !== undefined && parseListen(settings.handoverListen).port === 0) throw new QoodError("CONFIG_VALUE", "handoverListen must name a port: it is written into offers");
  if (settings.samples && settings.handoverListen === undefined) throw new QoodError("CONFIG_VALUE", "samples are given at handoverListen, which must be named too");
  const vault = await openVault(settings.vault, () => unlockOf(settings, env), FOLLOW_VAULT);
  const wallet = await openAccount(settings.keystore, readPassphrase({ what: "the key file", file: settings.keystorePassphraseFile, variable: "QOOD_KEYSTORE_PASSPHRASE", env }));
  const deployment = readDeployment(settings.deployment, settings.chainId);
  const chain = await openChain(settings, log, signal);
  const prefix = settings.redisPrefix;
  const redis = connectRedis(settings.redis, log);
  const storage = createKuboStorage(settings.storage);
  const client = createClient(deployment, chain.provider);
  const lane = createLane({ redis, redisPrefix: prefix, chain, wallet, bumpAfterMs: settings.bumpAfterMs, maxFeeGwei: settings.maxFeeGwei, log, leaseMs: settings.lockMs, metrics: createLaneMetrics(metrics) });
  const pool = createPool<CheckTask, CheckAnswer>(new URL("./checkChild.ts", import.meta.url), 1);
  const proofs = createQueue(queues.prove, redis, prefix);
  const bonds = createBonds(redis, prefix, client, wallet.address as Hex);
  const measured = createDeliveryMetrics(metrics, { redis, prefix, bonds, token: (settings.token ?? deployment.addresses.qdd) as Hex });
  const context: DeliveryContext = { redis, prefix, settings, client, chain, lane, storage, vault, wallet, pool, proofs, bonds, metrics: measured, log };

  const said = new Map<string, string>();
  /** One line for each new fault, not one for each try. */
  const complain = (what: string, error: unknown): void => {
    const text = (error as Error).message;
    if (said.get(what) !== text && !signal.aborted) log.error({ what, err: error }, "held up; trying on");
    said.set(what, text);
  };
  const scheduler = createScheduler(context, complain);
  const endpoint = settings.handoverListen === undefined ? undefined : await startEndpoint(context, settings.handoverListen, { sample: createSampler(context), wake: (id) => scheduler.wake(id) });
  const purchases = createPurchaseFollower(context);
  const challenges = createChallengeWatch(context, (id) => scheduler.wake(id));
  const offerer = createOfferer(context);
  const indexNode = settings.indexListen.length === 0 ? undefined : await createIndexNode({ listen: settings.indexListen, peers: settings.indexPeers });
  const index = indexNode === undefined ? undefined : await openDataIndex(indexNode);
  const watched = { metrics, ready };
  watchRedis(watched, redis);
  watchChain(watched, chain);
  watchStorage(watched, storage);
  watchFile(watched, "vault", settings.vault);
  watchLane(watched, { redis, prefix, chain, lane });
  lane.start();

  const stepOf = (advertiser: Advertiser) => (): Promise<void> => advertiser.step();

  /** Each in a loop of its own: a long look at one thing holds up no other. */
  const steps: Record<string, () => Promise<void>> = {
    ...(settings.offers ? { offers: () => offerer.step() } : {}),
    ...Object.fromEntries(settings.catalogs.map((url) => [`catalog ${url}`, stepOf(createCatalogAdvertiser(context, url))])),
    ...(index === undefined ? {} : { index: stepOf(createIndexAdvertiser(context, index, () => Math.floor(Date.now() / 1000))) }),
    deals: () => purchases.step(),
    challenges: () => challenges.step(),
    serve: () => scheduler.step(),
  };
  const working = Object.entries(steps).map(async ([what, step]) => {
    while (!signal.aborted) {
      await step().then(() => said.delete(what), (error: unknown) => complain(what, error));
      await wait(settings.pollMs, undefined, { signal }).catch(() => undefined);
    }
  });

  return {
    ready: {
      address: wallet.address,
      ...(endpoint === undefined ? {} : { handover: settings.handoverListen }),
      ...(indexNode === undefined ? {} : { index: indexNode.getMultiaddrs().map(String) }),
    },
    async stop() {
      await endpoint?.close();
      await index?.close();
      await indexNode?.stop();
      if (redis.status !== "ready") {
        redis.disconnect();
        await pool.close();
        return;
      }
      await Promise.all(working);
      await scheduler.idle();
      await lane.stop();
      await proofs.close();
      await pool.close();
      await storage.close();
      chain.close();
      await closeRedis(redis);
    },
  };
});
