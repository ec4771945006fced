import type { Command } from "commander";
import { registerBatches } from "./batches.ts";
import { registerDeadLetters } from "./dead-letters.ts";
import { registerDoctor } from "./doctor.ts";
import { registerImport } from "./import.ts";
import { registerMint } from "./mint.ts";
import { registerStart } from "./start.ts";
import { registerStreams } from "./streams.ts";
import { registerToken } from "./token.ts";
import { registerVault } from "./vault.ts";

/** `qood tsp …`: what a telematics provider runs and looks after. */
export function registerTsp(program: Command): void {
  const tsp = program
    .command("tsp")
    .description("for telematics providers (TSPs)")
    .option("--redis <address>", "Redis: the path of its unix socket, or a redis:// URL; else QOOD_REDIS, else `redis` in the file of --config")
    .option("--redis-prefix <text>", "first part of every Redis key; else QOOD_REDIS_PREFIX, else `redisPrefix` in that file, else qood")
    .option("--config <file>", "the configuration file of the workers; else QOOD_CONFIG");
  registerVault(tsp, program);
  registerStart(tsp, program);
  registerStreams(tsp, program);
  registerToken(tsp, program);
  registerImport(tsp, program);
  registerBatches(tsp, program);
  registerDeadLetters(tsp, program);
  registerDoctor(tsp, program);
  registerMint(tsp, program);
}
