/** What can be bought at all, and what a purchase leaves behind. */
import { expect } from "chai";
import { ZeroAddress, ZeroHash } from "ethers";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { eventIn } from "../../../sdk/client/index.ts";
import { isOnCurve } from "../../../sdk/crypto/babyjub.ts";
import { buyersTree, dealId as idOf, type Extras, noExtras, orderHash, type Page, type SellOrder, sixPairs, totalPrice, versionDigest, versionTerms } from "../../../sdk/market/index.ts";
import { CHAIN_ID, DAY, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { ALL_OR_NOTHING, creditChanges, DEPOSIT, EXCLUSIVE, market, NO_COPY_KEPT, pageOver, PROVEN_ONLY, refused, RESALE, signOrder } from "../support/deal.ts";
import { agree, BOND, bought, BUYER_KEY, PRICE, purchase, STANDING } from "../support/world.ts";

const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const { time } = networkHelpers;

describe("Escrow, purchase", () => {
  it("opens a deal whose id is the hash of its terms, in one slot, for exactly the prices and deposits", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, reads, deployment, sold, words, agreement } = m;
    const { escrow, qdd } = deployment.addresses;
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    const two = { ...m.open, pages: [pageOver([words], { challengeDeposit: DEPOSIT }), pageOver([words], { price: 7_000_000n, challengeDeposit: 5n })] };
    const buying = await purchase(m, two, { nonce: 2n ** 48n - 1n });
    const receipt = await (await tx(who.buyer, calls.buy(buying))).wait();
    const at = await now();
    const event = eventIn(deployment, "Bought", receipt!)!;
    expect(event).to.deep.equal({
      dealId: idOf(CHAIN_ID, escrow, { order: two, sale: event.sale }),
      seller: who.at.tsp,
      buyer: who.at.buyer,
      orderHash: orderHash(CHAIN_ID, escrow, two),
      sale: {
        ...{ buyer: who.at.buyer, feeBps: 0, feeRecipient: ZeroAddress, priceBps: 10_000, partiesBps: 10_000, rightKey: ZeroHash },
        agreementDigest: versionDigest(agreement, 1, m.pinned),
        ...{ keyX: BUYER_KEY.publicKey[0], keyY: BUYER_KEY.publicKey[1], deliverBy: at + WINDOW, inspectBy: 0, nonce: 2n ** 48n - 1n },
      },
    });
    const { start } = await reads.versionOf(agreement, 1);
    expect(await reads.dealOf(event.dealId)).to.deep.equal({ state: "Funded", marks: 0, purchasedAt: at, versionStart: start, endsAt: 0, delivered: 0 });
    expect(await reads.balanceOf(qdd, escrow)).to.equal(STANDING + totalPrice(two));
    expect(totalPrice(two)).to.equal(PRICE + DEPOSIT + 7_000_000n + 5n);

    await tx(who.treasurer, calls.setToken(qdd, { ...(await reads.tokenTermsOf(qdd)), feeBps: 77 }));
    const { terms } = await bought(m, await purchase(m, sold));
    expect([terms.sale.feeBps, terms.sale.feeRecipient]).to.deep.equal([77, who.at.feeTaker]);
  });

  it("refuses each form that cannot be carried out", async () => {
    const { who, buy, sold, open } = await networkHelpers.loadFixture(market);
    const [p] = sold.pages as [Page];
    const forms: [Partial<SellOrder>, string, unknown[], SellOrder?][] = [
      [{ flags: 32 | PROVEN_ONLY }, "Escrow_UnknownFlags", [40]],
      [{ flags: 128 | PROVEN_ONLY }, "Escrow_UnknownFlags", [136]],
      [{ dataClass: 0 }, "Escrow_UnknownPair", [0, 1]],
      [{ dataClass: 4 }, "Escrow_UnknownPair", [4, 1]],
      [{ privacy: 0 }, "Escrow_UnknownPair", [2, 0]],
      [{ privacy: 3 }, "Escrow_UnknownPair", [2, 3]],
      [{ flags: ALL_OR_NOTHING }, "Escrow_FlagsDoNotFit", [1], open],
      [{ flags: EXCLUSIVE | PROVEN_ONLY }, "Escrow_FlagsDoNotFit", [12]],
      [{ flags: NO_COPY_KEPT }, "Escrow_FlagsDoNotFit", [16], open],
      [{ royaltyBps: 1 }, "Escrow_RoyaltyTooHigh", [1]],
      [{ royaltyBps: 10_001, flags: RESALE | PROVEN_ONLY }, "Escrow_RoyaltyTooHigh", [10_001]],
      [{ deliverTime: 9 }, "Escrow_WindowTooShort", [9, 10]],
      [{ deliverTime: 90 * DAY + 1 }, "Escrow_WindowTooLong", [90 * DAY + 1, 90 * DAY]],
      [{ complaintWindow: 9 }, "Escrow_WindowTooShort", [9, 10]],
      [{ complaintWindow: 90 * DAY + 1 }, "Escrow_WindowTooLong", [90 * DAY + 1, 90 * DAY]],
      [{ answerTime: 9 }, "Escrow_WindowTooShort", [9, 10], open],
      [{ answerTime: 90 * DAY + 1 }, "Escrow_WindowTooLong", [90 * DAY + 1, 90 * DAY], open],
      [{ answerTime: 0 }, "Escrow_WindowTooShort", [0, 10], open],
      [{ answerTime: 1 }, "Escrow_AnswerTimeWithoutChallenge", [1]],
      [{ pages: [] }, "Escrow_PageCount", [0]],
      [{ pages: Array<Page>(33).fill(p) }, "Escrow_PageCount", [33]],
      [{ pages: [{ ...p, lotCount: 0 }] }, "Escrow_LotCount", [0]],
      [{ pages: [p, { ...p, lotCount: 33 }] }, "Escrow_LotCount", [33]],
    ];
    for (const [change, error, args, base = sold] of forms) await refused(tx(who.buyer, await buy({ ...base, ...change })), error, ...args);
  });

  it("takes every form at its bounds", async () => {
    const { who, buy, sold, open } = await networkHelpers.loadFixture(market);
    const [p] = sold.pages as [Page];
    const cheap = { ...p, price: 2_000_000n };
    const forms: SellOrder[] = [
      { ...sold, flags: ALL_OR_NOTHING | PROVEN_ONLY },
      { ...sold, flags: EXCLUSIVE | NO_COPY_KEPT | PROVEN_ONLY, repeatable: false, nonce: 1n },
      { ...open, flags: EXCLUSIVE, repeatable: false, nonce: 2n },
      { ...sold, flags: RESALE | PROVEN_ONLY, royaltyBps: 10_000 },
      { ...open, flags: RESALE, royaltyBps: 0 },
      { ...open, deliverTime: 10, answerTime: 10, complaintWindow: 10 },
      { ...open, deliverTime: 90 * DAY, answerTime: 90 * DAY, complaintWindow: 90 * DAY },
      { ...sold, pages: Array<Page>(32).fill(cheap) },
      { ...sold, pages: [{ ...p, lotCount: 32, price: 64_000_000n }] },
      { ...sold, dataClass: 1 },
    ];
    for (const form of forms) await tx(who.buyer, await buy(form));
  });

  it("takes DISPUTED data as two all-or-nothing pages over the same lots only, the second for nothing, not to be resold", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, sold } = m;
    const text = { ...m.text, nonce: 1, pairs: sixPairs([{ dataClass: 3, privacy: 1, ownerBps: 5000, oemBps: 2500, agentBps: 2500, storageBps: 0 }]) };
    await agree(m, text);
    const [p] = sold.pages as [Page];
    const free = { ...p, price: 0n };
    const whole: SellOrder = { ...sold, version: 2, dataClass: 3, flags: ALL_OR_NOTHING | PROVEN_ONLY, pages: [p, free] };
    const buy = async (change: Partial<SellOrder>) => tx(who.buyer, await m.buy({ ...whole, ...change }, { agreement: versionTerms(text) }));
    for (const change of [
      { flags: PROVEN_ONLY },
      { flags: whole.flags | RESALE },
      { pages: [p] },
      { pages: [p, free, free] },
      { pages: [p, { ...free, lotsHash: ZeroHash as Hex }] },
      { pages: [p, { ...free, lotCount: 2 }] },
      { pages: [p, { ...free, price: 1n }] },
    ]) {
      await refused(buy(change), "Escrow_DisputedForm");
    }
    // The form is right; what is missing is the principals' word.
    await refused(buy({}), "Escrow_BelowFloor", 0, PRICE, 3_000_000);
  });

  it("takes listed tokens that are not stopped, at a fee that the seller accepts", async () => {
    const { who, calls, reads, buy, sold, deployment: { addresses: { qdd } } } = await networkHelpers.loadFixture(market);
    const terms = await reads.tokenTermsOf(qdd);
    await tx(who.guardian, calls.stopToken(qdd, true));
    await refused(tx(who.buyer, await buy()), "Escrow_TokenStopped", qdd);
    await tx(who.guardian, calls.stopToken(qdd, false));
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await tx(who.treasurer, calls.setToken(qdd, { ...terms, feeBps: 101 }));
    await refused(tx(who.buyer, await buy({ ...sold, maxFeeBps: 100 })), "Escrow_FeeTooHigh", 101, 100);
    await tx(who.buyer, await buy({ ...sold, maxFeeBps: 101 }));
    await tx(who.treasurer, calls.setToken(qdd, { ...terms, listed: false }));
    await refused(tx(who.buyer, await buy()), "Escrow_TokenNotListed", qdd);
  });

  it("F7: refuses delivery keys off the curve, not canonical, or of small order", async () => {
    const { who, buy, sold } = await networkHelpers.loadFixture(market);
    const [x, y] = BUYER_KEY.publicKey;
    // Order 1, 2, 4 and 8: the points that circomlib's curve has besides its large subgroup.
    const small: [bigint, bigint][] = [
      [0n, 1n],
      [0n, P - 1n],
      [2957874849018779266517920829765869116077630550401372566248359756137677864698n, 0n],
      [18930368022820495955728484915491405972470733850014661777449844430438130630919n, 0n],
    ];
    for (const point of small) expect(isOnCurve(point)).to.equal(true);
    for (const [keyX, keyY] of [...small, [x + P, y], [x, y + P], [x, y + 1n]] as [bigint, bigint][]) {
      await refused(tx(who.buyer, await buy(sold, { keyX, keyY })), "Escrow_BadDeliveryKey", keyX, keyY);
    }
  });

  it("takes exactly the delivery keys that circuit and SDK take, by the shared vectors", async () => {
    const { who, buy, sold } = await networkHelpers.loadFixture(market);
    const { vectors } = JSON.parse(readFileSync(join(import.meta.dirname, "../../vectors/buyer-keys.json"), "utf8")) as { vectors: { what: string; x: string; y: string; valid: boolean }[] };
    expect(vectors.some(({ valid }) => valid) && vectors.some(({ valid }) => !valid)).to.equal(true);
    for (const { what, x, y, valid } of vectors) {
      const call = await buy(sold, { keyX: BigInt(x), keyY: BigInt(y) });
      if (valid) expect((await who.buyer.call({ to: call.to, data: call.data })).length, what).to.equal(66);
      else await refused(tx(who.buyer, call), "Escrow_BadDeliveryKey", x, y);
    }
  });

  it("asks a deposit of a page no higher, and a bond no lower, than the token's terms say for its number of lots", async () => {
    const { who, calls, buy, sold, open, deployment: { addresses: { qdd } } } = await networkHelpers.loadFixture(market);
    const bounds = { exact: false, deposit1: 3, deposit8: 5, deposit32: 7, bond1: 11, bond8: 13, bond32: 17 };
    await tx(who.treasurer, calls.setToken(qdd, { listed: true, stopped: false, scale: 2, feeBps: 0, ...bounds }));
    const [p] = sold.pages as [Page];
    const good = { ...p, bond: 1100n };
    for (const [lots, most, least] of [[1, 300n, 1100n], [2, 500n, 1300n], [8, 500n, 1300n], [9, 700n, 1700n], [32, 700n, 1700n]] as const) {
      const page = { ...p, lotCount: lots, price: 2_000_000n * BigInt(lots), challengeDeposit: most, bond: least };
      await tx(who.buyer, await buy({ ...open, pages: [page] }, { nonce: BigInt(lots) }));
      await refused(tx(who.buyer, await buy({ ...open, pages: [good, { ...page, challengeDeposit: most + 1n }] })), "Escrow_DepositTooHigh", 1, most + 1n, most);
      await refused(tx(who.buyer, await buy({ ...open, pages: [good, good, { ...page, bond: least - 1n }] })), "Escrow_BondTooLow", 2, least - 1n, least);
    }
    // Where every delivery is proven there is nothing to challenge.
    await refused(tx(who.buyer, await buy({ ...sold, pages: [{ ...good, challengeDeposit: 1n }] })), "Escrow_DepositTooHigh", 0, 1, 0);
  });

  it("costs no more than the buyer has said, deposits included", async () => {
    const { who, buy, open } = await networkHelpers.loadFixture(market);
    const total = PRICE + DEPOSIT;
    await refused(tx(who.buyer, await buy(open, { maxTotal: total - 1n })), "Escrow_TooExpensive", total, total - 1n);
    await tx(who.buyer, await buy(open, { maxTotal: total }));
  });

  it("is for anyone, for the one that the order names, or for a list's members by their own path", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, buy, sold } = m;
    await refused(tx(who.buyer, await buy({ ...sold, buyer: who.at.owner })), "Escrow_NotForThisBuyer", who.at.buyer);
    await tx(who.buyer, await buy({ ...sold, buyer: who.at.buyer }));

    const list = buyersTree([who.at.owner, who.at.buyer, who.at.oem, who.at.tsp2, who.at.stranger]);
    const listed = { ...sold, buyersRoot: list.root };
    const extras = (buyerPath: Hex[]): { extras: Extras[] } => ({ extras: [{ ...noExtras(), buyerPath }] });
    await refused(tx(who.buyer, await buy(listed)), "Escrow_NotForThisBuyer", who.at.buyer);
    await refused(tx(who.buyer, await buy(listed, extras(list.pathOf(who.at.owner)))), "Escrow_NotForThisBuyer", who.at.buyer);
    await refused(tx(who.buyer, await buy(listed, extras([]))), "Escrow_NotForThisBuyer", who.at.buyer);
    await tx(who.buyer, await buy(listed, extras(list.pathOf(who.at.buyer))));
    // Who is in the list buys in its own name only: the path of one member does not serve another, who has no money here anyway.
    await refused(tx(who.feeTaker, calls.buy(await purchase(m, listed, extras(list.pathOf(who.at.stranger))))), "Escrow_NotForThisBuyer", who.at.feeTaker);
    // A list of one has the leaf for its root and an empty path.
    const alone = buyersTree([who.at.buyer]);
    await tx(who.buyer, await buy({ ...sold, buyersRoot: alone.root }, { ...extras([]), nonce: 3n }));
    // Both: named and listed.
    await refused(tx(who.buyer, await buy({ ...listed, buyer: who.at.owner }, extras(list.pathOf(who.at.buyer)))), "Escrow_NotForThisBuyer", who.at.buyer);
  });

  it("refuses the same terms in the same second, and takes them with another nonce", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, buy, reads, deployment } = m;
    const [first, second, third] = [await buy(), await buy(), await buy(undefined, { nonce: 2n })];
    const at = (await now()) + 5;
    await time.setNextBlockTimestamp(at);
    const receipt = await (await tx(who.buyer, first)).wait();
    const { dealId } = eventIn(deployment, "Bought", receipt!)!;
    await time.setNextBlockTimestamp(at);
    await refused(tx(who.buyer, second), "Escrow_DealExists", dealId);
    await time.setNextBlockTimestamp(at);
    await tx(who.buyer, third);
    expect(await reads.balanceOf(deployment.addresses.qdd, deployment.addresses.escrow)).to.equal(STANDING + 2n * PRICE);
    expect((await reads.dealOf(dealId)).state).to.equal("Funded");
  });

  it("touches no credit: what is bought by allowance leaves the standing balances alone", async () => {
    const { who, buy, open, ...m } = await networkHelpers.loadFixture(market);
    expect(await creditChanges({ who, ...m }, async () => tx(who.buyer, await buy(open)))).to.deep.equal({});
  });

  it("needs one signature of the seller over whole terms: bond and price are the order's, not the buyer's", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, sold } = m;
    const sellerSignature = await signOrder(m, "tsp", sold);
    const swapped = { ...sold, pages: [{ ...sold.pages[0]!, bond: BOND + 1n }] };
    await refused(tx(who.buyer, calls.buy(await purchase(m, swapped, { sellerSignature }))), "SellOrders_BadSellerSignature", who.at.tsp);
  });
});
