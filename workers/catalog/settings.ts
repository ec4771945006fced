import { z } from "zod";
import { chainSettings, processSettings } from "../shared/config/index.ts";
import { storeSettings } from "../shared/index/index.ts";

/** Settings of the catalog. */
export const schema = z.object({
  listen: z.string().min(1).default("127.0.0.1:8100").describe("Where the catalog is served: host:port, a port of 127.0.0.1 (0: a free one, named in the log) or the path of a unix socket."),
  requestsPerMinute: z.int().min(1).default(600).describe("Most questions a minute from one address."),
  offersPerMinute: z.int().min(1).default(60).describe("Most offers a minute from one address: each costs some questions to the chain's node."),
  bodyBytes: z.int().min(1024).max(16_777_216).default(2_097_152).describe("Longest offer with its description files that is read, bytes."),
  mostLots: z.int().min(1).max(1024).default(128).describe("Most batches of one offer that is taken in."),
  intake: z.boolean().default(true).describe("Take offers in, and keep them as the chain says. One catalog of an index does; others beside it only serve (--no-intake)."),
  ...storeSettings.shape,
  ...chainSettings.shape,
  ...processSettings.shape,
});

/** See {@link schema}. */
export type CatalogSettings = z.output<typeof schema>;
