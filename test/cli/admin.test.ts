import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { startGround } from "./ground.ts";
import type { Ground } from "./ground.ts";
import { answerOf, mistake, qood } from "./support.ts";

const temporary = temporaryFolder();
type Answer = Record<string, unknown>;

describe("qood admin", { concurrency: 1 }, () => {
  let ground: Ground;
  const run = async (...args: string[]): Promise<Answer> => (await answerOf([...ground.at, "admin", ...args])) as Answer;
  const refused = (args: string[], code: string, words: RegExp): Promise<void> => mistake([...ground.at, "admin", ...args], code, words);

  before(async () => {
    ground = await startGround(temporary);
  });
  after(async () => {
    await ground.stop();
  });

  it("accredits OEMs and TSPs, and ends it", async () => {
    const { keeper } = ground.accounts;
    const oem = ["--account", "foundation", "--oem", keeper.address, "--wmi", "VF1"];
    await refused(["accredit-oem", "--account", "buyer", ...oem.slice(2)], "REVERT", /./);
    assert.equal((await run("accredit-oem", ...oem)).oem, keeper.address);
    assert.equal((await run("revoke-oem", ...oem)).oem, null);
    const tsp = ["--account", "foundation", "--tsp", keeper.address];
    assert.equal((await run("accredit-tsp", ...tsp)).accredited, true);
    assert.equal((await run("revoke-tsp", ...tsp)).accredited, false);
    await refused(["accredit-oem", "--account", "foundation", "--oem", keeper.address, "--wmi", "VF"], "WMI_INVALID", /./);
  });

  it("proposes schemas, decides on them and pays deposits back", async () => {
    const states = async (): Promise<unknown[]> => ((await answerOf([...ground.at, "admin", "schemas", "list"])) as Answer[]).map(({ schema, state }) => `${String(schema)} ${String(state)}`);
    assert.deepEqual(await states(), []);
    for (const schema of ["trip-gps@1", "carobd@1", "carvio@1"]) await run("schemas", "propose", "--account", "keeper", schema);
    await refused(["schemas", "accept", "--account", "keeper", "trip-gps@1"], "REVERT", /./);
    await run("schemas", "accept", "--account", "foundation", "trip-gps@1");
    await run("schemas", "reject", "--account", "foundation", "carobd@1");
    await run("schemas", "retract", "--account", "keeper", "carvio@1");
    assert.deepEqual(await states(), ["trip-gps@1 accepted", "carobd@1 closed", "carvio@1 closed"]);
    await run("schemas", "deprecate", "--account", "foundation", "trip-gps@1");
    assert.deepEqual((await states())[0], "trip-gps@1 deprecated");
    await refused(["schemas", "accept", "--account", "foundation", "carvio@1"], "SCHEMA_NOT_PROPOSED", /nobody proposes carvio@1/);
    // Three deposits of 0.01.
    assert.equal((await run("schemas", "withdraw", "--account", "keeper")).amount, "30000000000000000");
    await refused(["schemas", "withdraw", "--account", "keeper"], "NO_CREDIT", /owes/);
  });

  it("takes a schema of one's own out of a file, and the deposit back that nobody has decided on", async () => {
    const words = { name: "weather", version: "1", digest: `0x${"aa".repeat(32)}`, fileHash: `0x${"bb".repeat(32)}`, fields: 1 };
    const file = temporary.file("weather.json", JSON.stringify(words));
    await run("schemas", "propose", "--account", "keeper", file);
    await refused(["schemas", "reclaim", "--account", "keeper", file], "REVERT", /./);
    await ground.later(400 * 86400);
    await run("schemas", "reclaim", "--account", "keeper", file);
    await refused(["schemas", "propose", "--account", "keeper", "weather@1"], "SCHEMA_UNKNOWN", /none of the shipped schemas/);
    await refused(["schemas", "propose", "--account", "keeper", temporary.file("bad.json", JSON.stringify({ ...words, fields: 900 }))], "SCHEMA_FORM", /bad\.json: fields/);
  });

  it("finds chain and contracts by the network's name or a node's URL", async () => {
    const without = ground.at.slice(0, 2);
    await mistake([...without, "--network", "mainnet", "admin", "schemas", "list"], "NETWORK_UNKNOWN", /none of sepolia, base-sepolia, op-sepolia, arbitrum-sepolia, localhost/);
    await mistake([...without, "--network", "base-sepolia", "admin", "schemas", "list"], "DEPLOYMENT_UNKNOWN", /no deployment on chain 84532/);
    await mistake([...without, "admin", "schemas", "list"], "OPTION_MISSING", /--deployment FILE is needed.*or --network/);
    assert.ok(Array.isArray(await answerOf([...ground.at.slice(0, 4), "--network", ground.url, "admin", "schemas", "list"])));
  });
});

describe("qood completion", { concurrency: 1 }, () => {
  let script = "";
  const complete = (...words: string[]): string[] => {
    const shell = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _qood; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", shell], { encoding: "utf8" }).split("\n").filter((word) => word !== "");
  };

  before(async () => {
    script = (await qood(["completion", "bash"])).stdout;
  });

  it("completes commands and options in bash, whatever stands before", () => {
    assert.deepEqual(complete("qood", "ow"), ["owner"]);
    assert.deepEqual(complete("qood", "owner", "grants", ""), ["list", "free", "paid", ...complete("qood", "owner", "grants", "--")]);
    assert.deepEqual(complete("qood", "--rpc", "owner", "--json", "admin", "sch"), ["schemas"]);
    assert.deepEqual(complete("qood", "owner", "revoke", "--par"), ["--party"]);
    assert.ok(complete("qood", "owner", "revoke", "--").includes("--network"));
    assert.deepEqual(complete("qood", "nonsense", "adm"), ["admin"]);
  });

  it("is there for zsh and fish, and for no other shell", async () => {
    const [zsh, fish] = [(await qood(["completion", "zsh"])).stdout, (await qood(["completion", "fish"])).stdout];
    assert.match(zsh, /^#compdef qood/);
    assert.equal(spawnSync("bash", ["-n"], { input: zsh.split("\n").slice(4).join("\n") }).status, 0);
    assert.ok(fish.split("\n").includes("complete -c qood -f -n \"test (__qood_path) = 'owner grants'\" -a free -d 'let a party read a range of sequences; a principal\\'s word, of DISPUTED data both must give it'"));
    await mistake(["completion", "powershell"], "USAGE", /none of bash, zsh and fish/);
  });
});
