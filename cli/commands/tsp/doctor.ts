import type { Command } from "commander";
import type { GlobalOptions } from "../../context.ts";
import { toJson } from "../../output.ts";
import { several } from "../several.ts";

/** `qood tsp doctor`: looks at everything that the workers lean on, and says what to do. */
export function registerDoctor(tsp: Command, program: Command): void {
  tsp
    .command("doctor")
    .description("look at everything that the workers lean on, and say what to do; exit code 1 when something keeps them from their work")
    .option("--config <file>", "the workers' configuration file; else QOOD_CONFIG, else QOOD_… variables alone")
    .option("--program <name>", "look at this worker alone; may be given several times (those that the file has a section for)", several, [])
    .action(async (given: { config?: string; program: string[] }) => {
      const { examine } = await import("../../flows/tsp/doctor/examine.ts");
      const config = given.config ?? tsp.opts<{ config?: string }>().config;
      const findings = await examine({ ...(config === undefined ? {} : { config }), programs: given.program, env: process.env });
      const faults = findings.filter(({ state }) => state === "fault").length;
      const warnings = findings.filter(({ state }) => state === "warning").length;
      if (program.opts<GlobalOptions>().json) process.stdout.write(`${toJson({ healthy: faults === 0, faults, warnings, findings })}\n`);
      else {
        const width = Math.max(...findings.map(({ check }) => check.length));
        for (const { state, check, told } of findings) process.stdout.write(`${state.padEnd(7)}  ${check.padEnd(width)}  ${told}\n`);
        process.stdout.write(`${faults} ${faults === 1 ? "fault" : "faults"}, ${warnings} ${warnings === 1 ? "warning" : "warnings"}\n`);
      }
      if (faults > 0) process.exitCode = 1;
    });
}
