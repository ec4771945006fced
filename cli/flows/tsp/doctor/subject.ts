import { readFileSync } from "node:fs";
import { QoodError } from "@qoodblock/sdk/errors";
import { environmentName, loadSettings } from "@qoodblock/workers/shared/config/index.ts";
import { programs } from "@qoodblock/workers/programs.ts";
import { check } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is looked at: the settings of each program, where they are whole, and the environment with its passphrases. */
export interface Subject {
  readonly settings: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly env: Environment;
}

/** Workers that a TSP can do without. */
const OPTIONAL = ["qood-board", "qood-indexer", "qood-catalog"];

/** Workers that the file has a section for; all but the optional ones where it has none, or where there is no file. */
function namesIn(file: string | undefined): string[] {
  const usual = programs.map(({ name }) => name).filter((name) => !OPTIONAL.includes(name));
  if (file === undefined) return usual;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // Each program says what is wrong with it.
    return usual;
  }
  const found = programs.map(({ name }) => name).filter((name) => Object.hasOwn(value as object, name));
  return found.length > 0 ? found : usual;
}

/**
 * Loads the settings of workers as they themselves would.
 * @param wanted - names of programs; empty for those that the file has sections for
 * @throws QoodError PROGRAM_UNKNOWN
 */
export async function loadSubject(config: string | undefined, wanted: readonly string[], env: Environment): Promise<{ subject: Subject; findings: Finding[] }> {
  const file = config ?? env[environmentName("config")];
  const settings = new Map<string, Readonly<Record<string, unknown>>>();
  const findings: Finding[] = [];
  for (const name of wanted.length > 0 ? wanted : namesIn(file)) {
    const program = programs.find((each) => each.name === name || each.folder === name);
    if (program === undefined) throw new QoodError("PROGRAM_UNKNOWN", `there is no worker ${name}: ${programs.map((each) => each.name).join(", ")}`);
    const { schema } = program;
    findings.push(
      ...(await check(`settings ${program.name}`, (said) => {
        const loaded = loadSettings({ name: program.name, summary: "", schema }, file === undefined ? [] : ["--config", file], env);
        if (!("settings" in loaded)) return;
        settings.set(program.name, loaded.settings);
        said.ok("complete and valid");
      })),
    );
  }
  return { subject: { settings, env }, findings };
}

/** Each different set of values that these settings have, once, however many programs share it; only where the first is set. */
export function distinct<const Names extends readonly string[]>({ settings }: Subject, names: Names, of: readonly string[] = [...settings.keys()]): Partial<Record<Names[number], unknown>>[] {
  const found = new Map<string, Partial<Record<Names[number], unknown>>>();
  for (const [program, values] of settings) {
    if (!of.includes(program) || values[names[0]!] === undefined) continue;
    const picked = Object.fromEntries(names.map((name) => [name, values[name]]));
    found.set(JSON.stringify(picked), picked as Partial<Record<Names[number], unknown>>);
  }
  return [...found.values()];
}

/** Programs that use the chain's RPC; a storage node's `rpc` is something else. */
export const CHAIN_PROGRAMS = ["qood-ingest", "qood-prover", "qood-delivery"] as const;
