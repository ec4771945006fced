/** Which files a circuit consists of. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import { circuitsFolder, root } from "./instances.ts";

/** A source's file, and its name in the cache's hash, which does not depend on where the folders lie. */
export interface Source {
  readonly path: string;
  readonly name: string;
}

/** The sources that a file includes, itself first, found as the compiler finds them: beside the file, in the sources, in the library. @throws QoodError `CIRCUIT_DOES_NOT_COMPILE` */
export function includedSources(file: string, sources: string, library: string): Source[] {
  const found = new Map<string, Source>();
  const add = (name: string, folders: readonly string[]): void => {
    const path = folders.map((folder) => join(folder, name)).find(existsSync);
    if (path === undefined) throw new QoodError("CIRCUIT_DOES_NOT_COMPILE", `${name} is in none of ${folders.join(", ")}`);
    if (found.has(path)) return;
    found.set(path, { path, name: path.startsWith(`${sources}/`) ? `sources${path.slice(sources.length)}` : `library${path.slice(library.length)}` });
    for (const [, included] of readFileSync(path, "utf8").matchAll(/^\s*include "([^"]+)";/gm)) add(included!, [dirname(path), sources, library]);
  };
  add(file, [sources]);
  return [...found.values()];
}

/** Circuit sources that an instance consists of, the library's left out: paths below `circuits/`. */
export function ownSources(file: string): string[] {
  return includedSources(file, circuitsFolder, join(root, "node_modules"))
    .filter(({ name }) => name.startsWith("sources/"))
    .map(({ name }) => name.slice("sources/".length));
}
