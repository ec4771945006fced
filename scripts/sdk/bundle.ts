/** JavaScript of the package: for Node with its dependencies outside, for browsers with all of them inside. */
import { join } from "node:path";
import { build } from "esbuild";
import type { BuildOptions, Metafile, Plugin } from "esbuild";
import { browserRooms, DIST, entriesOf, rooms, SDK } from "./rooms.ts";

const BROWSER = join(import.meta.dirname, "browser");
/** Files that say of themselves that a browser build swaps them. */
export const SWAPPED = ["chacha", "hash", "hkdf", "verifier", "zstd"] as const;

const swap: Plugin = {
  name: "swap",
  setup(setup) {
    const names = SWAPPED.join("|");
    setup.onResolve({ filter: new RegExp(`/(?:${names})\\.ts$`) }, ({ path, resolveDir, importer }) => {
      const name = /([a-z]+)\.ts$/.exec(path)![1]!;
      const isOurs = join(resolveDir, path) === join(SDK, "crypto", `${name}.ts`);
      return isOurs && !importer.startsWith(BROWSER) ? { path: join(BROWSER, `${name}.ts`) } : undefined;
    });
  },
};

const COMMON: BuildOptions = { bundle: true, format: "esm", splitting: true, metafile: true, target: "es2024", logLevel: "error", legalComments: "linked", chunkNames: "chunks/[hash]" };

/** Builds dist/node. */
export async function bundleForNode(): Promise<Metafile> {
  return (await build({ ...COMMON, metafile: true, entryPoints: entriesOf(rooms()), outdir: join(DIST, "node"), platform: "node", packages: "external", sourcemap: true })).metafile;
}

/** Builds dist/browser, minified. An import of Node's own that is left is an error of esbuild. */
export async function bundleForBrowsers(): Promise<Metafile> {
  const made = await build({
    ...{ ...COMMON, metafile: true as const, entryPoints: entriesOf(browserRooms()), outdir: join(DIST, "browser"), platform: "browser", minify: true },
    ...{ plugins: [swap], inject: [join(BROWSER, "buffer.ts")], define: { "process.env.NODE_ENV": '"production"', global: "globalThis" } },
  });
  return made.metafile;
}

/** Bytes of what an entry loads, its chunks included. */
export function sizeOf({ outputs }: Metafile, entry: string): number {
  const seen = new Set<string>();
  const walk = (path: string): number => {
    if (seen.has(path)) return 0;
    seen.add(path);
    const { bytes, imports } = outputs[path]!;
    return imports.filter(({ kind, external }) => kind === "import-statement" && external !== true).reduce((sum, { path: next }) => sum + walk(next), bytes);
  };
  const path = Object.keys(outputs).find((name) => name.endsWith(`/${entry}.js`) && outputs[name]!.entryPoint !== undefined)!;
  return walk(path);
}
