/** The bench of the catalog runs through and gives every row: what it measures here means nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ask } from "../../bench/catalog/form.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const ROWS = [
  ...["LMDB", "PostgreSQL"].flatMap((engine) => [`bulk path, ${engine}`, `search p50, ${engine}`, `search p99, ${engine}`]),
  ...["indexing, LMDB", "offers taken in, all checks", "from a mined anchor to its hit, p50", "from a mined anchor to its hit, p99", "from an accepted offer to its hit, p50", "from an accepted offer to its hit, p99"],
];

describe("bench:catalog", () => {
  it("gives every row with a figure, and its peer and goal where it has one", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "bench/catalog/main.ts", "--quick"], { cwd: root, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const lines = stdout.split("\n");
    for (const name of ROWS) {
      const line = lines.find((each) => each.trimStart().startsWith(`${name} `));
      assert.match(line ?? "", /\s[\d.,]+ \S/, `${name}: ${stdout}`);
    }
    assert.equal(lines.filter((line) => /, ratio [\d.e-]+.*\(goal at (least|most) [\d.e-]+: (met|MISSED)\)/.test(line)).length, 5, stdout);
  });

  it("says what it takes, and what it does not", () => {
    const help = ask(["--help"]);
    assert.match("help" in help ? help.help : "", /--quick .*\n.*--full/);
    for (const [args, message] of [[["--fast"], /--fast/], [["speed"], /no room named speed: choose from search/], [["--quick", "--full"], /exclude each other/]] as const) {
      const asked = ask(args);
      assert.match("mistake" in asked ? asked.mistake : "", message);
    }
  });
});
