import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { purchaseOf, send } from "@qoodblock/sdk/client";
import { createDeliveryKey } from "@qoodblock/sdk/delivery";
import { eventIn } from "@qoodblock/sdk/client";
import { page } from "@qoodblock/sdk/market";
import { sealBatch } from "@qoodblock/sdk/sealing";
import { BOND, DEPOSIT, PRICE } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";
import { sealWith, spoiltLeaf } from "../e2e/dishonest.ts";
import { temporaryFolder } from "../support/folder.ts";
import { act } from "../workers/support/market.ts";
import { PAID, startDesk } from "./market.ts";
import type { Desk } from "./market.ts";
import { answerOf, linesOf, mistake, qood, start } from "./support.ts";
import type { Run } from "./support.ts";

const temporary = temporaryFolder();
const RECORDS = 20;
/** A window that no slow machine outlasts; the chain's clock is moved past it. */
const long = (): { complaintWindow: number } => ({ complaintWindow: 600 });

/** The one line of a mistake, and its code. */
function checkEnd(run: Run, code: string, words: RegExp): void {
  assert.equal(run.code, 1, run.stderr);
  const { error } = JSON.parse(run.stdout) as { error: { code: string; message: string } };
  assert.equal(error.code, code, error.message);
  assert.match(error.message, words);
  assert.equal(run.stderr.trimEnd().split("\n").at(-1), `qood: ${error.message}`);
}

describe("qood against a dishonest seller", { concurrency: 1 }, () => {
  let desk: Desk;
  let market: Market;
  let buyer: Hex;
  let tsp: Hex;
  const buying = (cid: string, folder: string, ...more: string[]): ReturnType<typeof start> => start(["--json", ...desk.at(), "buyer", "buy", ...desk.from(cid), "--out", temporary.path(folder), ...more]);
  const later = (seconds: number): Promise<unknown> => market.provider.send("evm_increaseTime", [seconds]);
  const shown = (id: string): Promise<unknown> => answerOf([...desk.at(), "deal", "show", id]);
  const move = (name: string, id: string, cid: string, ...more: string[]): string[] => [...desk.at(), "deal", name, id, cid, "--account", "buyer", "--peer", desk.peer, ...more];
  const refund = (id: string, ...more: string[]): string[] => [...desk.at(), "deal", "refund", id, "--account", "keeper", ...more];

  before(async () => {
    desk = await startDesk(temporary);
    market = desk.market;
    [buyer, tsp] = [market.accounts.buyer.address as Hex, market.accounts.tsp.address as Hex];
  });
  after(async () => {
    await desk.stop();
  });

  it("challenges a wrong key by itself and takes price, deposit and bond when it is not proven", async () => {
    const { batch, cid } = await market.sell({}, market.unproven);
    const shownOffer = (await answerOf([...desk.at(), "buyer", "show", ...desk.from(cid)])) as Record<string, unknown>;
    assert.deepEqual([shownOffer.price, shownOffer.deposit, shownOffer.bond, shownOffer.delivery], [String(PRICE), String(DEPOSIT), String(BOND), "with or without a proof"]);
    const [had, credit, standing] = [await desk.balance(), await desk.credit(buyer), await desk.credit(tsp)];
    const running = buying(cid, "slashed");
    await running.says(/paying 3000000 and a deposit of 500000 into escrow/);
    const id = (await running.says(PAID))[1]!;
    assert.equal(await desk.balance(), had - PRICE - DEPOSIT);
    await market.deliverUnproven(await desk.paid(id, cid), batch.k + 1n);
    await running.says(/page 0: the delivered key of lot 0 is not the one that its header commits to: challenged, the seller has until 20/);
    const held = { price: String(PRICE), deposit: String(DEPOSIT), bond: String(BOND) };
    const { pages: [first] } = (await shown(id)) as { pages: Record<string, unknown>[] };
    assert.match(String(first!.answerBy), /^20/);
    assert.deepEqual({ ...first, answerBy: "" }, { page: "0", lots: 1, state: "Challenged", ...held, answerBy: "", now: "anyone: answer with a proof; anyone: complain, with a wrong leaf; buyer: receipt; seller: concede" });
    // The seller cannot prove what it has delivered.
    await assert.rejects(market.answer(await desk.paid(id, cid), batch.k + 1n), { code: "REVERT" });
    await mistake(refund(id), "REVERT", /escrow\.refund: this is possible after 20.* only/);
    await later(601);
    checkEnd(await running.end, "DEAL_REFUNDED", /page 0 has been refunded: the seller could not prove the challenged key; 3500000 of price and deposit and the bond of 2000000 are credited to the buyer$/);
    assert.deepEqual([await desk.credit(buyer) - credit, standing - (await desk.credit(tsp))], [PRICE + DEPOSIT + BOND, BOND]);
    assert.deepEqual(readdirSync(temporary.path("slashed")), []);
    assert.deepEqual(await answerOf([...desk.at(), "income", "withdraw", "--account", "buyer", "--amount", "5500000"]).then((answer) => (answer as { amount: string }).amount), "5500000");
    assert.equal(await desk.balance(), had + BOND);
  });

  it("opens a right key without its proof and has the deposit back", async () => {
    const { batch, cid } = await market.sell({}, market.unproven);
    const credit = await desk.credit(buyer);
    const { id, run } = await desk.deliveredTo(buying(cid, "trusted"), cid, (paid) => market.deliverUnproven(paid, batch.k));
    assert.equal(run.code, 0, run.stderr);
    assert.equal((JSON.parse(run.stdout) as { records: number }).records, RECORDS);
    assert.equal((await market.client.reads.dealOf(id as Hex)).state, "Settled");
    assert.equal(await desk.credit(buyer), credit + DEPOSIT);
  });

  it("waits for an answer to its challenge, and takes one that is right", async () => {
    // A seller that delivers the right key and a buyer that challenges all the same: its deposit pays for the proof.
    const { batch, cid } = await market.sell({}, market.unproven);
    const running = buying(cid, "answered", "--no-challenge");
    const id = (await running.says(PAID))[1]!;
    running.child.kill("SIGKILL");
    await running.end;
    const paid = await desk.paid(id, cid);
    await market.deliverUnproven(paid, batch.k);
    await mistake(move("challenge", id, cid), "CHALLENGE_UNFOUNDED", /is the one that the headers commit to: a challenge would cost the deposit of 500000/);
    await act(market, market.accounts.buyer, market.client.calls.challenge(paid.terms, 0));
    await market.answer(paid, batch.k);
    const standing = await desk.credit(tsp);
    const run = await buying(cid, "answered").end;
    assert.equal(run.code, 0, run.stderr);
    assert.equal((await market.client.reads.dealOf(id as Hex)).state, "Settled");
    // The agent's quarter and the bond; the deposit was its own since the answer.
    assert.equal((await desk.credit(tsp)) - standing, PRICE / 4n + BOND);
  });

  it("leaves every move to a person who wants it so: --no-challenge, deal challenge, deal refund", async () => {
    const { batch, cid } = await market.sell({}, market.unproven);
    const { id, run } = await desk.deliveredTo(buying(cid, "by-hand", "--no-challenge"), cid, (paid) => market.deliverUnproven(paid, batch.k + 1n));
    checkEnd(run, "DELIVERY_WRONG_KEY", new RegExp(`can be challenged until 20.*: \`qood deal challenge ${id}\``));
    assert.ok(!existsSync(temporary.path("by-hand/records.csv")));
    await mistake(move("challenge", id, cid, "--account", "keeper"), "DEAL_OF_ANOTHER", /was bought by/);
    await mistake(move("challenge", id, cid, "--page", "1"), "DEAL_PAGE", /--page 1: the deal has pages 0 to 0/);
    await mistake(move("complain", id, cid), "DELIVERY_WRONG_KEY", /is not the one that its header commits to/);
    const challenged = linesOf((await qood(move("challenge", id, cid))).stdout);
    assert.deepEqual([challenged.dealId, challenged.page], [id, "0"]);
    await mistake(move("challenge", id, cid), "REVERT", /escrow\.challenge: the page is in state Challenged, in which this is not possible/);
    await later(601);
    const [refunded] = (await answerOf(refund(id))) as Record<string, unknown>[];
    assert.deepEqual({ ...refunded, transaction: "", gas: "" }, { dealId: id, page: 0, reason: "Unanswered", amount: String(PRICE + DEPOSIT), bond: String(BOND), transaction: "", gas: "" });
  });

  it("seals as the SDK does where nothing is to be wrong", () => {
    const honest = market.seal({ seal: (input) => {
      const [own, other] = [sealBatch(input), sealWith(input)];
      assert.equal(own.headerHash, other.headerHash);
      assert.deepEqual([Buffer.from(own.ciphertext), Buffer.from(own.dataHashes), Buffer.from(own.description)], [Buffer.from(other.ciphertext), Buffer.from(other.dataHashes), Buffer.from(other.description)]);
      return own;
    } });
    assert.ok(honest.sealed.leafCount > 0);
  });

  it("complains of a batch with a wrong leaf by itself; then nobody buys it, and who has bought it is refunded too", async () => {
    const { batch, cid, lot } = await market.sell({ seal: (input) => sealWith({ ...input, leafSize: 256 }, spoiltLeaf(1)) }, long);
    assert.ok(batch.sealed.leafCount > 2, String(batch.sealed.leafCount));
    // Somebody else has bought it before anyone knew.
    const { keyX, keyY } = await createDeliveryKey(market.accounts.buyer, false).then(({ publicKey }) => ({ keyX: publicKey[0], keyY: publicKey[1] }));
    const offer = (await desk.paid((await buyQuietly(cid)).id, cid)).checked.offer;
    const other = eventIn(market.client.deployment, "Bought", await send(market.accounts.buyer.connect(market.provider), market.client.calls.buy(purchaseOf(offer, { keyX, keyY, nonce: 77n }))))!.dealId;

    const [credit, standing] = [await desk.credit(buyer), await desk.credit(tsp)];
    const { id, run } = await desk.deliveredTo(buying(cid, "complained"), cid, (paid) => market.deliver(paid, batch.k));
    assert.match(run.stderr, new RegExp(`leaf 1 of the batch with header ${batch.sealed.headerHash} is not what it commits to: proving the key of its segment\nproven in \\d+\\.\\d s, complaining\n`));
    checkEnd(run, "BATCH_REFUNDED", /page 0 has been refunded: a leaf of the batch is not what its header commits to; 3000000 of price and deposit and the bond of 2000000 are credited to the buyer$/);
    assert.deepEqual([(await desk.credit(buyer)) - credit, standing - (await desk.credit(tsp))], [PRICE + BOND, BOND]);
    assert.equal((await market.client.reads.dealOf(id as Hex)).state, "Refunded");
    assert.deepEqual(await market.client.reads.markOf(batch.sealed.headerHash), { bad: true, reservedBy: `0x${"00".repeat(32)}` });
    assert.deepEqual(readdirSync(temporary.path("complained")), []);

    await mistake([...desk.at(), "buyer", "buy", ...desk.from(cid), "--out", temporary.path("never")], "LOT_BAD", /a complaint has shown that the batch with header 0x\w{64} is not what it commits to/);
    assert.ok(!existsSync(temporary.path("never")));
    assert.equal(lot.header.words.tsp, tsp);
    // Without the offer nobody knows the header; with it the money comes back before deliverBy.
    await mistake(refund(other), "REVERT", /this is possible after 20/);
    const [refunded] = (await answerOf(refund(other, "--offer", cid, "--peer", desk.peer))) as Record<string, unknown>[];
    assert.deepEqual({ ...refunded, transaction: "", gas: "" }, { dealId: other, page: 0, reason: "BadHeader", amount: String(PRICE), bond: "0", transaction: "", gas: "" });
  });

  /** A purchase whose buyer goes away as soon as it is paid. */
  async function buyQuietly(cid: string): Promise<{ id: string }> {
    const running = buying(cid, `quiet-${cid.slice(-8)}`);
    const id = (await running.says(PAID))[1]!;
    running.child.kill("SIGKILL");
    await running.end;
    return { id };
  }

  it("complains by hand, of what is wrong only", async () => {
    const bad = await market.sell({ seal: (input) => sealWith(input, spoiltLeaf(0)) }, market.unproven);
    const { id, run } = await desk.deliveredTo(buying(bad.cid, "held-back", "--no-complaint"), bad.cid, (paid) => market.deliverUnproven(paid, bad.batch.k));
    checkEnd(run, "DATA_HASH_MISMATCH", new RegExp(`leaf 0 .*; it can be complained of until 20.*: \`qood deal complain ${id}\``));
    const right = await market.sell({}, long);
    const quiet = await buyQuietly(right.cid);
    await mistake(move("complain", quiet.id, right.cid), "COMPLAINT_NO_DELIVERY", /nothing was delivered on the chain in deal/);
    await market.deliver(await desk.paid(quiet.id, right.cid), right.batch.k);
    await mistake(move("complain", quiet.id, right.cid), "COMPLAINT_UNFOUNDED", /^(qood: )?every leaf of the batch is what the header commits to: there is nothing to complain about$/);

    const complained = (await answerOf(move("complain", id, bad.cid))) as Record<string, unknown>;
    assert.deepEqual({ ...complained, transaction: "", gas: "" }, { dealId: id, page: 0, header: bad.batch.sealed.headerHash, leaf: 0, amount: String(PRICE + DEPOSIT), bond: String(BOND), transaction: "", gas: "" });
    await mistake(move("complain", id, bad.cid), "REVERT", /escrow\.complain: the page is in state Refunded, in which this is not possible/);

    // The right one is settled by anybody when its window is over, and not before.
    const settle = ["deal", "settle", quiet.id, right.cid, "--account", "keeper", "--peer", desk.peer];
    await mistake([...desk.at(), ...settle], "REVERT", /escrow\.settle: this is possible after 20.* only/);
    await later(601);
    const [settled] = (await answerOf([...desk.at(), ...settle])) as Record<string, unknown>[];
    assert.deepEqual({ ...settled, transaction: "", gas: "" }, { dealId: quiet.id, page: 0, owner: "1800000", oem: "300000", agent: "750000", storage: "150000", seller: "0", fee: "0", transaction: "", gas: "" });
  });

  it("accepts and rejects what an operator has reserved for it", async () => {
    const { accounts: { keeper }, client: { calls } } = market;
    await act(market, market.accounts.buyer, calls.setOperator(keeper.address as Hex, true));
    await act(market, market.accounts.buyer, calls.transferToken(market.client.deployment.addresses.qdd, keeper.address as Hex, 4n * PRICE));
    const deposited = (await answerOf([...desk.at(), "income", "deposit", "--account", "keeper", "--amount", String(3n * PRICE)])) as Record<string, unknown>;
    assert.deepEqual({ ...deposited, transaction: "", gas: "" }, { amount: String(3n * PRICE), for: keeper.address, credit: String(await desk.credit(keeper.address as Hex)), transaction: "", gas: "" });
    await mistake([...desk.at(), "income", "deposit", "--account", "penniless", "--amount", "1"], "BALANCE_TOO_LOW", /has 0 of token/);
    await mistake([...desk.at(), "income", "deposit", "--account", "keeper", "--amount", "1.5"], "USAGE", /--amount 1\.5 must be a whole number/);

    const key = await createDeliveryKey(market.accounts.buyer, false);
    const reserve = async (): Promise<{ id: Hex; cid: string; k: bigint }> => {
      const { cid, offer, batch } = await market.sell();
      const purchase = purchaseOf(offer, { keyX: key.publicKey[0], keyY: key.publicKey[1], nonce: BigInt(Date.now() % 2 ** 32) });
      const receipt = await send(keeper.connect(market.provider), calls.buyFor(purchase, buyer, 600));
      return { id: eventIn(market.client.deployment, "Bought", receipt)!.dealId, cid, k: batch.k };
    };
    const [taken, left] = [await reserve(), await reserve()];
    const { state, pages: [first] } = (await shown(taken.id)) as { state: string; pages: Record<string, unknown>[] };
    assert.deepEqual([state, first!.now], ["Reserved", "buyer: accept; buyer: reject"]);
    const out = temporary.path("reserved");
    await mistake([...desk.at(), "buyer", "open", taken.id, ...desk.from(taken.cid), "--out", out], "DEAL_RESERVED", /is reserved until 20.*: `qood deal accept` or `qood deal reject` it first/);
    await mistake([...desk.at(), "deal", "reject", taken.id, "--account", "keeper"], "REVERT", /escrow\.reject: 0x\w{40} is not the deal's buyer/);
    await answerOf([...desk.at(), "deal", "accept", taken.id, "--account", "buyer"]);
    await mistake([...desk.at(), "deal", "reject", taken.id, "--account", "buyer"], "REVERT", /not reserved, or accepted already/);
    await market.deliver(await desk.paid(taken.id, taken.cid), taken.k);
    assert.equal(((await answerOf([...desk.at(), "buyer", "open", taken.id, ...desk.from(taken.cid), "--out", out])) as { records: number }).records, RECORDS);

    const credit = await desk.credit(buyer);
    assert.equal(((await answerOf([...desk.at(), "deal", "reject", left.id, "--account", "buyer"])) as { amount: string }).amount, String(PRICE));
    assert.equal((await desk.credit(buyer)) - credit, PRICE);
    await mistake([...desk.at(), "buyer", "open", left.id, ...desk.from(left.cid), "--out", temporary.path("left")], "DEAL_CANCELLED", /was rejected by its buyer/);
  });

  it("opens several pages, each of several batches, and goes on with the others where one is wrong", async () => {
    const batches = [market.seal(), market.seal(), market.seal()];
    const lots = [];
    for (const batch of batches) lots.push(await market.lot(batch));
    const hashes = batches.map(({ sealed }) => sealed.headerHash);
    const order = { flags: 0, answerTime: 600, complaintWindow: 600, pages: [page(hashes.slice(0, 2), 2n * PRICE, 2_500_000n, DEPOSIT), page(hashes.slice(2), PRICE, BOND, DEPOSIT)] };
    const cid = await market.publish(await market.offer(lots, batches, order));
    const running = buying(cid, "pages");
    const id = (await running.says(PAID))[1]!;
    const paid = await desk.paid(id, cid);
    await market.deliver(paid, [batches[0]!.k, batches[1]!.k]);
    await market.deliverUnproven(paid, batches[2]!.k + 1n, 1);
    await running.says(/page 1: the delivered key of lot 0 .* challenged/);
    await later(601);
    checkEnd(await running.end, "DEAL_REFUNDED", /page 1 has been refunded: .*; the 40 records of the other pages are in .*records\.csv$/);
    assert.equal(readFileSync(`${temporary.path("pages")}/records.csv`, "utf8").trimEnd().split("\n").length, 41);
    const { state, pages } = (await shown(id)) as { state: string; pages: { state: string; lots: number }[] };
    assert.equal(state, "Settled, Refunded");
    assert.deepEqual(pages.map((each) => [each.lots, each.state]), [[2, "Settled"], [1, "Refunded"]]);
  });
});
