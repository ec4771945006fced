// `npm run demo`: the main job.
import { QoodError } from "@qoodblock/sdk/errors";
import { readArguments, usage } from "./arguments.ts";

try {
  const args = readArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  if (args.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  throw new QoodError("NOT_BUILT", "not built yet: sealing, contracts, workers, purchase");
} catch (error) {
  if (!(error instanceof QoodError)) throw error;
  process.stderr.write(`demo: ${error.message}\n`);
  process.exit(1);
}
