import type { Redis } from "ioredis";
import type { Logger } from "../shared/log/index.ts";
import { deviceName, keys, readStatuses, readStream, readTelemetry } from "../shared/queue/index.ts";
import type { HeldStream, Vault } from "../shared/vault/index.ts";
import { batchName, readRecord } from "./record.ts";
import { soldBatches } from "./sold.ts";
import type { Sold } from "./sold.ts";

/** What the erasure needs. */
export interface ErasureContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly vault: Pick<Vault, "look">;
  /** Erases a secret from the vault for ever; false when that was done before. */
  readonly forget: (slot: HeldStream) => Promise<boolean>;
  /** A revoked stream's secret is kept so many milliseconds all the same: a purchase counts only when it is final. */
  readonly delayMs: number;
  /** A time that has surely come, Unix milliseconds. */
  readonly sureTime: () => Promise<number>;
  readonly log: Logger;
}

const PAGE = 500;

/**
 * Erases the secrets of revoked streams: as soon as all telemetry of the key epoch is announced, and no page that is not
 * over sells a batch of it. From then on its data opens for nobody who has not bought it.
 */
export function createErasure(context: ErasureContext): { step(): Promise<void> } {
  const { redis, prefix, vault, forget, delayMs, sureTime, log } = context;
  const said = new Map<string, string>();

  /** Revoked streams → why. */
  async function revoked(now: number): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const [handle, { state, since, reason }] of await readStatuses(redis, prefix)) {
      if (state === "revoked" && !(now < Date.parse(since) + delayMs)) found.set(handle, reason);
    }
    return found;
  }

  /** Whether rows of a stream lie in Redis that belong to no batch yet. */
  async function hasUnsealed(handle: string, current: string): Promise<boolean> {
    const state = await redis.hgetall(keys.sequence(prefix, handle));
    const devices = new Set([current, ...Object.keys(state).flatMap((field) => (field.startsWith("planned:") ? [field.slice("planned:".length)] : []))]);
    for (const device of devices) {
      for (let next = Number(state[`planned:${device}`] ?? 0); ; ) {
        const entries = await readTelemetry(redis, prefix, handle, device, { next, afterTripEnd: true }, PAGE);
        if (entries.some((entry) => entry.kind === "message" && entry.kept > 0)) return true;
        if (entries.length < PAGE) break;
        next = entries.at(-1)!.counter + 1;
      }
    }
    return false;
  }

  /** Why a secret is still needed, or undefined. */
  async function whyKept({ handle, keyEpoch }: HeldStream, sold: Sold): Promise<string | undefined> {
    const epochOf = async (name: string): Promise<number | undefined> => (await readRecord(redis, prefix, handle, Number(name.split(":")[1])))?.plan.keyEpoch;
    const config = await readStream(redis, prefix, handle);
    // The stream goes on under a newer grant: only what is older than the one that was revoked is over.
    if (config !== undefined && keyEpoch > config.keyEpoch) return "its key epoch is newer than the one that was revoked";
    if (config?.keyEpoch === keyEpoch && (await hasUnsealed(handle, deviceName(config.devicePublicKey)))) return "telemetry of it is not sealed yet";
    // Looked up after the telemetry: what the planner has taken from there in between is here.
    for (const name of await redis.smembers(keys.openBatches(prefix))) {
      if (name.startsWith(`${handle}:`) && (await epochOf(name)) === keyEpoch) return `batch ${name.split(":")[1]!} is not announced yet`;
    }
    for (const [name, page] of sold.pages) {
      const epoch = name.startsWith(`${handle}:`) ? await epochOf(name) : -1;
      if (epoch === undefined || epoch === keyEpoch) return `page ${page} sells batch ${name.split(":")[1]!} and is not over`;
    }
    return undefined;
  }

  /** Orders that can be bought and no longer served. */
  async function standing({ handle, keyEpoch }: HeldStream, { orders }: Sold): Promise<number> {
    const found = new Set<string>();
    for (const [name, order] of orders) {
      const [stream, sequence] = name.split(":") as [string, string];
      if (stream === handle && (await readRecord(redis, prefix, stream, Number(sequence)))?.plan.keyEpoch === keyEpoch) found.add(order);
    }
    return found.size;
  }

  return {
    async step() {
      const now = await sureTime();
      const reasons = await revoked(now);
      if (reasons.size === 0) return;
      const slots = (await vault.look()).filter(({ handle }) => reasons.has(handle));
      if (slots.length === 0) return;
      const sold = await soldBatches(redis, prefix, Math.floor(now / 1000));
      for (const slot of slots) {
        const name = batchName(slot.handle, slot.keyEpoch);
        const why = await whyKept(slot, sold);
        if (why !== undefined) {
          if (said.get(name) !== why) log.info({ stream: slot.handle, keyEpoch: slot.keyEpoch }, `the stream is revoked; its secret is kept for now: ${why}`);
          said.set(name, why);
        } else if (await forget(slot)) {
          const orders = await standing(slot, sold);
          log.warn({ stream: slot.handle, keyEpoch: slot.keyEpoch, reason: reasons.get(slot.handle), orders }, "the stream is revoked: its secret was erased from the vault, and what was sealed with it can no longer be delivered");
        }
      }
    },
  };
}
