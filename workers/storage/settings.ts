import { z } from "zod";
import { processSettings } from "../shared/config/index.ts";

/** Settings of a storage node. */
export const schema = z.object({
  repo: z.string().min(1).describe("Folder for the node's blocks and its identity; made if missing."),
  rpc: z
    .string()
    .min(1)
    .default("0")
    .describe("Where the Kubo RPC's subset is served: the path of a unix socket, or a port of 127.0.0.1 (0: a free one, named in the log)."),
  listen: z.array(z.string()).default(["/ip4/127.0.0.1/tcp/0"]).describe("libp2p multiaddrs to listen on for other nodes (bitswap)."),
  ...processSettings.shape,
});
