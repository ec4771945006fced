/**
 * Faults over the whole path: device → gateway (HTTP, MQTT) → Redis → ingest → storage → chain, each a process of its own. One fleet
 * lives through all of them; after each one both ends are counted (see `support/count.ts`).
 *
 * QOOD_CHAOS: how many rounds (1: the short form). QOOD_SEED: the seed of all that is left to chance.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { keys } from "../../workers/shared/queue/index.ts";
import { until } from "../workers/support/world.ts";
import { chanceOf, ROUNDS, SEED } from "./support/chance.ts";
import { startSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";
import type { Slot } from "./support/slot.ts";

describe(`ingestion under faults (QOOD_SEED=${SEED}, QOOD_CHAOS=${ROUNDS})`, () => {
  let site: Site;
  before(async () => {
    site = await startSite(5);
  });
  after(() => site.stop());
  const rounds = (name: string, run: (round: number) => Promise<void>): void => {
    for (let round = 0; round < ROUNDS; round += 1) it(ROUNDS === 1 ? name : `${name}, round ${round}`, { timeout: 300_000 }, () => run(round));
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
      await again(chance.pick(site.ingests));
      await again(site.storage);
      await again(chance.pick(site.gateways));
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
});
