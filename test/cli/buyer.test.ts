import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { BOND, PRICE } from "../e2e/market.ts";
import type { Batch, Market } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { START, goodRow } from "../workers/support/fleet.ts";
import { act } from "../workers/support/market.ts";
import { PAID, startDesk } from "./market.ts";
import type { Desk } from "./market.ts";
import { answerOf, linesOf, mistake, plainMistake, qood, start } from "./support.ts";
import type { Run, Running } from "./support.ts";

const temporary = temporaryFolder();
const deployment = temporary.path("deployment.json");
/** Four messages of five rows. */
const RECORDS = 20;

describe("qood buyer, deal and income on a market", { concurrency: 1 }, () => {
  let desk: Desk;
  let market: Market;
  let at: Desk["at"];
  let from: Desk["from"];
  let balance: Desk["balance"];
  let sold: { batch: Batch; cid: string };

  /** The key for a deal that somebody waits for, as the TSP's worker gives it. */
  const deliveredTo = (running: Running, { batch, cid }: typeof sold): Promise<{ id: string; run: Run }> => desk.deliveredTo(running, cid, (paid) => market.deliver(paid, batch.k));
  /** The records in the order in which the car made them, from second `second` of its drive on. */
  function checkCsv(folder: string, what: typeof sold): void {
    const lines = readFileSync(`${folder}/records.csv`, "utf8").trimEnd().split("\n");
    assert.equal(lines.length, RECORDS + 1);
    assert.match(lines[0]!, /^Vehicle\.QoodBlock\.Time \[iso8601\],/);
    const first = what.batch.sealed.header.rest.firstTime;
    assert.ok(first >= START);
    lines.slice(1).forEach((line, i) => {
      assert.ok(line.startsWith(`${new Date(first + i * 1000).toISOString()},`), line);
      assert.equal(line.split(",").length, goodRow(first).length);
    });
    assert.deepEqual(readdirSync(folder).filter((name) => !name.startsWith("records.")), []);
  }

  before(async () => {
    desk = await startDesk(temporary);
    ({ market, at, from, balance } = desk);
    sold = await market.sell();
  });
  after(async () => {
    await desk.stop();
  });

  it("buy --dry-run makes every check, tells what it would cost, and pays nothing", async () => {
    const had = await balance();
    const { buyer } = market.accounts;
    const nonce = await market.provider.getTransactionCount(buyer.address);
    const { address } = buyer;
    const { qdd } = market.client.deployment.addresses;
    const out = temporary.path("dry");
    const told = async (): Promise<string[]> => {
      const tried = (await answerOf([...at(), "buyer", "buy", ...from(sold.cid), "--out", out, "--dry-run"])) as Record<string, string> | Record<string, string>[];
      assert.ok([tried].flat().every(({ gas }) => Number(gas) > 21_000));
      return [tried].flat().map(({ dryRun }) => dryRun!);
    };
    assert.deepEqual(await told(), ["escrow.buy"]);
    assert.deepEqual([await balance(), await market.provider.getTransactionCount(address), existsSync(out)], [had, nonce, false]);
    // Where the exchange may not pull yet, the purchase is tried on what the approval leaves.
    const allowed = await market.client.reads.allowance(qdd, address as Hex);
    await act(market, buyer, market.client.calls.approve(qdd, 0n));
    assert.deepEqual(await told(), ["qdd.approve", "escrow.buy"]);
    await act(market, buyer, market.client.calls.approve(qdd, allowed));
  });

  it("show checks an offer and pays nothing", async () => {
    const had = await balance();
    const rest = sold.batch.sealed.header.rest;
    const expected = {
      ...{ cid: sold.cid, seller: market.accounts.tsp.address, token: market.client.deployment.addresses.qdd, price: String(PRICE), deposit: "0", bond: String(BOND), pages: 1, lots: 1, records: RECORDS },
      ...{ class: "USER", privacy: "ORDINARY", origin: "DEVICE_SIGNED", schema: "carobd@1", from: new Date(rest.firstTime).toISOString(), to: new Date(rest.lastTime).toISOString(), delivery: "with a proof" },
    };
    const shown = (await answerOf([...at(), "buyer", "show", ...from(sold.cid)])) as Record<string, unknown>;
    assert.deepEqual({ ...shown, schema: String(shown.schema).toLowerCase() }, { ...expected, expires: "2096-10-02T07:06:40.000Z" });
    const people = linesOf((await qood([...at(), "buyer", "show", ...from(sold.cid)])).stdout);
    assert.deepEqual(people, Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, String(value)])));
    assert.equal(await balance(), had);
  });

  it("buy pays, waits, opens and signs the receipt; the parties withdraw", async () => {
    const out = temporary.path("bought");
    const had = await balance();
    const { id, run } = await deliveredTo(start(["--json", ...at(), "buyer", "buy", ...from(sold.cid), "--out", out]), sold);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(JSON.parse(run.stdout), { dealId: id, records: RECORDS, csv: `${out}/records.csv`, geoJson: false });
    checkCsv(out, sold);
    assert.equal(had - (await balance()), PRICE);
    const deal = (await answerOf([...at(), "deal", "show", id])) as Record<string, unknown> & { pages: Record<string, unknown>[] };
    assert.deepEqual([deal.dealId, deal.state, deal.buyer, deal.seller, deal.price], [id, "Settled", market.accounts.buyer.address, market.accounts.tsp.address, "0"]);
    assert.deepEqual({ ...deal.pages[0], windowEnds: "" }, { page: "0", lots: 1, state: "Settled", price: "0", deposit: "0", bond: "0", windowEnds: "", now: "" });
    for (const time of [deal.purchased, deal.deliverBy, deal.pages[0]!.windowEnds]) assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);

    const token = market.client.deployment.addresses.qdd;
    const { owner, keeper, oem } = market.accounts;
    assert.deepEqual(await answerOf([...at(), "income", "show", "--account", "owner"], {}), { account: owner.address, token, credit: String((PRICE * 6000n) / 10_000n), holds: "0" });
    const paidOut = (await answerOf([...at(), "income", "withdraw", "--account", "owner"])) as Record<string, string>;
    assert.deepEqual([paidOut.amount, paidOut.to], ["1800000", owner.address]);
    assert.match(paidOut.transaction!, /^0x[0-9a-f]{64}$/);
    assert.ok(Number(paidOut.gas) > 21_000);
    assert.equal(await market.client.reads.balanceOf(token, owner.address as Hex), 1_800_000n);
    // To another address, and for people.
    const people = linesOf((await qood([...at(), "income", "withdraw", "--account", "oem", "--to", keeper.address])).stdout);
    assert.deepEqual([people.amount, people.to], ["300000", keeper.address]);
    assert.equal(await market.client.reads.balanceOf(token, keeper.address as Hex), 300_000n);
    assert.equal(await market.client.reads.balanceOf(token, oem.address as Hex), 0n);

    await mistake([...at(), "income", "withdraw", "--account", "owner"], "NO_CREDIT", /has no credit to withdraw/);
    await mistake([...at(), "income", "withdraw", "--account", "tsp", "--to", keeper.address.replace(/[a-f]/, (c) => c.toUpperCase())], "ADDRESS", /wrong checksum/);
    await mistake([...at(), "income", "withdraw", "--account", "tsp", "--to", `0x${"00".repeat(20)}`], "REVERT", /cannot be paid to the zero address/);
    await mistake([...at(), "buyer", "buy", ...from(sold.cid), "--out", out], "FILE_EXISTS", /records\.csv exists already/);
    assert.equal(had - (await balance()), PRICE);
  });

  it("Ctrl-C while buy waits ends it at once and leaves no file; open finishes the purchase", async () => {
    const what = await market.sell();
    const out = temporary.path("resumed");
    const running = start([...at(), "buyer", "buy", ...from(what.cid), "--out", out]);
    const id = (await running.says(PAID))[1]!;
    running.child.kill("SIGINT");
    // It waits for a key that nobody delivers before it has ended.
    const stopped = await running.end;
    assert.equal(stopped.signal, "SIGINT");
    assert.equal(stopped.stdout, "");
    // Nothing but the note of the purchase.
    assert.deepEqual(readdirSync(out), ["purchase.json"]);
    const { state, pages } = (await answerOf([...at(), "deal", "show", id])) as { state: string; pages: Record<string, unknown>[] };
    assert.equal(state, "Funded");
    assert.deepEqual(pages, [{ page: "0", lots: 1, state: "Funded", price: String(PRICE), deposit: "0", bond: "0", windowEnds: null, now: "anyone: deliver with a proof; buyer: receipt; seller: concede" }]);

    await mistake([...at(), "buyer", "open", id, ...from(what.cid, "keeper"), "--out", out], "DEAL_OF_ANOTHER", /was bought by/);
    await mistake([...at(), "buyer", "open", id, ...from(sold.cid), "--out", out], "OFFER_OF_ANOTHER_DEAL", /not the one that the deal was made from/);
    await mistake([...at(), "buyer", "buy", ...from(sold.cid), "--out", out], "PURCHASE_OF_ANOTHER", /holds the unfinished purchase of offer b[a-z2-7]+ by 0x/);
    // It waits as buy does, and goes on when the key comes.
    const opened = temporary.path("opened");
    const { run } = await deliveredTo(start([...at(), "buyer", "open", id, ...from(what.cid), "--out", opened]), what);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(linesOf(run.stdout), { dealId: id, records: String(RECORDS), csv: `${opened}/records.csv`, geoJson: "false" });
    checkCsv(opened, what);
    assert.equal((await market.client.reads.dealOf(id as Hex)).state, "Settled");
    // So does the command that was stopped: it pays nothing and settles nothing again.
    const had = await balance();
    assert.equal(((await answerOf([...at(), "buyer", "buy", ...from(what.cid), "--out", out])) as { dealId: string }).dealId, id);
    checkCsv(out, what);
    assert.equal(await balance(), had);
  });

  it("says before paying what is wrong", async () => {
    const had = await balance();
    const out = temporary.path("nothing");
    const signature: Hex = `0x${"11".repeat(65)}`;
    const batch = market.seal();
    const forged = { ...(await market.offer(await market.lot(batch), batch)), signature };
    const cid = await market.publish(forged);
    await mistake([...at(), "buyer", "show", ...from(cid)], "OFFER_SIGNATURE", /not signed by its seller/);
    const buy = (account = "buyer", where = out): string[] => ["buyer", "buy", ...from(sold.cid, account), "--out", where];
    await mistake([...at(), ...buy("oem")], "BALANCE_TOO_LOW", /the price is 3000000 of token .* and account .* has 0/);
    await mistake([...at(), ...buy("nobody")], "ACCOUNT_UNKNOWN", /no account nobody/);
    await mistake([...at(), ...buy("buyer", deployment)], "FILE_UNWRITABLE", /cannot be written into .*deployment\.json \(ENOTDIR\)/);
    await mistake([...at({ storage: temporary.path("none.sock") }), ...buy()], "STORAGE_UNREACHABLE", /none\.sock does not answer/);
    await mistake([...at({ storage: "https://x" }), ...buy()], "USAGE", /neither an http:\/\/ URL nor the path/);
    await mistake([...at(), "buyer", "show", "bafy", "--account", "buyer"], "STORAGE_CID", /bafy/);
    await mistake([...at(), "buyer", "show", sold.cid, "--account", "buyer", "--peer", "nowhere"], "STORAGE_UNREACHABLE", /nowhere cannot be reached/);
    await plainMistake([...at(), "buyer", "buy", sold.cid, "--account", "buyer"], /required option '--out <folder>'/);
    assert.ok(!existsSync(out));
    assert.equal(await balance(), had);
  });

  it("says what is wrong with chain, deployment and deal", async () => {
    const show = ["deal", "show", `0x${"11".repeat(32)}`];
    const other = (text: string): string => temporary.file("other.json", text);
    await mistake([...at(), ...show], "DEAL_UNKNOWN", /there is no deal 0x1111/);
    await mistake([...at(), "deal", "show", "0x11"], "DEAL_ID", /"0x11" is no deal id/);
    await mistake([...at({ rpc: "http://127.0.0.1:1" }), ...show], "RPC_UNREACHABLE", /no node answers at http:\/\/127\.0\.0\.1:1/);
    await mistake([...at({ rpc: "nonsense" }), ...show], "RPC_UNREACHABLE", /no node answers at nonsense/);
    await mistake([...at({ deployment: other(JSON.stringify({ ...desk.described(), chainId: 1 })) }), ...show], "WRONG_CHAIN", /is of chain 31337 and the deployment of chain 1/);
    await mistake([...at({ deployment: other("{") }), ...show], "FILE_NOT_JSON", /other\.json is not JSON/);
    await mistake([...at({ deployment: other("{}") }), ...show], "BAD_DEPLOYMENT", /format/);
    await mistake([...at({ deployment: temporary.path("none.json") }), ...show], "FILE_UNREADABLE", /none\.json cannot be read \(ENOENT\)/);
    await plainMistake(["--rpc", "http://127.0.0.1:1", ...show], /--deployment FILE is needed/);
    await plainMistake(["--deployment", deployment, ...show], /--rpc URL is needed/);
  });

  it("refund gives the price back, not before deliverBy", async () => {
    const what = await market.sell();
    const running = start(["--json", ...at(), "buyer", "buy", ...from(what.cid), "--out", temporary.path("late")]);
    const id = (await running.says(PAID))[1]!;
    const { deliverBy } = (await answerOf([...at(), "deal", "show", id])) as { deliverBy: string };
    await mistake([...at(), "deal", "refund", id, "--account", "buyer"], "REVERT", new RegExp(`escrow\\.refund: this is possible after ${deliverBy.replace(".000", "")} only`));
    await market.provider.send("evm_increaseTime", [700]);
    // Who waits is told, and how to have the price back.
    const run = await running.end;
    assert.equal(run.code, 1);
    assert.equal((JSON.parse(run.stdout) as { error: { code: string } }).error.code, "DELIVERY_LATE");
    assert.match(run.stderr, new RegExp(`refund of deal ${id}\n$`));
    assert.deepEqual(readdirSync(temporary.path("late")), ["purchase.json"]);

    await mistake([...at(), "deal", "refund", id, "--account", "penniless"], "CHAIN_CALL_FAILED", /escrow\.refund: .*insufficient funds/i);
    const tried = (await answerOf([...at(), "deal", "refund", id, "--account", "keeper", "--dry-run"])) as Record<string, string>;
    assert.equal(tried.dryRun, "escrow.refund");
    assert.ok(Number(tried.gas) > 21_000 && Number(tried.cost) > 0);
    assert.equal(((await answerOf([...at(), "deal", "show", id])) as { state: string }).state, "Funded");
    const [refund, ...more] = (await answerOf([...at(), "deal", "refund", id, "--account", "keeper"])) as Record<string, string>[];
    assert.deepEqual(more, []);
    assert.deepEqual({ ...refund, transaction: "", gas: "" }, { dealId: id, page: 0, reason: "Late", amount: String(PRICE), bond: "0", transaction: "", gas: "" });
    assert.equal(((await answerOf([...at(), "deal", "show", id])) as { state: string }).state, "Refunded");
    assert.equal(((await answerOf([...at(), "income", "show", "--account", "buyer"])) as { credit: string }).credit, String(PRICE));
    await mistake([...at(), "deal", "refund", id, "--account", "keeper"], "REVERT", /is in state Refunded, in which this is not possible/);
    const words = /page 0 has been refunded: nothing was delivered in time; 3000000 of price and deposit are credited to the buyer/;
    await mistake([...at(), "buyer", "open", id, ...from(what.cid), "--out", temporary.path("late")], "DEAL_REFUNDED", words);
    await mistake([...at(), "buyer", "buy", ...from(what.cid), "--out", temporary.path("late")], "DEAL_REFUNDED", words);
    assert.deepEqual(readdirSync(temporary.path("late")), []);
  });
});
