import { z } from "zod";
import { processSettings, redisSettings } from "../shared/config/index.ts";

/** Settings of the board. */
export const schema = z.object({
  listen: z
    .string()
    .min(1)
    .default("127.0.0.1:8090")
    .describe("Where the board is served: host:port, a port of 127.0.0.1 (0: a free one, named in the log) or the path of a unix socket. Beyond this machine only behind a proxy with TLS: the password travels as it is."),
  user: z.string().regex(/^[^:\s]{1,64}$/, "must be 1 to 64 characters without colon and space").default("operator").describe("User of the login."),
  passwordFile: z.string().optional().describe("File with the password of the login, in its first line, at least 12 characters; without it QOOD_BOARD_PASSWORD is read."),
  requestsPerMinute: z.int().min(10).default(600).describe("Most requests a minute from one address."),
  ...redisSettings.shape,
  ...processSettings.shape,
});

/** See {@link schema}. */
export type BoardSettings = z.output<typeof schema>;
