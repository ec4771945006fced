/** The bench of the key-value API runs through and gives every row: what it measures here means nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ask } from "../../bench/kv/form.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const ROWS = ["put", "point get", "range scan", "sealing and signing, apart", "checking and opening, apart", "bytes of a record"];

describe("bench:kv", () => {
  it("gives every row with a figure, and three with raw LMDB and the goal", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "bench/kv/main.ts", "--quick"], { cwd: root, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const lines = stdout.split("\n");
    for (const name of ROWS) assert.match(lines.find((each) => each.trimStart().startsWith(`${name} `)) ?? "", /\s[\d.,]+ \S/, `${name}: ${stdout}`);
    assert.equal(lines.filter((line) => /raw LMDB, a key a row .*ratio [\d.e-]+ .*\(goal at least 0\.5: (met|MISSED)\)/.test(line)).length, 3, stdout);
  });

  it("says what it takes, and what it does not", () => {
    const help = ask(["--help"]);
    assert.match("help" in help ? help.help : "", /--quick .*\n.*--full/);
    for (const [args, message] of [[["--fast"], /--fast/], [["--quick", "--full"], /exclude each other/]] as const) {
      const asked = ask(args);
      assert.match("mistake" in asked ? asked.mistake : "", message);
    }
    const full = ask(["--full"]);
    assert.equal("form" in full && full.form.name, "full");
  });
});
