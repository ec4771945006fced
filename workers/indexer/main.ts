import { setTimeout as wait } from "node:timers/promises";
import { readDeployment } from "../shared/chain/index.ts";
import { openStore } from "../shared/index/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { contractsOf } from "./decode.ts";
import { createFollower } from "./follow.ts";
import { createIndexerMetrics } from "./metrics.ts";
import { ownerOf } from "./owner.ts";
import { createProjection } from "./project/index.ts";
import { createRpcSource } from "./rpc.ts";
import { schema } from "./settings.ts";

/** So many blocks may the index be behind and count as ready. */
const READY_BEHIND = 5;

await runWorker({ name: "qood-indexer", summary: "Follows the contracts' events into the index, which the catalog serves.", schema }, async ({ settings, log, signal, metrics, ready }) => {
  const deployment = readDeployment(settings.deployment, settings.chainId);
  const store = await openStore(settings, "chain");
  await store.claim();
  const measured = createIndexerMetrics(metrics);
  const source = createRpcSource({
    ...{ urls: [settings.rpc, ...settings.rpcFallbacks], chainId: settings.chainId, finality: settings.finality },
    ...{ addresses: [...contractsOf(deployment).keys()], log, onFailover: () => measured.failover() },
  });
  const follower = createFollower({ store, source, project: createProjection(deployment), owner: ownerOf(deployment), startBlock: deployment.startBlock, mostBlocks: settings.mostBlocks, log, stats: measured });

  let head = -1;
  let fault: string | undefined;
  ready.add("index", async () => {
    if (fault !== undefined) return fault;
    const latest = (await source.latest()).number;
    return latest - head > READY_BEHIND ? `the index is at block ${head}, the chain at ${latest}` : undefined;
  });

  const working = (async () => {
    while (!signal.aborted) {
      try {
        head = (await follower.step())?.number ?? -1;
        measured.head(head);
        fault = undefined;
      } catch (error) {
        const text = (error as Error).message;
        // One line for each new fault, not one for each try.
        if (fault !== text) log.error({ err: error }, "held up; trying on");
        fault = text;
      }
      await wait(settings.pollMs, undefined, { signal }).catch(() => undefined);
    }
  })();

  return {
    ready: { startBlock: deployment.startBlock },
    async stop() {
      await working;
      source.close();
      await store.close();
    },
  };
});
