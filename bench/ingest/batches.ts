/** Batches of a replayed fleet as the sealing process is given them. */
import { randomBytes } from "node:crypto";
import { toHex } from "@qoodblock/sdk/bytes";
import { schemaByHash } from "@qoodblock/sdk/dictionary";
import { fromHex } from "@qoodblock/sdk/bytes";
import { ZERO32 } from "@qoodblock/sdk/formats";
import type { SealInput, SealBlock } from "@qoodblock/sdk/sealing";
import type { BenchCar } from "./fleet.ts";

/** Default settings of the ingest worker: T = 60 s, e = 60 blocks. */
const BLOCK_MS = 60_000;
const INTERVAL_BLOCKS = 60;

/** A car's first `messages` messages of `per` records as one batch. */
export function batchOf(car: BenchCar, messages: number, per: number, tsp = toHex(randomBytes(20))): SealInput {
  const { config } = car;
  const blocks: { messages: SealBlock["messages"][number][]; since: number }[] = [];
  for (let i = 0; i < messages; i += 1) {
    const { counter, salt16, signature, rows } = car.message(per);
    const time = Number(Buffer.from(rows[0]!).readBigUInt64BE(car.timeAt));
    const last = blocks.at(-1);
    if (last === undefined || time >= last.since + BLOCK_MS) blocks.push({ messages: [{ counter, salt16, signature, rows }], since: time });
    else last.messages.push({ counter, salt16, signature, rows });
  }
  const intervals = Array.from({ length: Math.ceil(blocks.length / INTERVAL_BLOCKS) }, (_, i) => ({ blocks: blocks.slice(i * INTERVAL_BLOCKS, (i + 1) * INTERVAL_BLOCKS) }));
  return {
    header: {
      ...{ stream: config.handle, sequence: 0, tsp, previousHeader: ZERO32, sealNonce: toHex(randomBytes(32)), keyEpoch: 0 },
      ...{ schema: config.schema, dictionaryVersion: config.dictionaryVersion, devicePublicKey: config.devicePublicKey },
      flags: { exclusive: false, origin: config.devicePublicKey === null ? "TSP_ATTESTED" : "DEVICE_SIGNED" },
    },
    keys: { k1: 123_456_789n },
    intervals,
    columns: schemaByHash(fromHex(config.schema, 32)).columns.length,
    chainBefore: ZERO32,
  };
}
