/** A purchase is killed at every step and started again by the same command: it is paid once, and ends as if nothing had happened. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createDeliveryKey } from "@qoodblock/sdk/delivery";
import { readEvents } from "@qoodblock/sdk/client";
import { checkOffer, sendPurchase, signPurchase } from "@qoodblock/sdk/purchase";
import type { SignedPurchase } from "@qoodblock/sdk/purchase";
import { readNote, writeNote } from "../../cli/flows/buyer/note.ts";
import type { PurchaseNote } from "../../cli/flows/buyer/note.ts";
import { PRICE } from "../e2e/market.ts";
import type { Batch, Market } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { act } from "../workers/support/market.ts";
import { PAID, startDesk } from "./market.ts";
import type { Desk } from "./market.ts";
import { mistake, start } from "./support.ts";
import type { Running } from "./support.ts";

const temporary = temporaryFolder();
const RECORDS = 20;

describe("qood buyer buy, killed and started again", { concurrency: 1 }, () => {
  let desk: Desk;
  let market: Market;
  let buyer: Hex;
  const buying = (cid: string, folder: string): Running => start(["--json", ...desk.at(), "buyer", "buy", ...desk.from(cid), "--out", temporary.path(folder)]);

  before(async () => {
    desk = await startDesk(temporary);
    market = desk.market;
    buyer = market.accounts.buyer.address as Hex;
  });
  after(async () => {
    await desk.stop();
  });

  async function kill(running: Running): Promise<void> {
    running.child.kill("SIGKILL");
    assert.equal((await running.end).signal, "SIGKILL");
  }
  const purchases = async (from: number): Promise<number> => (await readEvents(market.client.deployment, market.provider, "Bought", { fromBlock: from, toBlock: "latest", indexed: [null, null, buyer] })).length;

  /** From here on all goes well; the price was taken once, whatever happened before. */
  async function endsWell(folder: string, { batch, cid }: { batch: Batch; cid: string }, had: bigint, block: number): Promise<void> {
    const running = buying(cid, folder);
    const id = (await running.says(PAID))[1]!;
    if ((await market.client.reads.dealOf(id as Hex)).state === "Funded") await market.deliver(await desk.paid(id, cid), batch.k);
    const run = await running.end;
    assert.equal(run.code, 0, run.stderr);
    assert.equal((JSON.parse(run.stdout) as { dealId: string; records: number }).records, RECORDS);
    assert.equal(readFileSync(`${temporary.path(folder)}/records.csv`, "utf8").trimEnd().split("\n").length, RECORDS + 1);
    assert.deepEqual(readdirSync(temporary.path(folder)), ["records.csv"]);
    assert.equal((await market.client.reads.dealOf(id as Hex)).state, "Settled");
    assert.equal(had - (await desk.balance()), PRICE);
    assert.equal(await purchases(block), 1);
  }

  /** What a run has noted that was killed after signing: sent or not. */
  async function signed(folder: string, cid: string): Promise<SignedPurchase> {
    const { chainId, addresses } = market.client.deployment;
    const checked = await checkOffer(market.buyer, cid, [desk.peer]);
    const { approve: _approve, ...transaction } = await signPurchase(market.buyer, checked, await createDeliveryKey(market.accounts.buyer, false));
    const note: PurchaseNote = { format: "qood/purchase/v1", chainId, exchange: addresses.escrow, account: buyer, offer: cid, transaction, deal: null };
    writeNote(temporary.path(folder), note);
    assert.deepEqual(readNote(temporary.path(folder)), note);
    return transaction;
  }
  const begin = async (): Promise<[bigint, number]> => [await desk.balance(), await market.provider.getBlockNumber()];

  it("while it fetches, and as soon as it has paid", async () => {
    const what = await market.sell();
    const [had, block] = await begin();
    for (const moment of [/^fetching/m, /every check passed/, PAID]) {
      const running = buying(what.cid, "early");
      await running.says(moment);
      await kill(running);
    }
    await endsWell("early", what, had, block);
  });

  it("while it waits, and after the delivery before it has opened it", async () => {
    const what = await market.sell();
    const [had, block] = await begin();
    const running = buying(what.cid, "waiting");
    const id = (await running.says(PAID))[1]!;
    await kill(running);
    await market.deliver(await desk.paid(id, what.cid), what.batch.k);
    const again = buying(what.cid, "waiting");
    await again.says(PAID);
    await kill(again);
    await endsWell("waiting", what, had, block);
  });

  it("between signing and sending: what was signed is sent, and nothing else", async () => {
    const what = await market.sell();
    const [had, block] = await begin();
    const { hash } = await signed("unsent", what.cid);
    assert.equal(await market.provider.getTransaction(hash), null);
    await endsWell("unsent", what, had, block);
    assert.ok((await market.provider.getTransactionReceipt(hash))!.blockNumber > block);
  });

  it("between sending and hearing of it", async () => {
    const what = await market.sell();
    const [had, block] = await begin();
    await sendPurchase(market.buyer, await signed("unheard", what.cid));
    await endsWell("unheard", what, had, block);
  });

  it("with another transaction of the account in its place: it buys anew", async () => {
    const what = await market.sell();
    const { nonce } = await signed("replaced", what.cid);
    await (await market.accounts.buyer.connect(market.provider).sendTransaction({ to: buyer, nonce })).wait();
    const [had, block] = await begin();
    await endsWell("replaced", what, had, block);
  });

  it("with a purchase that came too late for the exchange: nothing is taken, and the second try says why", async () => {
    const what = await market.sell();
    const { hash } = await signed("cancelled", what.cid);
    await act(market, market.accounts.tsp, market.client.calls.cancelOrder(what.offer.order.nonce));
    const had = await desk.balance();
    await mistake([...desk.at(), "buyer", "buy", ...desk.from(what.cid), "--out", temporary.path("cancelled")], "REVERT", /escrow\.buy: the order was cancelled or bought already/);
    assert.equal((await market.provider.getTransactionReceipt(hash))!.status, 0);
    assert.deepEqual(readdirSync(temporary.path("cancelled")), []);
    assert.equal(await desk.balance(), had);
  });

  it("with a note that nobody can read, or of something else", async () => {
    const what = await market.sell();
    const folder = temporary.path("torn");
    mkdirSync(folder);
    writeFileSync(`${folder}/purchase.json`, '{"format":"qood/purch');
    await mistake([...desk.at(), "buyer", "buy", ...desk.from(what.cid), "--out", folder], "PURCHASE_NOTE", /purchase\.json is no note of a purchase/);
    await signed("keeper", what.cid);
    await mistake([...desk.at(), "buyer", "buy", ...desk.from(what.cid, "keeper"), "--out", temporary.path("keeper")], "PURCHASE_OF_ANOTHER", /holds the unfinished purchase of offer/);
    assert.ok(existsSync(`${temporary.path("keeper")}/purchase.json`));
  });
});
