/**
 * Found: a child whose parent died while the child was still loading its modules never noticed. The channel's end came
 * before anybody listened for it, and the parent's id was read when it was another's already. Such a child ran for ever.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { it } from "node:test";
import { temporaryFolder } from "../support/folder.ts";

const temporary = temporaryFolder();
const parent = new URL("../../workers/shared/process/parent.ts", import.meta.url).href;

async function outcome(file: string): Promise<string> {
  for (let tries = 0; !existsSync(file); tries += 1) {
    assert.ok(tries < 4000, "the child said nothing");
    await wait(20);
  }
  return readFileSync(file, "utf8");
}

it("a child that was still loading when its parent died ends", { timeout: 120_000 }, async () => {
  const said = temporary.path("said");
  // Loading takes until the parent is gone and its channel closed; then comes the first line that watches.
  const child = temporary.file(
    "child.mjs",
    `import { renameSync, writeFileSync } from "node:fs";
     const say = (text) => { writeFileSync(${JSON.stringify(`${said}.part`)}, text); renameSync(${JSON.stringify(`${said}.part`)}, ${JSON.stringify(said)}); };
     const gaveUp = setTimeout(() => { say("never noticed"); process.exit(1); }, 60_000);
     while (process.connected) await new Promise((resolve) => setTimeout(resolve, 5));
     const { watchParent } = await import(${JSON.stringify(parent)});
     watchParent(() => { clearTimeout(gaveUp); say("noticed"); process.exit(0); });`,
  );
  const middle = spawn(process.execPath, [
    ...["--input-type=module", "-e"],
    `import { spawn } from "node:child_process";
     const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ${JSON.stringify(child)}], { stdio: ["ignore", "ignore", "ignore", "ipc"], detached: true });
     child.on("spawn", () => process.kill(process.pid, "SIGKILL"));`,
  ]);
  assert.deepEqual(await once(middle, "close"), [null, "SIGKILL"]);
  assert.equal(await outcome(said), "noticed");
});
