import type { Command } from "commander";
import type { GlobalOptions } from "../../context.ts";
import type { BatchesOptions } from "../../flows/tsp/batches.ts";
import type { TspOptions } from "../../flows/tsp/redis.ts";
import { printResult } from "../../output.ts";

/** `qood tsp batches`: what an owner needs to have all its data. */
export function registerBatches(tsp: Command, program: Command): void {
  tsp
    .command("batches")
    .description("write the announced batches of a vehicle or a stream into a file for `qood owner export --batches`; nothing in it is secret")
    .option("--vehicle <id>", "all streams of this vehicle")
    .option("--stream <handle>", "this stream, by its handle or enough of its beginning")
    .requiredOption("--out <file>", "where they are written, one a line")
    .action(async (given: BatchesOptions) => {
      const [{ withRedis }, { writeBatches }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/batches.ts")]);
      printResult(await withRedis(tsp.opts<TspOptions>(), (redis, prefix) => writeBatches(redis, prefix, given)), program.opts<GlobalOptions>().json);
    });
}
