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
