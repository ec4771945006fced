import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { describe, it } from "node:test";
import { runLanes } from "../../scripts/testing/lanes.ts";
import type { Suite } from "../../scripts/testing/suites.ts";
import { temporaryFolder } from "../support/folder.ts";

const temporary = temporaryFolder();
/** A suite that runs a script. */
const suite = (name: string, lane: Suite["lane"], script: string): Suite => ({ name, lane, counts: "node", budget: 1, command: ["node", "-e", script] });
const passed = (count: number): string => `console.log("ℹ pass ${count}");`;
/** Waits for a file, which another lane's suite writes. */
const awaits = (file: string): string => `const { existsSync } = require("node:fs"); const wait = (then) => existsSync(${JSON.stringify(temporary.path(file))}) ? then() : setTimeout(() => wait(then), 5);`;
const writes = (file: string): string => `require("node:fs").writeFileSync(${JSON.stringify(temporary.path(file))}, "");`;

async function run(suites: readonly Suite[]): Promise<{ text: string; ran: Awaited<ReturnType<typeof runLanes>["done"]> }> {
  let text = "";
  const add = (chunk: string | Buffer): void => void (text += chunk.toString());
  return { ran: await runLanes(suites, { out: add, err: add }).done, text };
}

describe("lanes of suites", () => {
  it("run at the same time, and show one suite's output after the other's, in order", async () => {
    // The first ends only when the second has ended: one after the other they would never.
    const { ran, text } = await run([
      suite("first", "computes", `${awaits("second-over")} console.log("begin 1"); wait(() => { console.log("end 1"); console.error("aside 1"); ${passed(1)} });`),
      suite("second", "waits", `console.log("all of 2"); ${passed(2)} ${writes("second-over")}`),
      suite("third", "waits", `console.log("all of 3"); ${passed(3)} process.exitCode = 1;`),
    ]);
    // Where between a child's lines its other stream's stand is not known, but they stand in its part.
    assert.ok(text.includes("aside 1\n") && text.indexOf("aside 1") < text.indexOf("== second"));
    assert.equal(text.replace("aside 1\n", ""), "\n== first\nbegin 1\nend 1\nℹ pass 1\n\n== second\nall of 2\nℹ pass 2\n\n== third\nall of 3\nℹ pass 3\n");
    assert.deepEqual(ran.map(({ suite: { name }, count }) => [name, count.passed, count.failed]), [["first", 1, 0], ["second", 2, 0], ["third", 3, 1]]);
  });

  it("run one after the other within a lane", async () => {
    const { ran } = await run([
      suite("slow", "waits", `setImmediate(() => { ${writes("slow-over")} ${passed(1)} });`),
      suite("next", "waits", `if (!require("node:fs").existsSync(${JSON.stringify(temporary.path("slow-over"))})) process.exit(1); ${passed(1)}`),
    ]);
    assert.deepEqual(ran.map(({ count }) => count.failed), [0, 0]);
  });

  it("end with every suite that they have begun, and begin no other", async () => {
    const endless = (name: string): string => `${writes(name)} process.stdout.write("begun\\n"); setInterval(() => {}, 1000);`;
    let begun = 0;
    let isBegun = (): void => undefined;
    const both = new Promise<void>((resolve) => (isBegun = resolve));
    const suites = [suite("one", "computes", endless("one")), suite("two", "waits", endless("two")), suite("never", "waits", writes("never"))];
    const lanes = runLanes(suites, {
      out: (chunk) => {
        if (chunk.toString().includes("begun") && (begun += 1) === 1) isBegun();
      },
      err: () => undefined,
    });
    await both;
    while (!existsSync(temporary.path("two"))) await new Promise((resolve) => setTimeout(resolve, 5));
    lanes.stop();
    const ran = await lanes.done;
    assert.deepEqual(ran.map(({ suite: { name }, count }) => [name, count.failed]), [["one", 1], ["two", 1]]);
    assert.ok(!existsSync(temporary.path("never")));
  });

  it("end a suite that hangs, say so, count it as failed, and go on with the next", async () => {
    let text = "";
    const add = (chunk: string | Buffer): void => void (text += chunk.toString());
    const hanging = suite("hanging", "waits", `${passed(1)} setInterval(() => {}, 1000);`);
    const ran = await runLanes([hanging, suite("next", "waits", passed(1))], { out: add, err: add }, ({ name }) => (name === "hanging" ? 0.5 : 300)).done;
    assert.deepEqual(ran.map(({ count }) => [count.passed, count.failed]), [[1, 1], [1, 0]]);
    assert.match(text, /^hanging has not ended in 0\.5 s and is stopped/m);
  });

  it("and the test command ends them on SIGTERM", async () => {
    const script = temporary.file(
      "command.ts",
      `import { writeFileSync } from "node:fs";
      import { runLanes } from ${JSON.stringify(new URL("../../scripts/testing/lanes.ts", import.meta.url).href)};
      const endless = (lane) => ({ name: lane, lane, counts: "check", budget: 1, command: ["node", "-e", \`console.log(process.pid); setInterval(() => {}, 1000)\`] });
      const pids = [];
      const lanes = runLanes([endless("computes")], { out: (chunk) => { const pid = /^\\d+/.exec(String(chunk)); if (pid) { writeFileSync(process.argv[2], pid[0]); process.stdout.write("begun\\n"); } }, err: () => undefined });
      process.on("SIGTERM", () => lanes.stop());
      await lanes.done;`,
    );
    const file = temporary.path("pid");
    writeFileSync(file, "");
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, file], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [0, null]);
    assert.throws(() => process.kill(Number(readFileSync(file, "utf8")), 0), { code: "ESRCH" });
  });
});
