/** The static analyser's wrapper: it passes the circuits as they are, and it bites. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { circuitsFolder, root } from "../../scripts/circuits/instances.ts";
import { copySources } from "../../scripts/circuits/numbered.ts";
import { inTemporaryFolder } from "./support/circuit.ts";

interface Allowed { rule: string; file: string; count: number; reason: string }
const allowed = JSON.parse(readFileSync(join(circuitsFolder, "lint-allow.json"), "utf8")) as Allowed[];
const lint = (...args: string[]): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts", "circuits", "lint.ts"), ...args], { cwd: root, encoding: "utf8" });
  return { status, output: stdout + stderr };
};

test("a circuit that is wrong on purpose is found, by rule and line", () => {
  const { status, output } = lint(join(root, "test", "circuits", "planted"));
  assert.equal(status, 1, output);
  assert.match(output, /^Half\.circom:7 CS0005 warning: .*does not constrain the assigned signal/m);
});

test("each entry of the allow file is needed, and none may be too large", async () => {
  await inTemporaryFolder((folder) => {
    const file = join(folder, "allow.json");
    const run = (entries: readonly unknown[]): { status: number | null; output: string } => {
      writeFileSync(file, JSON.stringify(entries));
      return lint("--allow", file);
    };
    assert.equal(run(allowed).status, 0);
    for (const entry of allowed.filter(({ rule }) => rule === "CS0005")) {
      const { status, output } = run(allowed.filter((other) => other !== entry));
      assert.equal(status, 1);
      assert.match(output, new RegExp(`^${entry.file}:\\d+ ${entry.rule} .*\\(${entry.count} found, 0 allowed\\)$`, "m"));
    }
    const stale = run([...allowed, { rule: "CS0005", file: "SegmentKey.circom", count: 1, reason: "There is no hint in this file." }]);
    assert.deepEqual([stale.status, stale.output], [1, "CS0005 SegmentKey.circom: 1 allowed, 0 found: correct the allow file\n"]);
    const { reason: _, ...unexplained } = allowed[0]!;
    assert.equal(run([unexplained, ...allowed.slice(1)]).status, 1);
    return Promise.resolve();
  });
});

test("nothing read is an error: no file, a file that does not parse, an include that is not there", async () => {
  await inTemporaryFolder((folder) => {
    assert.match(lint(folder).output, /^no circuits in /);
    assert.equal(lint(folder).status, 1);
    assert.equal(lint(join(folder, "nowhere")).status, 1);
    const only = (text: string): { status: number | null; output: string } => {
      writeFileSync(join(folder, "Only.circom"), `pragma circom 2.1.0;\n${text}\n`);
      return lint(folder);
    };
    assert.equal(only("template Only() { signal input in; signal output out; out <== in; }").status, 0);
    const broken = only("template Only() { signal input in; signal output out; out <== in }");
    assert.equal(broken.status, 1);
    assert.match(broken.output, /^the analyser has not read Only in Only\.circom/);
    const lost = only('include "nowhere.circom";\ntemplate Only() { signal input in; signal output out; out <== in; }');
    assert.equal(lost.status, 1);
    return Promise.resolve();
  });
});

test("a new unconstrained assignment in a file that has an allowed one is found", async () => {
  await inTemporaryFolder((folder) => {
    copySources(circuitsFolder, folder);
    const path = join(folder, "lib", "BuyerKey.circom");
    const text = readFileSync(path, "utf8");
    const changed = text.replace("P8[0] <== double[2].xout;", "P8[0] <-- double[2].xout;");
    assert.notEqual(changed, text);
    writeFileSync(path, changed);
    const { status, output } = lint("--allow", join(circuitsFolder, "lint-allow.json"), folder);
    assert.equal(status, 1, output);
    assert.match(output, /^lib\/BuyerKey\.circom:37 CS/m);
    return Promise.resolve();
  });
});
