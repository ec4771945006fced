/** The published signals of COVESA VSS 6.0, which lie beside the project. */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { dataPath } from "./data.ts";

/** The file's name. */
export const VSS_FILE = "vss-6.0-signals.csv";

/** A leaf as the file gives it; empty text where it gives nothing. */
export interface Signal {
  readonly path: string;
  readonly datatype: string;
  readonly unit: string;
  readonly min: string;
  readonly max: string;
  /** Separated by `|`. */
  readonly allowed: string;
  readonly instances: string;
}

/** The leaves as they stand in the file, branches without their instances. */
export function vssLeaves(): Signal[] {
  return parse(readFileSync(dataPath(VSS_FILE), "utf8"), { columns: true, skip_empty_lines: true });
}

/** Every signal by its full path: a branch with instances has one for each (`Axle=['Row[1,2]']` gives `Axle.Row1`, `Axle.Row2`). */
export function vssSignals(): Map<string, Signal> {
  const signals = new Map<string, Signal>();
  for (const leaf of vssLeaves()) for (const path of expand(leaf)) signals.set(path, { ...leaf, path });
  return signals;
}

function expand({ path, instances }: Signal): string[] {
  let paths = [path];
  // Longest branch first, so that a branch's own path is still as the file writes it.
  const branches = instances === "" ? [] : instances.split(";").map((text) => text.split("=") as [string, string]);
  for (const [branch, list] of branches.sort(([a], [b]) => b.length - a.length)) {
    const levels = levelsOf(list);
    const below = (found: string): string => found.slice(branch.length);
    paths = paths.flatMap((found) => combine(levels).map((names) => `${branch}.${names}${below(found)}`));
  }
  return paths;
}

/** `['Row[1,2]', ['Left', 'Right']]` is Row1 or Row2, then Left or Right; a flat list of plain names is one level. */
function levelsOf(text: string): string[][] {
  const list = JSON.parse(text.replaceAll("'", '"')) as (string | string[])[];
  const range = (name: string): string[] => {
    const match = /^(\w+)\[(\d+),(\d+)\]$/.exec(name);
    if (match === null) return [name];
    const [, stem, from, to] = match as unknown as [string, string, string, string];
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => `${stem}${Number(from) + i}`);
  };
  if (list.every((item) => typeof item === "string" && !item.includes("["))) return [list as string[]];
  return list.map((item) => (typeof item === "string" ? range(item) : item.flatMap(range)));
}

function combine(levels: readonly string[][]): string[] {
  return levels.reduce<string[]>((heads, level) => heads.flatMap((head) => level.map((name) => (head === "" ? name : `${head}.${name}`))), [""]);
}
