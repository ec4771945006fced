import type { Command } from "commander";
import type { GlobalOptions } from "../../context.ts";
import type { AddOptions } from "../../flows/tsp/streams.ts";
import type { TspOptions } from "../../flows/tsp/redis.ts";
import { printResult } from "../../output.ts";

/** `qood tsp streams add|list|show`: which streams this TSP ingests, and where each stands. */
export function registerStreams(tsp: Command, program: Command): void {
  const streams = tsp.command("streams").description("the streams that are ingested");
  streams
    .command("add")
    .description("register a stream; the same again changes nothing, a new device key or key epoch replaces the old")
    .option("--file <json>", "one stream or a list of streams; then no other flag is needed")
    .option("--vehicle <id>", "token id of the vehicle")
    .option("--epoch <number>", "ownership epoch", "1")
    .option("--class <class>", "OEM, USER or DISPUTED", "USER")
    .option("--privacy <grade>", "ORDINARY or PRIVATE", "ORDINARY")
    .option("--schema <name@version>", "schema of the records")
    .option("--key-epoch <number>", "key epoch", "0")
    .option("--device-key <hex>", "the device's public key, 64 bytes x ‖ y")
    .option("--attested", "no device signs: the TSP attests the records itself")
    .option("--device-sealed", "the device seals its batches itself; this TSP stores and anchors them and holds no secret")
    .option("--account <name>", "streams of one account share a limit at the gateways; without it each vehicle is its own")
    .option("--exclusive", "the data is sold to one buyer only")
    .option("--h3 <cells>", "H3 cells that the owner lets the description name, with commas")
    .option("--registry <address>", "the VehicleRegistry; else from --deployment")
    .option("--chain-id <number>", "its chain; else from --deployment")
    .action(async (given: AddOptions) => {
      const options = program.opts<GlobalOptions>();
      const [{ withRedis }, { addStreams }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/streams.ts")]);
      printResult(await withRedis(tsp.opts<TspOptions>(), (redis, prefix) => addStreams(redis, prefix, given, options.deployment)), options.json);
    });
  streams
    .command("list")
    .description("every stream: device, counters, messages that wait, batches, status")
    .action(async () => {
      const [{ withRedis }, { listStreams }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/streams.ts")]);
      printResult(await withRedis(tsp.opts<TspOptions>(), listStreams), program.opts<GlobalOptions>().json);
    });
  streams
    .command("show")
    .description("all that is known of one stream")
    .argument("<handle>", "the stream's handle, or its beginning")
    .action(async (handle: string) => {
      const [{ withRedis }, { showStream }] = await Promise.all([import("../../flows/tsp/redis.ts"), import("../../flows/tsp/streams.ts")]);
      printResult(await withRedis(tsp.opts<TspOptions>(), (redis, prefix) => showStream(redis, prefix, handle)), program.opts<GlobalOptions>().json);
    });
}
