/**
 * Faults over the whole path: device → gateway (HTTP, MQTT) → Redis → ingest → storage → chain, each a process of its own. One fleet
 * lives through all of them; after each one both ends are counted (see `support/count.ts`).
 *
 * QOOD_CHAOS: how many rounds (1: the short form). QOOD_SEED: the seed of all that is left to chance.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { TestContext } from "node:test";
import { readEvents } from "@qoodblock/sdk/client";
import { keys, listDeadLetters } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { goodRow } from "../workers/support/fleet.ts";
import { connectMqtt } from "../workers/support/gateway.ts";
import type { Rule } from "../workers/support/rpc-proxy.ts";
import { until } from "../workers/support/world.ts";
import { chanceOf, ROUNDS, SEED } from "./support/chance.ts";
import { startCutter } from "./support/cutter.ts";
import { harmHttp, harmMqtt } from "./support/harm.ts";
import { FINALITY, PREFIX, startSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import type { Slot } from "./support/slot.ts";

describe(`ingestion under faults (QOOD_SEED=${SEED}, QOOD_CHAOS=${ROUNDS})`, () => {
  let site: Site;
  before(async () => {
    site = await startSite();
  });
  after(() => site.stop());
  const rounds = (name: string, run: (round: number, test: TestContext) => Promise<void>): void => {
    for (let round = 0; round < ROUNDS; round += 1) it(ROUNDS === 1 ? name : `${name}, round ${round}`, { timeout: 300_000 }, (test) => run(round, test));
  };

  rounds("loses and doubles nothing when gateway, ingest and storage are killed while the fleet sends, and comes back", async (round) => {
    const chance = chanceOf(`kills ${round}`);
    const again = async (slot: Slot): Promise<void> => {
      if (chance.below(2) === 0) await site.progress(1 + chance.below(12));
      else await site.step(...["planned", "sealed", "uploaded", "anchoring", "anchored"].slice(chance.below(5)));
      await slot.kill();
      await slot.start();
    };
    await site.during(async () => {
      await Promise.all([chance.pick(site.ingests), site.storage, chance.pick(site.gateways)].map(again));
    });
    await site.settle();
  });

  rounds("goes on with one gateway and one ingest worker when the others die and stay dead", async (round) => {
    const chance = chanceOf(`halves ${round}`);
    const [gateway, ingest] = [chance.pick(site.gateways), chance.pick(site.ingests)];
    await site.during(async () => {
      await site.step("planned", "sealed", "uploaded", "anchoring");
      await Promise.all([gateway.kill(), ingest.kill()]);
      await site.progress(10);
    });
    await site.settle();
    await Promise.all([gateway.start(), ingest.start()]);
  });

  rounds("does nothing twice when an ingest worker stands still for longer than its locks and its lease count", async (round) => {
    const chance = chanceOf(`frozen ${round}`);
    const ingest = chance.pick(site.ingests);
    await site.during(async () => {
      await site.step(...["planned", "sealed", "uploaded", "anchoring", "anchored"].slice(chance.below(5)));
      ingest.freeze(true);
      const before = await site.count.look();
      // By the other one, which has taken everything over.
      await until("records to be announced", async () => (await site.count.look()) > before + 50);
      ingest.freeze(false);
      await site.progress(5);
    });
    await site.settle();
  });

  rounds("loses nothing when Redis is killed under the fleet, and when workers start before there is one", async (round) => {
    const chance = chanceOf(`redis ${round}`);
    await site.during(async () => {
      for (let kill = 0; kill < 2; kill += 1) {
        await site.progress(3 + chance.below(10));
        await site.killRedis();
        await site.startRedis();
      }
      await site.progress(5);
    });
    await site.settle();
    const [gateway, ingest] = [chance.pick(site.gateways), chance.pick(site.ingests)];
    await site.during(async () => {
      await site.killRedis();
      await Promise.all([gateway.kill(), ingest.kill()]);
      const started = Promise.all([gateway.start(), ingest.start()]);
      const faults = site.fleet.map((device) => device.faults);
      await until("the fleet to notice", () => Promise.resolve(site.fleet.some((device, i) => device.faults > faults[i]!)));
      await site.startRedis();
      await started;
      await site.progress(5);
    });
    await site.settle();
  });

  rounds("loses nothing while the chain's RPC is down, late and lying", async (round) => {
    const chance = chanceOf(`rpc ${round}`);
    const { counts } = site.rpc;
    /** One phase lasts until these faults have happened so often, while the fleet goes on. */
    const phase = async (rules: readonly Rule[], times: number): Promise<void> => {
      const before = { ...counts };
      site.rpc.script(rules);
      await site.progress(3 + chance.below(6));
      const faults = [...new Set(rules.map(({ fault }) => fault))];
      await until(`${faults.join(", ")} to happen`, () => Promise.resolve(faults.every((fault) => (counts[fault] ?? 0) >= (before[fault] ?? 0) + times)));
    };
    try {
      await site.during(async () => {
        await phase([{ method: /./, fault: "drop", rate: 1 }], 5);
        await phase([{ method: /./, fault: "late", rate: 0.4 }], 5);
        await phase(
          [
            { method: /sendRaw/, fault: "lose", rate: 0.4 },
            { method: /sendRaw/, fault: "twice", rate: 0.4 },
            { method: /Receipt/, fault: "foreign", rate: 0.3 },
            { method: /^eth_(?!sendRaw)/, fault: "old", rate: 0.3 },
            { method: /^eth_(?!sendRaw)/, fault: "busy", rate: 0.1 },
          ],
          1,
        );
      });
      // It lies on until all is counted.
      await site.settle();
    } finally {
      site.rpc.script([]);
    }
  });

  rounds("anchors once what a reorg of five blocks has thrown out", async () => {
    const { provider, client } = site.world;
    await site.during(async () => {
      let mined: { blockNumber: number; blockHash: string } | undefined;
      await until("an anchor in one of the last three blocks", async () => {
        const head = await provider.getBlockNumber();
        mined = (await readEvents(client.deployment, provider, "Anchored", { fromBlock: head - 2, toBlock: "latest" })).at(-1);
        return mined !== undefined;
      });
      await provider.send("anvil_reorg", [FINALITY - 1, []]);
      assert.notEqual((await provider.getBlock(mined!.blockNumber))?.hash, mined!.blockHash, "the anchor's block is still there");
    });
    await site.settle();
  });

  rounds("waits for space on a full disk and goes on when there is some", async (_round, test) => {
    if (site.noDisk !== undefined) {
      test.skip(site.noDisk);
      return;
    }
    /** A disk that ingest finds full, says so of by this word, and outlives. */
    const outlive = async (disk: "artefacts" | "storage", word: string): Promise<void> => {
      await site.during(async () => {
        const said = (): number => site.ingests.reduce((sum, slot) => sum + slot.errors().split(word).length, 0);
        const before = said();
        const release = site.fill(disk);
        await until(`ingest to say ${word}`, () => Promise.resolve(said() > before));
        await site.progress(10);
        release();
      });
      await site.settle();
    };
    await outlive("artefacts", "ENOSPC");
    await site.during(async () => {
      const release = site.fill("redis");
      // It answers nothing that it could not write: rather than that it ends.
      await site.redisEnded();
      release();
      await site.startRedis();
      await site.progress(10);
    });
    await site.settle();
    await outlive("storage", "STORAGE_FULL");
  });

  rounds("loses and doubles nothing when clocks jump ahead by a day, back by an hour, and to the right time", async (round) => {
    const chance = chanceOf(`clocks ${round}`);
    const [gateway, ingest] = [chance.pick(site.gateways), chance.pick(site.ingests)];
    await site.during(async () => {
      await Promise.all([gateway, ingest].map((slot) => slot.setClock(86_400_000)));
      await site.step("planned", "sealed", "uploaded", "anchoring");
      await site.progress(30);
      // A gateway that is an hour behind takes honest rows for rows of the future: it keeps them, but in no batch.
      await Promise.all([gateway.setClock(-60_000), ingest.setClock(-3_600_000)]);
      await site.progress(30);
      await Promise.all([gateway, ingest].map((slot) => slot.setClock(0)));
    });
    await site.settle();
  });

  rounds("mends a block that the storage node loses, of a batch that is being anchored and of one that is announced", async () => {
    site.rpc.script([{ method: /sendRaw/, fault: "drop", rate: 1 }]);
    await site.during(async () => {
      const [stream, sequence] = (await site.step("anchoring")).split(":") as [string, string];
      site.loseBlock(readFileSync(join(site.artefacts, stream, sequence, "ciphertext")));
      site.rpc.script([]);
    });
    await site.settle();
    const device = site.fleet[0]!;
    const batch = site.count.batchesOf(device).at(-1)!;
    const storage = createKuboStorage(site.world.storageSocket);
    try {
      site.loseBlock(await storage.get(batch.lot.cids.ciphertext));
      assert.equal(await storage.has(batch.lot.cids.ciphertext), false);
      // The check that is made once a day is due.
      await site.world.redis.hdel(keys.cursors(PREFIX), "verified");
      await site.ingests[0].kill();
      await site.ingests[0].start();
      await until("the block to be back", () => storage.has(batch.lot.cids.ciphertext));
    } finally {
      await storage.close();
    }
    assert.equal((await site.count.open(device, batch)).length, batch.records);
  });

  rounds("keeps what is dated ahead or runs back out, with the reason, and everything else in", async () => {
    const device = site.fleet[2]!;
    const { handle } = device.car.config;
    const before = (await listDeadLetters(site.world.redis, PREFIX)).length;
    const at = device.clock;
    const [good, next] = [goodRow(at), goodRow(at + 1000)];
    device.record([good, goodRow(Date.now() + 3_600_000), next], [good, next]);
    device.record([goodRow(at - 60_000), goodRow(at - 59_000)], []);
    device.record([goodRow(at - 1000), goodRow(at + 2000)], [goodRow(at + 2000)]);
    device.wind(3);
    device.drive(4);
    // The chain's clock runs ahead too, by a day.
    await site.world.provider.send("evm_increaseTime", [86_400]);
    await site.settle();
    const letters = (await listDeadLetters(site.world.redis, PREFIX)).slice(before);
    assert.deepEqual(letters.map(({ stream, code, row }) => [stream, code, row]), [[handle, "ROW_FUTURE", 1], [handle, "ROW_TIME", 0], [handle, "ROW_TIME", 1], [handle, "ROW_TIME", 0]]);
  });

  rounds("stores every message once when the broker's line breaks in mid publish, and when one comes a hundred times", async (round) => {
    const device = site.fleet[1]!;
    const cutter = await startCutter(() => Number(new URL(site.addresses[0]!.mqtt).port), chanceOf(`cutter ${round}`));
    try {
      device.leave();
      device.mqttVia = cutter.url;
      while (cutter.broken < 8) {
        for (let n = 0; n < 10; n += 1) device.drive(3);
        await device.flush();
      }
    } finally {
      device.leave();
      device.mqttVia = undefined;
      await cutter.close();
    }
    const wire = Buffer.from(device.wires.at(-1)!);
    const password = await device.login();
    const client = await connectMqtt(site.addresses[1]!.mqtt, { protocolVersion: 4, username: "car", password });
    for (let time = 0; time < 100; time += 1) await client.publishAsync(`v1/${device.car.config.handle}/carobd@1`, wire, { qos: 1 });
    client.end(true);
    await site.settle();
  });

  rounds("loses nothing of the fleet while a hostile device does what it can", async (round) => {
    const chance = chanceOf(`harm ${round}`);
    const { hostile } = site;
    const before = (await listDeadLetters(site.world.redis, PREFIX)).length;
    await site.during(async () => {
      const victim = chance.pick(site.fleet);
      await site.progress(1);
      await harmHttp(hostile, victim, chance.pick(site.addresses));
      await harmMqtt(hostile, victim, chance.pick(site.addresses));
    });
    await site.settle();
    const letters = (await listDeadLetters(site.world.redis, PREFIX)).slice(before);
    assert.deepEqual(letters.filter(({ stream }) => site.fleet.some(({ car }) => car.config.handle === stream)), []);
    // It is not shut out for good: what it sends honestly counts.
    hostile.drive(5);
    await site.settle();
  });

  it("takes in the stored messages of a car that was offline for a month, each day in a batch of its own", { timeout: 300_000 }, async () => {
    const { absent } = site;
    absent.wind(-31 * 86_400);
    for (let day = 0; day < 31; day += 1) {
      const begun = absent.clock;
      for (let trip = 0; trip < 2; trip += 1) absent.drive(5);
      absent.wind((begun - absent.clock) / 1000 + 86_400);
    }
    await site.during(() => absent.flush());
    await site.settle();
    const days = site.count.batchesOf(absent).map(({ lot }) => lot.header.rest.day);
    assert.deepEqual(days, Array.from({ length: 31 }, (_, i) => days[0]! + i));
  });
});
