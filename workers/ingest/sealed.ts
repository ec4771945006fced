import type { FlowProducer } from "bullmq";
import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { isQoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../shared/log/index.ts";
import { deviceName, keys, readStream } from "../shared/queue/index.ts";
import type { StreamConfig } from "../shared/queue/index.ts";
import { checkPlace, sealingPosition } from "../shared/sealed/index.ts";
import type { CheckedPackage, SealedChecker, SealedStore, WaitingPackage } from "../shared/sealed/index.ts";
import { cidOf } from "../shared/storage/dag.ts";
import type { Artefacts } from "./artefacts.ts";
import { addFlow } from "./planner.ts";
import { readRecord } from "./record.ts";
import type { Plan, Records, Sealed } from "./record.ts";

/** Takes up batches that devices have sealed themselves: they enter the life of a batch where it is sealed already. */
export interface SealedTaker {
  step(): Promise<void>;
}

/** What a device has decided, in the form of a plan: nothing in it is made here. */
function planOf({ content: { header, envelope } }: CheckedPackage, config: StreamConfig): Plan {
  const { words, rest } = header;
  return {
    ...{ stream: config.handle, sequence: words.sequence, device: deviceName(config.devicePublicKey), devicePublicKey: envelope.publicKey },
    ...{ first: rest.firstCounter, last: rest.lastCounter, keyEpoch: rest.keyEpoch, day: rest.day, sealNonce: rest.sealNonce },
    ...{ previousHeader: rest.previousHeader, chainBefore: rest.chainBefore, tsp: words.tsp.toLowerCase() as Hex, schema: rest.schema },
    ...{ dictionaryVersion: rest.dictionaryVersion, exclusive: config.exclusive, h3: config.h3 },
    // T and e are the device's own; they stand in the description.
    ...{ blockSeconds: 1, intervalBlocks: 1, leafSize: rest.leafSize, reason: "device-sealed" },
  };
}

async function sealedOf({ content, headerHash, leafCount }: CheckedPackage): Promise<Sealed> {
  const { header, envelope, ciphertext, dataHashes, description } = content;
  const [cipherCid, hashesCid, descriptionCid] = await Promise.all([ciphertext, dataHashes, description].map(async (file) => (await cidOf(file)).toString()));
  return {
    ...{ headerHash, header, envelope, leafCount, records: header.rest.records, ms: 0 },
    cids: { ciphertext: cipherCid!, dataHashes: hashesCid!, description: descriptionCid! },
    // How far it was compressed only its device knows.
    bytes: { raw: header.rest.rawLength, compressed: header.rest.storedLength, stored: header.rest.storedLength },
  };
}

/** See {@link SealedTaker}. */
export function createSealedTaker(options: {
  readonly redis: Redis;
  readonly prefix: string;
  readonly records: Records;
  readonly artefacts: Artefacts;
  readonly store: SealedStore;
  readonly checker: SealedChecker;
  readonly flows: FlowProducer;
  readonly log: Logger;
}): SealedTaker {
  const { redis, prefix, records, artefacts, store, checker, flows, log } = options;

  async function take(at: WaitingPackage): Promise<void> {
    const bytes = await store.read(at);
    const config = await readStream(redis, prefix, at.stream);
    if (bytes !== undefined && config !== undefined && (await readRecord(redis, prefix, at.stream, at.sequence)) === undefined) {
      const position = await sealingPosition(redis, prefix, config);
      // Batches of a stream are taken in their order; what comes later waits.
      if (at.sequence > position.sequence) return;
      // Redis is where it was kept, not whom to trust.
      const checked = await checker.check(bytes, config);
      checkPlace(checked.content, config, position);
      const plan = planOf(checked, config);
      await artefacts.save(plan.stream, plan.sequence, checked.content);
      if (await records.adopt(plan, await sealedOf(checked), checked.content.header.rest.chainAfter)) {
        log.info({ stream: plan.stream, sequence: plan.sequence, records: checked.content.header.rest.records }, "a batch sealed by its device was taken in");
      }
      await addFlow(flows, plan);
    }
    await store.drop(at);
  }

  return {
    async step() {
      for (const at of await store.waiting()) {
        try {
          await take(at);
        } catch (error) {
          if (!isQoodError(error)) throw error;
          log.error({ stream: at.stream, sequence: at.sequence, err: error }, "ALARM: a batch that a device has sealed is not what the gateway has checked; it is dropped");
          await redis.xadd(keys.deadLetters(prefix), "*", "code", error.code, "reason", error.message, "origin", "sealed by its device", "stream", at.stream);
          await store.drop(at);
        }
      }
    },
  };
}
