import { watchStorage } from "../shared/metrics/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { createHeliaStorage } from "../shared/storage/helia.ts";
import { serveRpc } from "../shared/storage/rpcServer.ts";
import { measureStorage } from "./metrics.ts";
import { schema } from "./settings.ts";

await runWorker({ name: "qood-storage", summary: "A storage node: Helia with a store of files, bitswap with connected nodes, and the subset of Kubo's RPC that the workers use.", schema }, async ({ settings, log, metrics, ready }) => {
  const storage = measureStorage(metrics, settings.repo, await createHeliaStorage({ repo: settings.repo, listen: settings.listen }));
  watchStorage({ metrics, ready }, storage);
  const rpc = await serveRpc(storage, /^\d+$/.test(settings.rpc) ? Number(settings.rpc) : settings.rpc, log);
  return {
    ready: { rpc: rpc.address, ...(await storage.id()) },
    async stop() {
      await rpc.close();
      await storage.close();
    },
  };
});
