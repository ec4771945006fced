/**
 * Found: workers are started together, and a worker came onto the stack of things to be ended only when it was ready. When
 * another one failed before that, it was left behind: nobody ended it.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { it } from "node:test";
import { openStateFolder } from "@qoodblock/workers/shared/process/state.ts";
import { endProcess, identify, isAlive } from "@qoodblock/workers/shared/process/identity.ts";
import { createStack } from "../../workers/shared/process/stack.ts";
import { startWorker } from "../../scripts/demo/worker.ts";
import { temporaryFolder } from "../support/folder.ts";

const workers = fileURLToPath(new URL("../../workers", import.meta.url));

it("a worker that is still starting when another fails is ended with the rest", { timeout: 240_000 }, async () => {
  const temporary = temporaryFolder();
  const mark = temporary.path("slow.pid");
  const program = (name: string, source: string): string => {
    mkdirSync(temporary.path(name));
    writeFileSync(join(temporary.path(name), "main.ts"), source);
    return relative(workers, temporary.path(name));
  };
  // Never ready; ends by SIGTERM, as every worker does, and by itself if nobody ends it.
  const slow = program("slow", `import { renameSync, writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(`${mark}.part`)}, String(process.pid)); renameSync(${JSON.stringify(`${mark}.part`)}, ${JSON.stringify(mark)}); setTimeout(() => {}, 200_000);`);
  // Fails when the other one is known to be running.
  const failing = program("failing", `import { existsSync } from "node:fs"; while (!existsSync(${JSON.stringify(mark)})) await new Promise((resolve) => setTimeout(resolve, 10)); console.error("it cannot work"); process.exit(1);`);
  const state = await openStateFolder(temporary.path("state"));
  const said: string[] = [];
  const stack = createStack((line) => said.push(line));
  const start = (name: string, folder: string): Promise<unknown> => startWorker({ name, folder, settings: {}, logs: temporary.path(""), state, stack });
  try {
    await assert.rejects(Promise.all([start("slow", slow), start("failing", failing)]), { code: "WORKER_START", message: "it cannot work" });
    const running = identify(Number(readFileSync(mark, "utf8")));
    assert.ok(running !== undefined, "the slow worker ended by itself");
    await stack.unwind();
    const left = isAlive(running);
    await endProcess(running);
    assert.equal(left, false, "the slow worker was left behind");
    assert.deepEqual(said, []);
    assert.ok(!existsSync(temporary.path("state/run/slow.json")));
  } finally {
    state.release();
  }
});
