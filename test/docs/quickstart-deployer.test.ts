// The commands of docs/quickstart-deployer.md, in their order, in one shell, as somebody would paste them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseDeployment } from "@qoodblock/sdk/client";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { temporaryFolder } from "../support/folder.ts";
import { commandsOf, countedSteps, root } from "./quickstart.ts";

const temporary = temporaryFolder();

describe("docs/quickstart-deployer.md", () => {
  it("says nothing that does not work, in the order in which it says it", { timeout: 300_000 }, async () => {
    const commands = commandsOf("docs/quickstart-deployer.md");
    // The suites run in a checkout that is installed and compiled.
    const done = ["npm run demo -- --help", "hardhat build"];
    const rest = commands.filter((line) => !done.includes(line));
    assert.equal(rest.length, commands.length - done.length);
    const [port, state] = [await freePort(), temporary.path("quickstart")];
    const qood = `${process.execPath} --disable-warning=ExperimentalWarning cli/main.ts`;
    const put = (line: string): string => line.replaceAll("8545", String(port)).replaceAll(".state/quickstart", state).replaceAll("npm run --silent qood --", qood);
    // The chain needs a moment before the first question; a person types slower.
    const ready = `until (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null; do sleep 0.1; done`;
    const script = rest.flatMap((line) => [`echo "+ command"`, put(line), ...(line.startsWith("anvil") ? [`chain=$!; trap 'kill $chain' EXIT`, ready] : [])]);
    const run = spawnSync("bash", ["-e", "-c", script.join("\n")], { cwd: root, encoding: "utf8", env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stdout.split("+ command\n").length - 1, rest.length);

    assert.match(run.stdout, /dryRun +deploy\n/);
    const deployment = parseDeployment(JSON.parse(readFileSync(join(state, "deployment.json"), "utf8")));
    assert.equal(deployment.chainId, 31337);
    assert.match(run.stdout, /trip-gps@1 +accepted /);
    assert.equal(existsSync(join(state, "record.json")), true);
  });

  it("takes five commands, counted by its numbers", () => {
    assert.deepEqual(countedSteps("docs/quickstart-deployer.md"), [1, 2, 3, 4, 5]);
  });
});
