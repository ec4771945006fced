import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { qood } from "./support.ts";

/** Every command, by group. */
const commands: Readonly<Record<string, readonly string[]>> = {
  account: ["new", "list"],
  owner: ["grant-stream", "consent", "vehicles", "streams", "devices", "grants", "revoke", "agreements", "headers", "offers", "income"],
  oem: ["grant-stream", "grants", "revoke", "agreements", "headers", "offers", "income", "confirm", "voucher"],
  buyer: ["search", "show", "sample", "fetch", "buy", "open", "recover", "receipt", "challenge", "complain", "faucet"],
  deal: ["show", "accept", "reject", "challenge", "complain", "refund", "settle"],
  income: ["show", "deposit", "withdraw"],
  tsp: ["vault", "start", "status", "fund", "streams", "token", "import", "dead-letters", "doctor", "mint"],
  admin: ["accredit-oem", "revoke-oem", "accredit-tsp", "revoke-tsp", "schemas"],
  deploy: [],
  completion: [],
};

describe("qood --help", { concurrency: 2 }, () => {
  const listed = (stdout: string): string[] => [...(stdout.split("\nCommands:\n")[1] ?? "").matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!).filter((name) => name !== "help");

  it("tells all groups", async () => {
    const run = await qood(["--help"], {});
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    assert.deepEqual(listed(run.stdout), Object.keys(commands));
  });
  for (const [group, names] of Object.entries(commands)) {
    it(`of ${group} and its commands`, async () => {
      const run = await qood([group, "--help"], {});
      assert.deepEqual([run.code, run.stderr], [0, ""]);
      assert.deepEqual(listed(run.stdout), names);
      for (const name of names) {
        const help = await qood([group, name, "--help"], {});
        assert.deepEqual([help.code, help.stderr], [0, ""]);
        assert.ok(help.stdout.startsWith(`Usage: qood ${group} ${name} `), help.stdout);
      }
    });
  }
});
