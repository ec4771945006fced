// `node scripts/sdk/main.ts [--no-reference]`: builds the package in sdk/dist for Node and browsers, says how large it is, and packs it.
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleForBrowsers, bundleForNode, sizeOf } from "./bundle.ts";
import { writeDeclarations } from "./declarations.ts";
import { writePackage } from "./package.ts";
import { writeReference } from "./reference.ts";
import { browserRooms, DIST } from "./rooms.ts";

function wantsReference(): boolean {
  try {
    return parseArgs({ options: { reference: { type: "boolean", default: true } }, allowNegative: true }).values.reference;
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split(/[.\n]/)[0]!} (usage: npm run build:sdk [-- --no-reference])\n`);
    process.exit(1);
  }
}

const reference = wantsReference();
rmSync(DIST, { recursive: true, force: true });
await bundleForNode();
const browser = await bundleForBrowsers();
writeDeclarations();
writePackage();
for (const name of browserRooms()) process.stdout.write(`  ${name.padEnd(12)} ${Math.round(sizeOf(browser, name) / 1000).toLocaleString("en").padStart(6)} kB in a browser, with all that it needs\n`);
if (reference) {
  const { exports, silent } = await writeReference();
  process.stdout.write(`reference of ${exports} exports in sdk/dist/reference${silent.length > 0 ? `; without words: ${silent.join(", ")}` : ""}\n`);
}
// The file's name comes last; npm's own notes go to stderr.
execFileSync("npm", ["pack", "--silent", "--pack-destination", DIST], { cwd: DIST, stdio: ["ignore", "ignore", "inherit"] });
process.stdout.write(`packed: sdk/dist/${readdirSync(DIST).find((name) => name.endsWith(".tgz"))!}\n`);
