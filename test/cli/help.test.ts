import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeProgram } from "../../cli/program.ts";
import { qood } from "./support.ts";

/** Every command, by group. */
const commands: Readonly<Record<string, readonly string[]>> = {
  account: ["new", "list"],
  owner: ["grant-stream", "consent", "vehicles", "streams", "devices", "grants", "revoke", "agreements", "headers", "offers", "income", "export", "erase"],
  oem: ["grant-stream", "grants", "revoke", "agreements", "headers", "offers", "income", "confirm", "voucher"],
  buyer: ["search", "show", "sample", "fetch", "buy", "open", "recover", "receipt", "challenge", "complain", "faucet"],
  deal: ["show", "accept", "reject", "challenge", "complain", "refund", "settle"],
  income: ["show", "deposit", "withdraw"],
  tsp: ["vault", "start", "status", "fund", "streams", "token", "import", "batches", "dead-letters", "doctor", "mint"],
  admin: ["accredit-oem", "revoke-oem", "accredit-tsp", "revoke-tsp", "schemas"],
  deploy: [],
  completion: [],
};

/** What `--help` says, by the program itself: a process for each of the commands would load all of `qood` each time. */
async function helpOf(...args: readonly string[]): Promise<string> {
  let [said, mistakes] = ["", ""];
  const program = makeProgram({ writeOut: (text) => (said += text), writeErr: (text) => (mistakes += text) });
  await assert.rejects(program.parseAsync(["node", "qood", ...args, "--help"]), { code: "commander.helpDisplayed", exitCode: 0 });
  assert.equal(mistakes, "");
  return said;
}

describe("qood --help", () => {
  const listed = (stdout: string): string[] => [...(stdout.split("\nCommands:\n")[1] ?? "").matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!).filter((name) => name !== "help");

  it("tells all groups", async () => {
    const run = await qood(["--help"], {});
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    assert.deepEqual(listed(run.stdout), Object.keys(commands));
    assert.equal(run.stdout, await helpOf());
  });
  for (const [group, names] of Object.entries(commands)) {
    it(`of ${group} and its commands`, async () => {
      assert.deepEqual(listed(await helpOf(group)), names);
      for (const name of names) {
        const help = await helpOf(group, name);
        assert.ok(help.startsWith(`Usage: qood ${group} ${name} `), help);
      }
    });
  }
  it("of a group in a process of its own, which ends well", async () => {
    const run = await qood(["tsp", "--help"], {});
    assert.deepEqual([run.code, run.stderr, run.stdout], [0, "", await helpOf("tsp")]);
  });
});
