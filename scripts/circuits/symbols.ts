/** The compiler's symbol file: which wire of the witness carries a signal. */
import { readFileSync } from "node:fs";

/** Signal name (`main.key.P8[0]`) → wire, -1 for a signal that the simplification has removed. */
export function readSymbols(path: string): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line === "") continue;
    const [, wire, , name] = line.split(",") as [string, string, string, string];
    symbols.set(name, Number(wire));
  }
  return symbols;
}

/** Names of the first `count` signals, which are the public ones, in their order and without the leading `main.`. */
export function publicNames(path: string, count: number): string[] {
  const names = new Array<string>(count).fill("");
  for (const [name, wire] of readSymbols(path)) if (wire >= 1 && wire <= count) names[wire - 1] ||= name.replace(/^main\./, "");
  return names;
}
