/** The package's own package.json: entries for Node and browsers, exact dependencies, nothing of the workspace. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { browserRooms, DIST, rooms, SDK } from "./rooms.ts";

const schema = z.object({ name: z.string(), version: z.string(), license: z.string(), dependencies: z.record(z.string(), z.string()) });

/** What an entry is for whom. */
function entry(name: string, isForBrowsers: boolean): Record<string, string> {
  const types = name === "index" ? "./types/index.d.ts" : `./types/${name}/index.d.ts`;
  return { types, ...(isForBrowsers ? { browser: `./browser/${name}.js` } : {}), default: `./node/${name}.js` };
}

/** Writes dist/package.json, with licence and a first page. */
export function writePackage(): void {
  const { name, version, license, dependencies } = schema.parse(JSON.parse(readFileSync(join(SDK, "package.json"), "utf8")));
  const forBrowsers = new Set(browserRooms());
  const exports = { ".": entry("index", true), ...Object.fromEntries(rooms().map((room) => [`./${room}`, entry(room, forBrowsers.has(room))])) };
  const about = { description: "QoodBlock's SDK: seal, check, open, buy and sell vehicle data.", type: "module", sideEffects: false, engines: { node: ">=24" } };
  writeFileSync(join(DIST, "package.json"), `${JSON.stringify({ name, version, license, ...about, exports, files: ["node", "browser", "types"], dependencies }, null, 2)}\n`);
  copyFileSync(join(SDK, "../LICENSE"), join(DIST, "LICENSE"));
  copyFileSync(join(SDK, "../docs/sdk.md"), join(DIST, "README.md"));
}
