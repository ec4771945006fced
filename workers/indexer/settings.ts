import { z } from "zod";
import { chainSettings, processSettings } from "../shared/config/index.ts";
import { storeSettings } from "../shared/index/index.ts";

/** Settings of the indexer. */
export const schema = z.object({
  rpcFallbacks: z.array(z.url({ protocol: /^https?$/ })).max(8).default([]).describe("Further JSON-RPC URLs of the same chain: when one fails, the next is asked."),
  mostBlocks: z.int().min(1).max(100_000).default(5000).describe("Most blocks of one question for logs; what the provider refuses is asked for in halves, and grows again."),
  ...storeSettings.shape,
  ...chainSettings.shape,
  ...processSettings.shape,
});
