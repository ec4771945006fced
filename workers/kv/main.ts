import { chmodSync, rmSync } from "node:fs";
import { createClient } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { openChain, readDeployment } from "../shared/chain/index.ts";
import { openKvStore } from "../shared/kv/index.ts";
import type { Logger } from "../shared/log/index.ts";
import { parseListenAt, watchChain, watchFile } from "../shared/metrics/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { FOLLOW_VAULT, openVault, unlockOf } from "../shared/vault/index.ts";
import type { KeyDesk } from "./keys.ts";
import { createKvMetrics } from "./metrics.ts";
import { createKvServer } from "./server.ts";
import { schema } from "./settings.ts";
import type { KvSettings } from "./settings.ts";

/** Vault and chain, where the settings name them. @throws QoodError CONFIG_VALUE where there is a vault and no chain */
async function openDesk(settings: KvSettings, log: Logger, signal: AbortSignal): Promise<{ desk: KeyDesk; chain: Awaited<ReturnType<typeof openChain>>; vault: string; close(): void } | undefined> {
  const { vault: file, rpc, deployment, chainId } = settings;
  if (file === undefined) return undefined;
  if (rpc === undefined || deployment === undefined || chainId === undefined) {
    throw new QoodError("CONFIG_VALUE", "with a vault qood-kv gives keys to authorised apps and needs rpc, deployment and chainId to ask the chain for their grants; without a vault it stores records alone");
  }
  const vault = await openVault(file, () => unlockOf(settings, process.env), FOLLOW_VAULT);
  const chain = await openChain({ rpc, chainId, finality: "finalized", pollMs: 1000 }, log, signal);
  const desk = { client: createClient(readDeployment(deployment, chainId), chain.provider), vault };
  return {
    ...{ desk, chain, vault: file },
    close() {
      vault.close();
      chain.close();
    },
  };
}

await runWorker({ name: "qood-kv", summary: "CarChain's key-value API: stores sealed records under the addresses of their days, and gives authorised apps the keys that they were granted.", schema }, async ({ settings, log, signal, metrics, ready }) => {
  const at = parseListenAt(settings.listen);
  const store = await openKvStore(settings, log);
  const opened = await openDesk(settings, log, signal);
  if (opened !== undefined) {
    watchChain({ metrics, ready }, opened.chain);
    watchFile({ metrics, ready }, "vault", opened.vault);
  }
  const server = await createKvServer({ store, log, requestsPerMinute: settings.requestsPerMinute, measured: createKvMetrics(metrics), ...(opened === undefined ? {} : { desk: opened.desk }) });
  if ("path" in at) rmSync(at.path, { force: true });
  const address = await server.listen(at).catch((error: unknown) => {
    throw new QoodError("KV_LISTEN", `the key-value API cannot be served at ${settings.listen}: ${(error as Error).message}`);
  });
  if ("path" in at) chmodSync(at.path, 0o600);
  return {
    ready: { kv: "path" in at ? at.path : address, keys: opened !== undefined },
    async stop() {
      await server.close();
      opened?.close();
      await store.close();
    },
  };
});
