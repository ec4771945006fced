import { Counter } from "prom-client";
import type { Registry } from "prom-client";
import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { addGauge, addRedisGauge } from "../shared/metrics/index.ts";
import type { Labelled } from "../shared/metrics/index.ts";
import { keys } from "../shared/queue/index.ts";
import type { Bonds } from "./bonds.ts";
import { pageSchema } from "./deals.ts";

/** What happens in the delivery worker and is counted. */
export interface DeliveryMetrics {
  /** An offer was published. */
  offered(): void;
  /** A page is over, and how. */
  ended(status: string): void;
  /** Keys were handed over off chain. */
  handed(): void;
  /** A buyer's receipt was taken. */
  receipt(): void;
}

/** Open pages by their status. As many as the scheduler looks through every `pollMs`. */
async function openPages(redis: Redis, prefix: string): Promise<Labelled[]> {
  const counts = new Map<string, number>(pageSchema.shape.status.options.map((status) => [status, 0]));
  const ids = await redis.smembers(keys.openPages(prefix));
  const texts = ids.length === 0 ? [] : await redis.hmget(keys.pages(prefix), ...ids);
  for (const text of texts) {
    if (text === null) continue;
    const { status } = pageSchema.pick({ status: true }).strip().parse(JSON.parse(text));
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].map(([status, count]) => [{ status }, count]);
}

/** Adds the worker's metrics. @param token - whose standing balance is shown */
export function createDeliveryMetrics(registry: Registry, at: { readonly redis: Redis; readonly prefix: string; readonly bonds: Bonds; readonly token: Hex }): DeliveryMetrics {
  const { redis, prefix, bonds, token } = at;
  const registers = [registry];
  addRedisGauge(registry, redis, { name: "qood_open_pages", help: "Pages of deals that are not over, by where they stand.", labelNames: ["status"], read: () => openPages(redis, prefix) });
  addRedisGauge(registry, redis, { name: "qood_waiting_batches", help: "Announced batches that are not offered yet.", read: () => redis.hlen(keys.waiting(prefix)) });
  addRedisGauge(registry, redis, { name: "qood_deals", help: "Deals that were ever taken up.", read: () => redis.hlen(keys.deals(prefix)) });
  addGauge(registry, {
    name: "qood_standing_balance",
    help: "The seller's free credit at the exchange and what of it is reserved for open pages, in the smallest unit of the token of the prices.",
    labelNames: ["kind"],
    async read() {
      if (redis.status !== "ready") return undefined;
      const { credit, reserved } = await bonds.balance(token);
      return [[{ kind: "credit" }, Number(credit)], [{ kind: "reserved" }, Number(reserved)]] satisfies Labelled[];
    },
  });
  const offers = new Counter({ name: "qood_offers_total", help: "Offers that were published.", registers });
  const ended = new Counter({ name: "qood_pages_ended_total", help: "Pages that are over, by how.", labelNames: ["status"], registers });
  const handed = new Counter({ name: "qood_keys_handed_total", help: "Times that keys were handed over off chain.", registers });
  const receipts = new Counter({ name: "qood_receipts_total", help: "Receipts of buyers that were taken.", registers });
  return {
    offered: () => offers.inc(),
    ended: (status) => ended.inc({ status }),
    handed: () => handed.inc(),
    receipt: () => receipts.inc(),
  };
}
