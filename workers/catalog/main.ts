import { chmodSync, rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "@qoodblock/sdk/client";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { openChain, readDeployment } from "../shared/chain/index.ts";
import { createJournal, openStore } from "../shared/index/index.ts";
import { parseListenAt, watchChain } from "../shared/metrics/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { createKeeper } from "./keep.ts";
import type { Keeper } from "./keep.ts";
import { createCatalogMetrics } from "./metrics.ts";
import { createServer } from "./server.ts";
import { schema } from "./settings.ts";

await runWorker({ name: "qood-catalog", summary: "Serves the index over HTTP: finds offers, requests, vehicles, streams, batches, agreements, deals and payouts, and takes offers in.", schema }, async ({ settings, log, signal, metrics, ready }) => {
  const at = parseListenAt(settings.listen);
  const deployment = readDeployment(settings.deployment, settings.chainId);
  const [index, catalog] = [await openStore(settings, "chain"), await openStore(settings, "catalog")];
  if (settings.intake) await catalog.claim();
  const chain = await openChain(settings, log, signal);
  watchChain({ metrics, ready }, chain);
  ready.add("index", async () => ((await createJournal(index).head()) === undefined ? "the index is empty: is the indexer running on the same store?" : undefined));
  const measured = createCatalogMetrics(metrics);
  const client = createClient(deployment, chain.provider);
  const kept = createKeeper(index, catalog, { client, provider: chain.provider, mostLots: settings.mostLots }, () => Math.floor(Date.now() / 1000));
  const keeper: Keeper = {
    step: () => kept.step(),
    takeSearch: (id, file) => kept.takeSearch(id, file),
    async take(submission) {
      try {
        const taken = await kept.take(submission);
        measured.taken(taken.isNew ? "taken" : "known");
        return taken;
      } catch (error) {
        measured.taken(isQoodError(error) ? error.code : "fault");
        throw error;
      }
    },
  };
  const app = await createServer({
    ...{ chain: index, catalog, keeper: settings.intake ? keeper : undefined, chainId: settings.chainId, exchange: deployment.addresses.escrow, log },
    ...{ requestsPerMinute: settings.requestsPerMinute, offersPerMinute: settings.offersPerMinute, bodyBytes: settings.bodyBytes },
    onAnswer: (route, status, seconds) => measured.answered(route, status, seconds),
  });
  if ("path" in at) rmSync(at.path, { force: true });
  const address = await app.listen(at).catch((error: unknown) => {
    throw new QoodError("CATALOG_LISTEN", `the catalog cannot be served at ${settings.listen}: ${(error as Error).message}`);
  });
  if ("path" in at) chmodSync(at.path, 0o660);

  let said = "";
  const working = (async () => {
    while (settings.intake && !signal.aborted) {
      await keeper.step().then(
        () => (said = ""),
        (error: unknown) => {
          if (said !== (error as Error).message) log.error({ err: error }, "held up; trying on");
          said = (error as Error).message;
        },
      );
      await wait(settings.pollMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    ready: { catalog: "path" in at ? at.path : address },
    async stop() {
      await app.close();
      await working;
      chain.close();
      await Promise.all([index.close(), catalog.close()]);
    },
  };
});
