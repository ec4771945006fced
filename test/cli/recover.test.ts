import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { createDeliveryKey } from "@qoodblock/sdk/delivery";
import { PRICE } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startDesk } from "./market.ts";
import type { Desk } from "./market.ts";
import { answerOf, mistake } from "./support.ts";

const temporary = temporaryFolder();
type Row = Record<string, unknown>;
/** Four messages of five rows. */
const RECORDS = 20;

describe("qood buyer recover", { concurrency: 1 }, () => {
  let desk: Desk;
  let market: Market;
  const out = temporary.path("recovered");
  const recover = (...more: string[]): string[] => [...desk.at(), "buyer", "recover", "--account", "buyer", ...more];

  before(async () => {
    desk = await startDesk(temporary);
    market = desk.market;
  });
  after(async () => {
    await desk.stop();
  });

  it("finds every purchase by the account alone, and opens those whose offers are named", async () => {
    assert.deepEqual(await answerOf(recover()), []);
    const key = await createDeliveryKey(market.accounts.buyer, false);
    const [first, second, third] = [await market.sell(), await market.sell(), await market.sell()];
    const [paid, waiting, foreign] = [await market.purchase(first.cid, key), await market.purchase(second.cid, key), await market.purchase(third.cid)];
    await market.deliver(paid, first.batch.k);
    await market.deliver(foreign, third.batch.k);

    const found = (await answerOf(recover())) as Row[];
    const about = found.map(({ dealId, seller, price, state, key: whose, delivered, csv }) => [dealId, seller, price, state, whose, delivered, csv]);
    const row = (dealId: string, ...rest: unknown[]): unknown[] => [dealId, market.accounts.tsp.address, String(PRICE), ...rest, null];
    assert.deepEqual(about, [
      row(paid.dealId, "DeliveredProven", "own", "1 of 1"),
      row(waiting.dealId, "Funded", "own", "0 of 1"),
      // Bought for a random key: the account cannot make it again.
      row(foreign.dealId, "DeliveredProven", "another", "1 of 1"),
    ]);
    assert.deepEqual(await answerOf([...desk.at(), "buyer", "recover", "--account", "keeper"]), []);

    const offers = [first, second, third].flatMap(({ cid }) => ["--offer", cid]);
    await mistake(recover(...offers), "OPTION_MISSING", /--out FOLDER is needed/);
    const opened = (await answerOf(recover(...offers, "--peer", desk.peer, "--out", out))) as Row[];
    assert.deepEqual(opened.map(({ records, failure }) => [records, failure]), [[RECORDS, null], [null, null], [null, null]]);
    const csv = `${out}/${paid.dealId}/records.csv`;
    assert.deepEqual([opened[0]!.csv, readFileSync(csv, "utf8").trimEnd().split("\n").length], [csv, RECORDS + 1]);

    // Again, after all was lost: the deal is settled by then, and opens all the same.
    rmSync(out, { recursive: true });
    const again = (await answerOf(recover("--offer", first.cid, "--peer", desk.peer, "--out", out))) as Row[];
    assert.deepEqual([again[0]!.state, again[0]!.records, again[0]!.failure], ["Settled", RECORDS, null]);
  });

  it("tells in its row of a deal that cannot be opened", async () => {
    const key = await createDeliveryKey(market.accounts.buyer, false);
    const { cid, batch } = await market.sell();
    await market.deliver(await market.purchase(cid, key), batch.k);
    const found = (await answerOf(recover("--offer", cid, "--peer", desk.peer, "--out", temporary.file("taken", "")))) as Row[];
    assert.match(String(found.at(-1)!.failure), /^FILE_UNWRITABLE: /);
    assert.ok(found.slice(0, -1).every(({ failure }) => failure === null));
  });
});
