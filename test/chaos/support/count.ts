import assert from "node:assert/strict";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import { anchorRoot, hashHeader, ZERO32 } from "@qoodblock/sdk/formats";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import { checkBatch, openBatch } from "@qoodblock/sdk/sealing";
import { readBatches } from "../../../workers/shared/queue/index.ts";
import type { AnnouncedBatch } from "../../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../../workers/shared/storage/kubo.ts";
import { secretOf } from "../../workers/support/world.ts";
import type { World } from "../../workers/support/world.ts";
import type { Device, Row } from "./device.ts";

/** The other end of the count: what stands in the announced batches. */
export interface Count {
  /** Reads what was announced since. @returns records in all announced batches so far */
  look(): Promise<number>;
  /** Everything announced of a car, in order of announcement. */
  batchesOf(device: Device): readonly AnnouncedBatch[];
  /** Fetches a batch's files and opens it with its owner's key, as a buyer checks it. */
  open(device: Device, batch: AnnouncedBatch): Promise<readonly Row[]>;
  /**
   * Every record that was acknowledged is in exactly one announced batch, in order, none twice; the headers of each car form one chain
   * without a gap, and every anchor on the chain was made once.
   */
  check(devices: readonly Device[]): Promise<void>;
}

interface Opened {
  readonly rows: Row[];
  batches: number;
  previous: string;
  counter: number;
}

/** See {@link Count}. */
export function createCount(world: World, prefix: string): Count {
  const announced: AnnouncedBatch[] = [];
  const opened = new Map<string, Opened>();
  let last = "0";

  const batchesOf = (device: Device): AnnouncedBatch[] => announced.filter(({ stream }) => stream === device.car.config.handle);

  async function open(device: Device, batch: AnnouncedBatch): Promise<readonly Row[]> {
    const storage = createKuboStorage(world.storageSocket);
    try {
      const { header, envelope, anchor, cids } = batch.lot;
      const [ciphertext, dataHashes, description] = await Promise.all([storage.get(cids.ciphertext), storage.get(cids.dataHashes), storage.get(cids.description)]);
      const { time } = await world.client.reads.anchorOf(anchor.tsp, anchor.root);
      assert.ok(time > 0, `the anchor of batch ${batch.sequence} is not on the chain`);
      assert.equal(anchorRoot(hashHeader(header.words), anchor.path), anchor.root);
      const checked = checkBatch({ ciphertext, dataHashes, description, header, envelope, headerHash: batch.headerHash as Hex, anchor: { tsp: anchor.tsp, root: anchor.root, path: anchor.path, time } });
      return openBatch(checked, { k1: batchKey(daySecret(secretOf(device.car), header.rest.day), device.car.config.handle, header.words.sequence, header.rest.sealNonce) }).rows;
    } finally {
      await storage.close();
    }
  }

  async function checkCar(device: Device): Promise<void> {
    const { handle } = device.car.config;
    const so: Opened = opened.get(handle) ?? { rows: [], batches: 0, previous: ZERO32, counter: 0 };
    opened.set(handle, so);
    for (const batch of batchesOf(device).slice(so.batches)) {
      const { rest, words } = batch.lot.header;
      const name = `car ${device.n}, announcement ${so.batches}`;
      assert.deepEqual({ sequence: words.sequence, previous: rest.previousHeader, first: rest.firstCounter }, { sequence: so.batches, previous: so.previous, first: so.counter }, name);
      const rows = await open(device, batch);
      assert.equal(rows.length, batch.records, name);
      so.rows.push(...rows);
      [so.batches, so.previous, so.counter] = [so.batches + 1, batch.headerHash, rest.lastCounter + 1];
    }
    assert.equal(device.acknowledged, device.wires.length);
    assert.equal(so.rows.length, device.expected.length, `car ${device.n}: ${device.expected.length} records were acknowledged, ${so.rows.length} are anchored`);
    assert.deepEqual(so.rows, device.expected);
  }

  async function look(): Promise<number> {
    for (let found = await readBatches(world.redis, prefix, last); found.length > 0; found = await readBatches(world.redis, prefix, last)) {
      announced.push(...found.map(({ batch }) => batch));
      last = found.at(-1)!.id;
    }
    return announced.reduce((sum, { records }) => sum + records, 0);
  }

  return {
    look,
    batchesOf,
    open,
    async check(devices) {
      await look();
      for (const device of devices) await checkCar(device);
      const known = new Set(devices.map(({ car }) => car.config.handle as string));
      assert.deepEqual(announced.filter(({ stream }) => !known.has(stream)).length, 0, "batches of streams that nobody sent for");
      const events = await readEvents(world.client.deployment, world.provider, "Anchored", { fromBlock: 0, toBlock: "latest" });
      assert.deepEqual(events.map(({ root }) => root).sort(), [...new Set(announced.map(({ lot }) => lot.anchor.root))].sort(), "anchors on the chain and in the announcements");
      assert.deepEqual(events.map(({ sequence }) => sequence), [...new Set(events.map(({ sequence }) => sequence))]);
    },
  };
}
