/** The circuits' sources as text: numbering, constants, hints, and the deletion script in short. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { domain } from "@qoodblock/sdk/formats";
import { ownSources } from "../../scripts/circuits/includes.ts";
import { circuitNames, circuitsFolder, root } from "../../scripts/circuits/instances.ts";
import { CHECKS, circuitFiles, COMPUTES, constraintLines, listedConstraints } from "../../scripts/circuits/numbered.ts";
import { CASES } from "./support/cases.ts";
import { seeded } from "./support/circuit.ts";

const lines = constraintLines(circuitsFolder);
const listedBy = (circuit: string): Map<number, string> => listedConstraints(join(circuitsFolder, `${circuit}.circom`));
const code = circuitFiles(circuitsFolder)
  .map((file) => readFileSync(join(circuitsFolder, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""))
  .join("\n");

test("every line that constrains has a number of its own", () => {
  for (const line of lines) assert.ok(line.number !== undefined, `${line.file}:${line.line} has no number: ${line.text.trim()}`);
  const numbers = lines.map(({ number }) => number!).sort((a, b) => a - b);
  assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, i) => i + 1));
});

test("every circuit lists the numbers of its own lines and of those that it includes, has a forgery for each, and names their file", () => {
  assert.deepEqual(CASES.map(({ circuit }) => circuit), circuitNames());
  for (const { circuit, forgeries } of CASES) {
    const files = ownSources(`${circuit}.circom`);
    const numbers = lines.filter(({ file }) => files.includes(file)).map(({ number }) => number!).sort((a, b) => a - b);
    assert.deepEqual([...listedBy(circuit).keys()], numbers, circuit);
    assert.deepEqual([...forgeries.keys()], numbers, circuit);
    const header = readFileSync(join(circuitsFolder, `${circuit}.circom`), "utf8");
    for (const { number, file } of lines.filter(({ file }) => files.includes(file) && file.startsWith("lib/"))) assert.match(header, new RegExp(`^ \\* {2}\\[${number!}\\] .* ${file}$`, "m"));
  }
  assert.ok(circuitFiles(circuitsFolder).every((file) => circuitNames().some((circuit) => ownSources(`${circuit}.circom`).includes(file))), "a file is in no circuit");
});

test("every component is known as a check or as a computation", () => {
  const used = [...code.matchAll(/[^=]= (\w+)\([^)]*\);/g)].map(([, name]) => name!);
  assert.ok(used.length >= 8);
  for (const name of used) assert.ok(CHECKS.includes(name) || COMPUTES.includes(name), `${name} is new: does it constrain its input?`);
});

test("unconstrained assignments are the hints for two inverses and nothing else", () => {
  assert.deepEqual(code.match(/^.*<--.*$/gm)?.map((line) => line.trim().split(" ")[0]), ["inverse", "inverse"]);
});

test("domain constants are D(tag), of the tag that stands above each", () => {
  const text = readFileSync(join(circuitsFolder, "lib", "Domains.circom"), "utf8");
  const constants = [...text.matchAll(/^\/\/ D\("([^"]+)"\).*\nfunction DOM_(\w+)\(\) \{\s*return (\d+);/gm)].map(([, tag, name, value]) => [tag, name, BigInt(value!)] as const);
  assert.equal(constants.length, text.match(/^function /gm)?.length);
  assert.deepEqual(constants.map(([, name]) => name), ["KEY", "KDF", "WRAP", "INTERVAL", "SEGMENT", "PRF"]);
  for (const [tag, name, value] of constants) {
    assert.equal(tag, `qood/${name!.toLowerCase()}/v1`);
    assert.equal(value, domain(tag));
  }
});

test("the deletion script finds a guard for two constraints, chosen by a seed", () => {
  const next = seeded(20n);
  const numbers = lines.map(({ number }) => ({ number: number!, key: next() })).sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, 2).map(({ number }) => String(number));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts", "circuits", "deletion.ts"), ...numbers], { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stdout.match(/^red, as it must be/gm)?.length, 2, stdout);
});
