/** Writes sdk/client/abi from the compiler's artifacts. Run after `hardhat build`; a test says when it is needed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderAbis } from "./render.ts";

const root = join(import.meta.dirname, "../..");
const target = join(root, "sdk/client/abi");
mkdirSync(target, { recursive: true });
for (const [name, text] of renderAbis(join(root, "artifacts"))) writeFileSync(join(target, name), text);
