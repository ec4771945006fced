import { Option } from "commander";
import type { Command } from "commander";
import type { GlobalOptions } from "../../context.ts";
import type { COUNTED_BY, LetterOptions } from "../../flows/tsp/letters.ts";
import type { TspOptions } from "../../flows/tsp/redis.ts";
import { printResult } from "../../output.ts";

type By = (typeof COUNTED_BY)[number];

const filtered = (command: Command): Command =>
  command
    .option("--stream <handle>", "only of this stream")
    .option("--code <code>", "only with this code; MESSAGE_* for all that begin so")
    .option("--origin <text>", "only from an origin that begins so: a client, a file, file:line")
    .option("--since <time>", "only from this time on: 2026-03-01T08:00:00Z, or 90s, 15m, 2h, 3d ago")
    .option("--limit <number>", "at most so many, oldest first");

/** `qood tsp dead-letters list|count|replay`: what was refused, why, and once more. */
export function registerDeadLetters(tsp: Command, program: Command): void {
  const letters = tsp.command("dead-letters").description("messages and rows that were refused, with reason and origin");
  filtered(letters.command("list").description("oldest first, each with whether it can be replayed")).action(async (given: LetterOptions) => {
    const [{ withRedis }, { filterOf, listLetters }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/letters.ts")]);
    const filter = filterOf(given);
    printResult(await withRedis(tsp.opts<TspOptions>(), (redis, prefix) => listLetters(redis, prefix, filter)), program.opts<GlobalOptions>().json);
  });
  filtered(letters.command("count").description("how many there are of each kind"))
    .addOption(new Option("--by <what>", "what they are counted by").choices(["code", "stream", "origin"]).default("code"))
    .action(async (given: LetterOptions & { by: By }) => {
      const [{ withRedis }, { countLetters, filterOf }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/letters.ts")]);
      const filter = filterOf(given);
      printResult(await withRedis(tsp.opts<TspOptions>(), (redis, prefix) => countLetters(redis, prefix, filter, given.by)), program.opts<GlobalOptions>().json);
    });
  filtered(
    letters
      .command("replay")
      .description("feed refused messages in once more; those that are stored now are letters no more, the others stay with their new reason")
      .addHelpText("after", "\nA row that was left out of a stored message cannot be replayed: its place in the device's chain is taken by its hash.\nA replay that is killed is simply begun again."),
  ).action(async (given: LetterOptions) => {
    const [{ withRedis }, { filterOf, replay }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/letters.ts")]);
    const filter = filterOf(given);
    printResult(await withRedis(tsp.opts<TspOptions>(), (redis, prefix) => replay(redis, prefix, filter)), program.opts<GlobalOptions>().json);
  });
}
