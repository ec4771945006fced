import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { isAlive } from "@qoodblock/workers/shared/process/identity.ts";
import { identitySchema } from "@qoodblock/workers/shared/process/lockFile.ts";
import { writeAtomically } from "@qoodblock/workers/shared/process/state.ts";
import type { PartState } from "./supervise.ts";

const stateSchema = z.object({
  pid: z.int(),
  facts: z.record(z.string(), z.string()),
  parts: z.record(z.string(), z.object({ state: z.string(), pid: z.int().nullable(), restarts: z.int(), ready: z.record(z.string(), z.unknown()) })),
});

/** What runs on a state folder. */
export interface Overview {
  /** Process id of `qood tsp start`. */
  readonly pid: number;
  /** Addresses and files. */
  readonly facts: Readonly<Record<string, string>>;
  readonly parts: Readonly<Record<string, PartState>>;
}

const FILE = "status.json";

/** Keeps the overview for `qood tsp status`. */
export function saveOverview(state: string, overview: Overview): void {
  writeAtomically(join(state, FILE), `${JSON.stringify(overview)}\n`);
}

/** Whether a living process holds the folder. */
function isHeld(state: string): boolean {
  try {
    return isAlive(identitySchema.parse(JSON.parse(readFileSync(join(state, "lock.json"), "utf8"))));
  } catch {
    return false;
  }
}

/** The overview of a folder, with what is alive of it now. @throws QoodError NOT_RUNNING */
export function readOverview(state: string): z.output<typeof stateSchema> {
  let found: z.output<typeof stateSchema>;
  try {
    found = stateSchema.parse(JSON.parse(readFileSync(join(state, FILE), "utf8")));
  } catch {
    throw new QoodError("NOT_RUNNING", `nothing was ever started on ${state}: \`qood tsp start --state ${state}\` does that`);
  }
  if (!isHeld(state)) throw new QoodError("NOT_RUNNING", `nothing runs on ${state}: start it with \`qood tsp start --state ${state}\``);
  return found;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(" ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** The overview for people: facts, then one line a part. */
export function overviewText({ facts, parts }: { readonly facts: Overview["facts"]; readonly parts: Readonly<Record<string, Omit<PartState, "state"> & { readonly state: string }>> }): string {
  const wide = Math.max(...[...Object.keys(facts), ...Object.keys(parts)].map((name) => name.length));
  const lines = Object.entries(parts).map(([name, { state, pid, restarts, ready }]) => {
    const said = Object.entries(ready).map(([key, value]) => `${key} ${shown(value)}`);
    return [name.padEnd(wide), state.padEnd(8), `pid ${pid ?? "-"}`.padEnd(12), ...(restarts > 0 ? [`restarted ${restarts} times`] : []), said.join(", ")].join("  ").trimEnd();
  });
  return `${[...Object.entries(facts).map(([name, value]) => `${name.padEnd(wide)}  ${value}`), "", ...lines].join("\n")}\n`;
}
