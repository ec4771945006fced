import type { Command } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import type { GlobalOptions } from "../../context.ts";
import type { TspOptions } from "../../flows/tsp/redis.ts";
import { printResult } from "../../output.ts";
import { several } from "../several.ts";

interface Given {
  readonly stream: readonly string[];
  readonly days: string;
  readonly tokenSecretFile?: string;
  readonly gatewayName?: string;
}

/** `qood tsp token`: access for a source that has no key of its own. */
export function registerToken(tsp: Command, program: Command): void {
  tsp
    .command("token")
    .description("make a token by which a source without a device key may send for named streams; a device with a key logs in by itself")
    .requiredOption("--stream <handle>", "a registered stream that it counts for; may be given several times", several)
    .option("--days <number>", "days that it counts", "30")
    .option("--token-secret-file <file>", "the gateways' token secret; else `tokenSecretFile` of qood-gateway in the file of --config, else QOOD_TOKEN_SECRET")
    .option("--gateway-name <name>", "the gateways' name; else `name` of qood-gateway in that file, else qood-gateway")
    .action(async (given: Given) => {
      const days = Number(given.days);
      if (!(days > 0 && days <= 3650)) throw new QoodError("USAGE", "--days must be a number from 0 to 3650");
      const [{ withRedis }, { makeToken }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/token.ts")]);
      const shared = tsp.opts<TspOptions>();
      printResult(await withRedis(shared, (redis, prefix) => makeToken(redis, prefix, { ...given, seconds: Math.round(days * 86_400), shared })), program.opts<GlobalOptions>().json);
    });
}
