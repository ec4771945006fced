/** The SDK's rooms, each with an entry of its own, and those of them that run in browsers. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Folder of the sources. */
export const SDK = join(import.meta.dirname, "../../sdk");
/** Where the package is built. */
export const DIST = join(SDK, "dist");

/** Rooms that read files, or prove with programs of their own: for Node alone. */
const NODE_ONLY = new Set(["drive", "proof"]);

/** Every room by its name. */
export function rooms(): string[] {
  return readdirSync(SDK).filter((name) => name !== "dist" && existsSync(join(SDK, name, "index.ts"))).sort();
}

/** The rooms of the browser build. */
export const browserRooms = (): string[] => rooms().filter((name) => !NODE_ONLY.has(name));

/** Entry files by the names that they get. */
export const entriesOf = (names: readonly string[]): Record<string, string> => ({
  index: join(SDK, "index.ts"),
  ...Object.fromEntries(names.map((name): [string, string] => [name, join(SDK, name, "index.ts")])),
});
