import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { loadSettings, redisSettings } from "../../workers/shared/config/index.ts";

const program = {
  name: "qood-sample",
  summary: "A sample.",
  schema: z.object({
    ...redisSettings.shape,
    rpc: z.string().optional().describe("Where this program serves: another thing than the chain's node."),
    batchRecords: z.int().positive().default(10).describe("Records a batch."),
    modes: z.array(z.string()).default(["a"]).describe("Modes."),
    dry: z.boolean().default(false).describe("Do nothing."),
    level: z.enum(["low", "high"]).default("low").describe("How much."),
  }),
};

describe("settings", () => {
  let dir: string;
  let file: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "qood-config-"));
    file = join(dir, "config.json");
    writeFileSync(file, JSON.stringify({ $schema: "x", redis: "file", rpc: "http://chain", vault: "v", "qood-other": { foreign: 1 }, "qood-sample": { batchRecords: 20, level: "high" } }));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));
  const load = (argv: string[], env: Record<string, string> = {}): unknown => loadSettings(program, argv, env);

  it("count in the order flag, environment, file, default", () => {
    assert.deepEqual(load(["--config", file]), { settings: { redis: "file", redisPrefix: "qood", batchRecords: 20, modes: ["a"], dry: false, level: "high" } });
    assert.deepEqual(load(["--batch-records", "40", "--dry", "--modes=x,y"], { QOOD_CONFIG: file, QOOD_BATCH_RECORDS: "30", QOOD_REDIS: "env" }), {
      settings: { redis: "env", redisPrefix: "qood", batchRecords: 40, modes: ["x", "y"], dry: true, level: "high" },
    });
  });

  it("that are wrong are named in one line", () => {
    const cases: [string[], string, RegExp][] = [
      [[], "CONFIG_VALUE", /redis: .*--redis or QOOD_REDIS/],
      [["--redis", "x", "--batch-records", "many"], "CONFIG_VALUE", /batchRecords/],
      [["--redis", "x", "--level", "middle"], "CONFIG_VALUE", /level/],
      [["--unknown", "x"], "CONFIG_FLAG", /--unknown.*--help/],
      [["--config", join(dir, "none.json")], "CONFIG_FILE", /cannot be read/],
    ];
    for (const [argv, code, message] of cases) {
      assert.throws(() => load(argv), (error: Error & { code: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.ok(!error.message.includes("\n"));
        return true;
      });
    }
    for (const [text, message] of [[{ redis: "x", foreign: 1, "qood-other": {} }, /foreign cannot stand at the top level/], [{ redis: "x", "qood-sample": 1 }, /section qood-sample .* must be a JSON object/], [{ "qood-sample": { redis: "x", wrong: 1 } }, /unknown setting wrong/]] as const) {
      writeFileSync(join(dir, "bad.json"), JSON.stringify(text));
      assert.throws(() => load(["--config", join(dir, "bad.json")]), message);
    }
    writeFileSync(join(dir, "bad.json"), JSON.stringify({ redis: "x", batchRecord: 1 }));
    assert.throws(() => load(["--config", join(dir, "bad.json")]), /unknown setting batchRecord/);
  });

  it("are explained by --help, each with its flag, variable and default", () => {
    const { help } = load(["--help"]) as { help: string };
    for (const part of ["--batch-records NUMBER   [QOOD_BATCH_RECORDS]", "Records a batch. Default: 10.", "--level low|high", "Redis: the path of its unix socket, or a redis:// or rediss:// URL. Required.", "--dry   [QOOD_DRY]"]) {
      assert.ok(help.includes(part), part);
    }
  });
});
