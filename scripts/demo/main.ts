// `npm run demo`: the main job, from a drive to a decrypted and paid purchase, with every part a real process.
import { QoodError } from "@qoodblock/sdk/errors";
import { watchParent } from "@qoodblock/workers/shared/process/parent.ts";
import { openStateFolder } from "@qoodblock/workers/shared/process/state.ts";
import type { StateFolder } from "@qoodblock/workers/shared/process/state.ts";
import { ensureCompiled } from "../bootstrap/compile.ts";
import { readArguments, usage } from "./arguments.ts";
import type { DemoArguments } from "./arguments.ts";
import { chooseDrive } from "./drive.ts";
import { doMainJob } from "./job.ts";
import { createProgress } from "./progress.ts";
import { createStack } from "@qoodblock/workers/shared/process/stack.ts";
import { summaryText } from "./summary.ts";

const progress = createProgress(process.stderr);
const stack = createStack(progress.say);
let state: StateFolder | undefined;

async function end(code: number): Promise<never> {
  await stack.unwind();
  state?.release();
  process.exit(code);
}

function complain(error: unknown): void {
  const known = error instanceof QoodError;
  process.stderr.write(known ? `demo: ${error.message}\n` : `demo: unforeseen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

const ending = { begun: false };
function interrupt(why: string, code: number): void {
  if (ending.begun) return;
  ending.begun = true;
  progress.say(`${why}: ending every process …`);
  void end(code);
}

async function run(args: DemoArguments): Promise<number> {
  await progress.step("setup", "setting up", async (detail) => {
    await ensureCompiled((line) => {
      progress.say(line);
      detail("compiling the contracts");
    });
  });
  // A drive from a file is read before the state folder is touched; one that is generated is written there.
  const early = args.hours === undefined ? await progress.step("setup", "reading the drive", () => chooseDrive(args)) : undefined;
  state = await openStateFolder(args.state);
  for (const name of state.tookOver) progress.say(`${name}, left by a run that was killed, has been ended`);
  const chosen = early ?? (await progress.step("setup", "generating the drive", () => chooseDrive(args)));
  const { total, accepted } = chosen.survey;
  progress.say(`${chosen.drive.format}: ${total} rows, ${accepted} accepted`);
  const { summary, extras } = await doMainJob({ args, state, stack, progress, chosen });
  if (args.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else process.stdout.write(`${summaryText(summary, extras)}\n`);
  if (!summary.verified) complain(new QoodError("NOT_VERIFIED", extras.reason ?? "the buyer's records are not the car's records"));
  return summary.verified ? 0 : 1;
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) process.on(signal, () => interrupt(signal, code));
watchParent(() => interrupt("the terminal is gone", 129));

try {
  const args = readArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  if (args.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  const code = await run(args);
  if (!ending.begun) await end(code);
} catch (error) {
  // What fails while everything is being ended fails because of that.
  if (!ending.begun) {
    complain(error);
    await end(error instanceof QoodError ? 1 : 2);
  }
}
