// The commands of docs/quickstart-tsp.md, -owner.md and -buyer.md, one page after the other, in one shell, as somebody would paste them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readDrive } from "@qoodblock/sdk/drive";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { temporaryFolder } from "../support/folder.ts";
import { commandsOf, countedSteps, root } from "./quickstart.ts";

const temporary = temporaryFolder();
const PAGES = ["tsp", "owner", "buyer"] as const;
const DRIVE = "sdk/drive/examples/carchain-examples.json";
/** What an owner keeps of each price, by the agreement of the page. */
const OWNERS_SHARE = 0.65;
const PRICE = 1_000_000;

describe("docs/quickstart-tsp.md, -owner.md and -buyer.md", () => {
  const said: Record<string, string> = {};
  before(async () => {
    const [chain, catalog] = [await freePort(), await freePort()];
    const put = (line: string): string =>
      line
        .replaceAll("8545", String(chain))
        .replaceAll("8100", String(catalog))
        .replaceAll(".state/market", temporary.path("market"))
        .replaceAll(".state/buyer", temporary.path("buyer"))
        .replaceAll("npm run --silent qood --", `${process.execPath} --disable-warning=ExperimentalWarning cli/main.ts`)
        // Somebody waits for a second; a test, for what it waits for.
        .replaceAll("sleep 1", "sleep 0.2");
    const script = PAGES.flatMap((page) => {
      const commands = commandsOf(`docs/quickstart-${page}.md`);
      // The suites run in a checkout that is installed.
      const run = commands.filter((line) => line !== "npm run demo -- --help");
      assert.equal(run.length, commands.length - (page === "tsp" ? 1 : 0));
      return [`echo "+ ${page}"`, ...run.map(put)];
    });
    // In a pipe too a command that fails ends it; what it has started ends with it.
    const shell = ["trap 'kill $(jobs -p); wait' EXIT", "trap 'exit 143' TERM", "set -o pipefail", ...script, 'echo "+ after"', "qood --json income show --account $owner --signer http://127.0.0.1:1"];
    const run = spawnSync("bash", ["-e", "-c", shell.join("\n")], { cwd: root, encoding: "utf8", timeout: 300_000, env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_COMPILE_CACHE: join(root, ".cache", "code") } });
    assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
    for (const part of run.stdout.split(/^\+ /m).slice(1)) said[part.split("\n", 1)[0]!] = part.slice(part.indexOf("\n") + 1);
  });

  it("the TSP has everything running, and a drive anchored", () => {
    assert.match(said.tsp!, /^ingest +ready/m);
    assert.match(said.tsp!, /^catalog +ready/m);
    assert.match(said.tsp!, /^credit +500000000$/m);
    assert.match(said.tsp!, /^openBatch +null$/m);
    assert.match(said.tsp!, /^sequence +[1-9]\d*$/m);
  });

  it("the owner has a vehicle, an agreement, a grant and offers", async () => {
    assert.match(said.owner!, /^vehicle +oem +confirmed +epoch +devices\n\d+ +0x\w+ +true +1 +0$/m);
    assert.match(said.owner!, /^version +1$/m);
    assert.equal(Number(/^records +(\d+)$/m.exec(said.owner!)![1]), (await readDrive(join(root, DRIVE))).rows.length);
    assert.match(said.owner!, /^party +first +last .*\n0x\w+ +0 +89 +2100-\S+ +false +true$/m);
    assert.match(said.owner!, /^0x[0-9a-f]{64} +trip-gps@1 +user +1000000 /m);
    assert.match(said.owner!, /^credit +0$/m);
  });

  it("the buyer has bought, opened and verified, and the owner has been paid", () => {
    const records = Number(/^records +(\d+)$/m.exec(said.buyer!)![1]);
    const lines = readFileSync(temporary.path("buyer/bought/records.csv"), "utf8").trimEnd().split("\n");
    assert.ok(records > 0);
    assert.equal(lines.length, records + 1);
    assert.match(said.buyer!, /^dealId +0x[0-9a-f]{64}$/m);
    assert.ok(existsSync(temporary.path("buyer/bought/records.geojson")));
    const { credit, account } = JSON.parse(said.after!) as { credit: string; account: Hex };
    assert.equal(Number(credit), PRICE * OWNERS_SHARE, account);
  });

  it("the buyer needs five commands, settings of the shell apart", () => {
    const settings = /^(?:export |qood\(\) )/;
    const commands = commandsOf("docs/quickstart-buyer.md").filter((line) => !settings.test(line));
    assert.equal(commands.length, 5);
    for (const page of PAGES) assert.deepEqual(countedSteps(`docs/quickstart-${page}.md`), [1, 2, 3, 4, 5], page);
  });
});
