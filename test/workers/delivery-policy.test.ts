import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Redis } from "ioredis";
import { Registry } from "prom-client";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { DEAL_FLAGS } from "@qoodblock/sdk/market";
import type { Deal, Terms } from "@qoodblock/sdk/market";
import { createBonds, leastBond, shortage } from "../../workers/delivery/bonds.ts";
import type { DeliveryContext, Moment } from "../../workers/delivery/context.ts";
import { createDeliveryMetrics } from "../../workers/delivery/metrics.ts";
import { encodeDeal, NEW_PAGE, pageId } from "../../workers/delivery/deals.ts";
import { fallbackAt, lastDelivery, wayOf } from "../../workers/delivery/policy.ts";
import type { PolicySettings } from "../../workers/delivery/policy.ts";
import { servePage } from "../../workers/delivery/serve.ts";
import { proveDelivery } from "../../workers/prover/prove.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { closeRedis, connectRedis, keys } from "../../workers/shared/queue/index.ts";
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

describe("a page", () => {
  const word: Hex = `0x${"5".repeat(64)}`;
  const sold = { lotsHash: word, lotCount: 1, price: 1n, challengeDeposit: 0n, bond: 0n };
  const order: Terms["order"] = {
    ...{ seller: address(1), buyer: address(0), buyersRoot: word, token: address(2), maxFeeBps: 0, agreementId: 1n, version: 1, dataClass: 2, privacy: 1, flags: 0, royaltyBps: 0 },
    ...{ hook: address(0), hookCodeHash: word, pages: [sold], deliverTime: 10, answerTime: 10, complaintWindow: 10, repeatable: true, maxFills: 0, expiry: 1, nonce: 1n, legalHash: word },
  };
  const sale: Terms["sale"] = {
    ...{ buyer: address(3), feeBps: 0, feeRecipient: address(0), priceBps: 10_000, partiesBps: 10_000, rightKey: word, agreementDigest: `0x${"6".repeat(54)}` },
    ...{ keyX: 1n, keyY: 2n, deliverBy: 1000, inspectBy: 500, nonce: 1n },
  };
  const paid: Deal = { state: "Funded", marks: 0, purchasedAt: 400, versionStart: 1, endsAt: 0, delivered: 0 };

  it("is wrapped only when it is paid for good: final, not to be rejected, not to be refunded", async () => {
    const job = { terms: { order, sale }, page: 0, headers: [] };
    const refusal = async (deal: Deal, now: number, finalTime: number): Promise<string> => {
      const client = { reads: { pageOf: () => Promise.resolve({ dealId: word, key: word, deal }) } } as unknown as Client;
      const chain = { now: () => Promise.resolve(now), finalTime: () => Promise.resolve(finalTime) };
      const error = await proveDelivery({ vault: undefined as never, pool: undefined as never, client, chain }, job).catch((thrown: unknown) => thrown as Error);
      return (error as Error).message;
    };
    const passed = /does not sell these 0 batches/;
    assert.match(await refusal(paid, 600, 400), passed);
    assert.match(await refusal(paid, 600, 399), /its purchase is not final yet/);
    assert.match(await refusal(paid, 500, 450), /its buyer may still reject it/);
    assert.match(await refusal({ ...paid, marks: 1 }, 500, 450), passed);
    assert.match(await refusal(paid, 1001, 1000), /its buyer may take the money back/);
    for (const state of ["None", "DeliveredProven", "Settled", "Refunded", "Cancelled"] as const) assert.match(await refusal({ ...paid, state }, 600, 400), new RegExp(`the chain says ${state}`));
    for (const state of ["DeliveredUnproven", "Challenged"] as const) assert.match(await refusal({ ...paid, state }, 5000, 0), passed);
  });

  it("is over only when the chain has said so since a block that is final", async () => {
    const dir = mkdtempSync(join(tmpdir(), "qood-page-"));
    const engine = await testRedis(dir);
    const redis = connectRedis(engine.socket);
    const [prefix, id] = ["page", pageId(word, 0)];
    await redis.hset(keys.deals(prefix), word, encodeDeal({ dealId: word, orderHash: word, terms: { order, sale }, offer: "b", boughtBlock: 1 }));
    await redis.hset(keys.pages(prefix), id, JSON.stringify(NEW_PAGE));
    await redis.sadd(keys.openPages(prefix), id);
    let deal: Deal = { ...paid, state: "Settled" };
    const client = { reads: { pageOf: () => Promise.resolve({ dealId: word, key: word, deal }), creditOf: () => Promise.resolve(0n) } } as unknown as Client;
    const log = createLog({ name: "page", level: "fatal" });
    const bonds = createBonds(redis, prefix, client, address(1));
    const metrics = createDeliveryMetrics(new Registry(), { redis, prefix, bonds, token: address(2) });
    const context = { redis, prefix, client, chain: { pollMs: 50 }, bonds, metrics, lane: { look: () => Promise.resolve(undefined) }, settings: { retrySeconds: 1, settle: true, settleDelaySeconds: 0 }, log } as unknown as DeliveryContext;
    const at = (head: number): Moment => ({ now: 600, head, final: head - 10, finalTime: 590 });
    const isOpen = async (): Promise<boolean> => (await redis.sismember(keys.openPages(prefix), id)) === 1;

    // One node says that it is settled; the next knows better.
    assert.equal(typeof (await servePage(context, id, at(100))), "number");
    deal = { ...paid, state: "DeliveredUnproven", endsAt: 10_000 };
    assert.equal(typeof (await servePage(context, id, at(120))), "number");
    deal = { ...paid, state: "Settled" };
    assert.equal(typeof (await servePage(context, id, at(121))), "number");
    assert.equal(typeof (await servePage(context, id, at(130))), "number");
    assert.ok(await isOpen());
    assert.equal(await servePage(context, id, at(131)), undefined);
    assert.ok(!(await isOpen()));
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
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
    const terms = { listed: true, stopped: false, scale: 4, feeBps: 0, deposit1: 50, deposit8: 75, deposit32: 150, bond1: 200, bond8: 250, bond32: 400, exact: false };
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
