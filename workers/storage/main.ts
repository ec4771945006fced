import { z } from "zod";
import { processSettings } from "../shared/config/index.ts";
import { watchStorage } from "../shared/metrics/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { createHeliaStorage } from "../shared/storage/helia.ts";
import { serveRpc } from "../shared/storage/rpcServer.ts";
import { measureStorage } from "./metrics.ts";

const schema = z.object({
  repo: z.string().min(1).describe("Folder for the node's blocks and its identity; made if missing."),
  rpc: z
    .string()
    .min(1)
    .default("0")
    .describe("Where the Kubo RPC's subset is served: the path of a unix socket, or a port of 127.0.0.1 (0: a free one, named in the log)."),
  listen: z.array(z.string()).default(["/ip4/127.0.0.1/tcp/0"]).describe("libp2p multiaddrs to listen on for other nodes (bitswap)."),
  ...processSettings.shape,
});

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
