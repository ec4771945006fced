import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { handleProof } from "@qoodblock/sdk/market";
import { createAppender, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import { openVault, readKeyfile, rotateVault } from "../../workers/shared/vault/index.ts";
import { bytes32, makeCar } from "./support/fleet.ts";
import { act, enrolDevice, mintAgreed } from "./support/market.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("upkeep of a running ingest worker", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it("opens its vault by a keyfile, copies what it announces, and erases a revoked stream's secret while it runs", async () => {
    const prefix = "upkeep";
    const car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, 1));
    await enrolDevice(world, 1, car);
    await registerStream(world.redis, prefix, car.config);
    await world.grant(car);
    const [vaultFile, keyfile, backup, log] = ["vault.json", "keyfile", "backup", "ingest.log"].map((name) => join(world.dir, name)) as [string, string, string, string];
    writeFileSync(keyfile, bytes32("key material"), { mode: 0o600 });
    await rotateVault(vaultFile, world.secrets.QOOD_VAULT_PASSPHRASE!, { to: readKeyfile(keyfile) });
    const args = [...world.flags, "--redis-prefix", prefix, "--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.2", "--tick-ms", "20", "--lock-ms", "1000"];
    const more = ["--backup", backup, "--erase-seconds", "0", "--log-file", log];

    const wrong = await runToEnd("ingest", args, world.secrets);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^[^\n]*opens by a keyfile or raw key, not by a passphrase \[VAULT_UNLOCK\]\n$/);

    const worker = await startWorker("ingest", [...args, ...more, "--vault-keyfile", keyfile], world.secrets);
    try {
      const appender = createAppender(world.redis, prefix);
      await appender.append([car.message(0, 5), car.message(5, 5)], "test");
      await appender.endTrip(car.config.handle);
      await until("the batch", async () => (await readBatches(world.redis, prefix)).length === 1);
      await until("its copy", () => Promise.resolve(existsSync(join(backup, "batches", car.config.handle, "0.car"))));
      const vault = await openVault(vaultFile, readKeyfile(keyfile));
      assert.equal((await vault.look()).length, 1);
      const of = { ...car.config, vehicle: BigInt(car.config.vehicle), dataClass: 2, privacy: 1 };
      await act(world, world.accounts.owner, world.client.calls.beginKeyEpoch(car.config.handle, handleProof(of)));
      await until("the secret to be erased", async () => (await vault.look()).length === 0);
      await assert.rejects(vault.streamSecret(car.config.handle, 0), { code: "VAULT_FORGOTTEN" });

      // What comes all the same is kept, and sealing says why it does not go on.
      await appender.append([car.message(10, 5)], "test");
      await appender.endTrip(car.config.handle);
      await until("sealing to say so", () => Promise.resolve(readFileSync(log, "utf8").includes("batch 1 of stream")));
      const said = readFileSync(log, "utf8").split("\n").filter((line) => line.includes("VAULT_FORGOTTEN"));
      assert.equal(said.length, 1, "told once");
      assert.match(said[0]!, /cannot be sealed, and neither can those after it: the secret of stream .* was erased from the vault at/);
      assert.equal((await readBatches(world.redis, prefix)).length, 1);
    } finally {
      assert.equal(await worker.stop(), 0, worker.errors());
    }
  });
});
