import type { Redis } from "ioredis";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { readTokenSecret } from "@qoodblock/workers/gateway/auth/secret.ts";
import { createTokens } from "@qoodblock/workers/gateway/auth/tokens.ts";
import { schema } from "@qoodblock/workers/gateway/settings.ts";
import { readConfig } from "./redis.ts";
import type { TspOptions } from "./redis.ts";
import { findStream } from "./streams.ts";

const sectionSchema = z.object({ name: schema.shape.name, tokenSecretFile: schema.shape.tokenSecretFile });

/** A token with what it counts for. Whoever holds it may send for these streams: it is printed, and kept nowhere. */
export interface MadeToken {
  readonly token: string;
  readonly streams: readonly string[];
  readonly gateway: string;
  /** ISO 8601. */
  readonly expires: string;
}

/** Makes a token for registered streams. @throws QoodError STREAM_UNKNOWN, TOKEN_SECRET, CONFIG_FILE */
export async function makeToken(
  redis: Redis,
  prefix: string,
  given: { readonly stream: readonly string[]; readonly seconds: number; readonly tokenSecretFile?: string; readonly gatewayName?: string; readonly shared: TspOptions },
): Promise<MadeToken> {
  const section = sectionSchema.safeParse(readConfig(given.shared)["qood-gateway"] ?? {});
  if (!section.success) throw new QoodError("CONFIG_FILE", `qood-gateway in the configuration file: ${section.error.issues[0]!.path.join(".")} ${section.error.issues[0]!.message}`);
  const gateway = given.gatewayName ?? section.data.name;
  const secret = readTokenSecret(given.tokenSecretFile ?? section.data.tokenSecretFile, process.env);
  const streams: string[] = [];
  for (const handle of given.stream) streams.push((await findStream(redis, prefix, handle)).handle);
  const { token, expires } = await createTokens(secret, gateway).issue({ kind: "streams", streams: new Set(streams) }, given.seconds);
  return { token, streams, gateway, expires: new Date(expires * 1000).toISOString() };
}
