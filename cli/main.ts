// `qood`: the command line of all parties.
import { CommanderError } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import { failWith } from "./output.ts";
import { makeProgram } from "./program.ts";

const json = process.argv.includes("--json");
try {
  await makeProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exit(0);
    if (error.code === "commander.help") failWith(new QoodError("USAGE", "a command is needed; qood --help tells them"), json);
    failWith(new QoodError("USAGE", error.message.replace(/^error: /, "").split("\n")[0]!), json);
  }
  failWith(error, json);
}
