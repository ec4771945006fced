import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { DEAL_FLAGS } from "@qoodblock/sdk/market";
import type { Terms } from "@qoodblock/sdk/market";
import { createBonds, leastBond, shortage } from "../../workers/delivery/bonds.ts";
import { fallbackAt, lastDelivery, wayOf } from "../../workers/delivery/policy.ts";
import type { PolicySettings } from "../../workers/delivery/policy.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { closeRedis, connectRedis } from "../../workers/shared/queue/index.ts";
import { testRedis } from "./support/engines.ts";

const address = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;

describe("policy of deliveries", () => {
  const settings: PolicySettings = { provenFrom: "1000", provenBuyers: [address(7)], handoverListen: "8080", handoverBuyers: [], handoverSeconds: 3600, marginSeconds: 1000 };
  const terms = (change: { price?: bigint; flags?: number; buyer?: Hex; priceBps?: number; inspectBy?: number }): Terms =>
    ({
      order: { flags: change.flags ?? 0, pages: [{ price: change.price ?? 999n }] },
      sale: { buyer: change.buyer ?? address(1), priceBps: change.priceBps ?? 10_000, deliverBy: 11_000, inspectBy: change.inspectBy ?? 0 },
    }) as unknown as Terms;

  it("proves from a price on, for some buyers, and where the order says so", () => {
    const onChain = (of: Terms): string => wayOf(of, 0, settings).onChain;
    assert.equal(onChain(terms({})), "unproven");
    assert.equal(onChain(terms({ price: 1000n })), "proven");
    // What is paid counts, not what was listed.
    assert.equal(onChain(terms({ price: 1000n, priceBps: 9999 })), "unproven");
    assert.equal(onChain(terms({ buyer: address(7) })), "proven");
    assert.equal(onChain(terms({ flags: DEAL_FLAGS.provenOnly })), "proven");
    assert.equal(wayOf(terms({}), 0, { ...settings, provenFrom: "0" }).onChain, "proven");
  });

  it("hands over off chain where there is an endpoint, to whom it may, and not where pages end together", () => {
    const handover = (of: Terms, more: Partial<PolicySettings> = {}): boolean => wayOf(of, 0, { ...settings, ...more }).handover;
    assert.equal(handover(terms({})), true);
    assert.equal(handover(terms({}), { handoverListen: undefined }), false);
    assert.equal(handover(terms({}), { handoverBuyers: [address(2)] }), false);
    assert.equal(handover(terms({ buyer: address(2) }), { handoverBuyers: [address(2)] }), true);
    assert.equal(handover(terms({ flags: DEAL_FLAGS.provenOnly + DEAL_FLAGS.allOrNothing })), false);
  });

  it("leaves as much time for the chain as was waited for a receipt", () => {
    assert.equal(lastDelivery(terms({}), settings), 10_000);
    assert.equal(fallbackAt(terms({}), { purchasedAt: 1000 }, settings), 4600);
    assert.equal(fallbackAt(terms({}), { purchasedAt: 6000 }, settings), 8000);
    assert.equal(fallbackAt(terms({ inspectBy: 8000 }), { purchasedAt: 6000 }, settings), 9000);
    // Bought so late that no time is left: at once.
    assert.ok(fallbackAt(terms({}), { purchasedAt: 10_500 }, settings) <= 10_500);
  });
});

describe("reserved bonds", () => {
  const [seller, token] = [address(1), address(2)];
  let dir: string;
  let engine: RedisEngine;
  let redis: Redis;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-bonds-"));
    engine = await testRedis(dir);
    redis = connectRedis(engine.socket);
  });
  after(async () => {
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  /** A chain whose credit changes while it is being read. */
  const clientWith = (credit: () => bigint): Client => ({ reads: { creditOf: () => new Promise((resolve) => setImmediate(() => resolve(credit()))) } }) as unknown as Client;

  it("never reserve more than the credit, however many ask at once, in numbers beyond a double", async () => {
    const unit = 10n ** 18n;
    const workers = [1, 2, 3].map(() => createBonds(redis, "race", clientWith(() => 5n * unit + 3n), seller));
    const results = await Promise.all(Array.from({ length: 12 }, (_, i) => workers[i % 3]!.reserve(`page ${i % 8}`, token, unit)));
    assert.equal(new Set(results.flatMap((short, i) => (short === undefined ? [i % 8] : []))).size, 5);
    const { credit, reserved } = await workers[0]!.balance(token);
    assert.equal(reserved, 5n * unit);
    assert.ok(credit >= reserved);
    // Once more is no second reservation.
    const kept = results.findIndex((short) => short === undefined);
    assert.equal(await workers[1]!.reserve(`page ${kept % 8}`, token, unit), undefined);
    assert.equal((await workers[0]!.balance(token)).reserved, 5n * unit);
  });

  it("are those of the token's terms, and a shortage says what to deposit", () => {
    const terms = { listed: true, stopped: false, scale: 4, feeBps: 0, deposit1: 50, deposit8: 75, deposit32: 150, bond1: 200, bond8: 250, bond32: 400 };
    assert.deepEqual([1, 2, 8, 9, 32].map((lots) => leastBond(terms, lots)), [
      { bond: 2_000_000n, deposit: 500_000n },
      { bond: 2_500_000n, deposit: 750_000n },
      { bond: 2_500_000n, deposit: 750_000n },
      { bond: 4_000_000n, deposit: 1_500_000n },
      { bond: 4_000_000n, deposit: 1_500_000n },
    ]);
    assert.match(shortage(seller, token, { credit: 3n, reserved: 2n }, 2n, undefined), /deposit 99 at the exchange/);
    assert.match(shortage(seller, token, { credit: 3n, reserved: 2n }, 2n, "10"), /deposit 9 at the exchange/);
    assert.match(shortage(seller, token, { credit: 0n, reserved: 5n }, 8n, "1"), /deposit 13 at the exchange/);
  });
});
