import type { Command } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import type { GlobalOptions } from "../../context.ts";
import type { TspOptions } from "../../flows/tsp/redis.ts";
import { printResult } from "../../output.ts";

interface Given {
  readonly stream: string;
  readonly schema?: string;
  readonly start?: string;
  readonly messageRows: string;
  readonly backlog: string;
  readonly late?: boolean;
  readonly endTrip?: boolean;
}

function whole(text: string, flag: string, most: number): number {
  if (!/^[1-9]\d{0,8}$/.test(text) || Number(text) > most) throw new QoodError("USAGE", `${flag} must be a whole number from 1 to ${most}`);
  return Number(text);
}

/** `qood tsp import FILE…`: backfill. */
export function registerImport(tsp: Command, program: Command): void {
  tsp
    .command("import")
    .description("bring drives and CloudEvents from files into a stream; what is stopped goes on where it was")
    .argument("<files...>", "CSV (OBD, CAN with GPS, generated), CarChain JSON, or CloudEvents as JSON-lines; each may be packed by gzip or zstd")
    .requiredOption("--stream <handle>", "the stream, or the beginning of its handle")
    .option("--schema <name@version>", "schema of the records, to be compared with the stream's")
    .option("--start <time>", "when a drive began whose file has no date")
    .option("--message-rows <number>", "rows of a message, where the TSP attests", "100")
    .option("--backlog <number>", "wait while so many messages of the stream are in no batch yet", "20000")
    .option("--late", "import a file that begins before the stream's newest record: what is late goes to the dead letters")
    .option("--end-trip", "the trip ends with the last file, so its batch is closed")
    .addHelpText("after", "\nEvery record is stored once, however often the import is killed and run again; a file that is imported is not imported again.\nLines that hold no good record go to the dead letters with file:line: `qood tsp dead-letters list --origin FILE`.")
    .action(async (files: string[], given: Given) => {
      const options = program.opts<GlobalOptions>();
      const [{ withRedis }, { findStream, schemaNamed }, { openSource }, { endTrip, importFile }, { createMeter }, { parseStart }] = await Promise.all([
        ...([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/streams.ts"), import("../../flows/tsp/import/source.ts")] as const),
        ...([import("../../flows/tsp/import/run.ts"), import("../../flows/tsp/import/meter.ts"), import("@qoodblock/sdk/drive")] as const),
      ]);
      const messageRows = whole(given.messageRows, "--message-rows", 10_000);
      const backlog = whole(given.backlog, "--backlog", 1_000_000);
      const startMs = given.start === undefined ? undefined : parseStart(given.start);
      if (given.schema !== undefined) schemaNamed(given.schema);
      // An end that is asked for is an exit, so that what was unpacked goes.
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
      const meter = createMeter(process.stderr, options.json);
      const sources: Awaited<ReturnType<typeof openSource>>[] = [];
      try {
        // All of them first: a wrong name in the list is said before anything is imported.
        for (const file of files) sources.push(await openSource(file, { startMs }));
        const results = await withRedis(tsp.opts<TspOptions>(), async (redis, prefix) => {
          const stream = await findStream(redis, prefix, given.stream);
          const done = [];
          for (const source of sources) done.push(await importFile(redis, prefix, stream, source, { schema: given.schema, messageRows, backlog, late: given.late === true }, meter));
          if (given.endTrip === true) await endTrip(redis, prefix, stream);
          return done;
        });
        printResult(results, options.json);
      } finally {
        for (const source of sources) await source.close();
      }
    });
}
