/** The bench of ingestion runs through and gives every row: what it measures here means nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ask } from "../../bench/ingest/form.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const ROWS = [
  ...["sealing, intervals of 1 MiB", "sealing, default settings", "sealing, default settings, whole", "seal and upload", "sealed bytes a record, signed, 50 a message", "gas a record"],
  ...["accepted, 50 a message, session token", "accepted, 1 a message, session token", "accepted, 50 a message, signature a message", "accepted, 1 a message, signature a message"],
  ...["device message to anchored, 50 a message", "memory, steady, gateway", "memory, steady, ingest", "memory, backlog, gateway", "memory, backlog, ingest"],
  ...["delay device to anchored, p50", "delay device to anchored, p99"],
];

describe("bench:ingest", () => {
  it("gives every row with a figure, its peer and goal", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "bench/ingest/main.ts", "--quick"], { cwd: root, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const lines = stdout.split("\n");
    for (const name of ROWS) {
      const line = lines.find((each) => each.trimStart().startsWith(`${name} `));
      assert.match(line ?? "", /\s[\d.,]+ \S/, `${name}: ${stdout}`);
    }
    assert.equal(lines.filter((line) => /, ratio [\d.]+.*\(goal at (least|most) [\d.e-]+: (met|MISSED)\)/.test(line)).length >= 10, true, stdout);
  });

  it("says what it takes, and what it does not", () => {
    const help = ask(["--help"]);
    assert.match("help" in help ? help.help : "", /--quick .*\n.*--full/);
    for (const [args, message] of [[["--fast"], /--fast/], [["speed"], /no room named speed: choose from sealing/], [["--quick", "--full"], /exclude each other/]] as const) {
      const asked = ask(args);
      assert.match("mistake" in asked ? asked.mistake : "", message);
    }
    const some = ask(["delay", "gas"]);
    assert.deepEqual("form" in some ? [some.form.name, ...some.rooms] : [], ["default", "gas", "delay"]);
  });
});
