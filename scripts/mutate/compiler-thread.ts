/** The thread that a {@link Compiler} speaks to: a warm compiler, one input after the other. */
import { createRequire } from "node:module";
import { parentPort } from "node:worker_threads";

const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };
parentPort!.on("message", (input: string) => {
  parentPort!.postMessage(solc.compile(input));
});
