/** Purchases by rule: each thing that a rule says is a guard, and each has its exact error. */
import { expect } from "chai";
import { concat, keccak256, type TransactionReceipt, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { eventIn } from "../../../sdk/client/index.ts";
import { sellOrderData, signTypedData } from "../../../sdk/eip712/index.ts";
import { anchorRoot, encodeRest } from "../../../sdk/formats/index.ts";
import { type BuyOrder, buyersTree, noExtras, type OfferedLot, originBits, type SellOrder } from "../../../sdk/market/index.ts";
import { networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { creditChanges, EXCLUSIVE, pageOver, PROVEN_ONLY, refused, RESALE, signReceipt } from "../support/deal.ts";
import { BUDGET, buying, type Buying, filling, FIRST, headerHash, INSPECT, LAST, mined, opened, placed, text32, type WholeLot, wholeLot } from "../support/orders.ts";
import { BUYER_KEY, hash, order, PRICE, purchase } from "../support/world.ts";

const [DEVICE_SIGNED, DEVICE_SEALED, TSP_ATTESTED] = [2n, 4n, 0n];

/** Places an order with a change and tries to fill it. */
async function trying(b: Buying, wanted: Partial<BuyOrder>, lots: readonly WholeLot[] = [b.whole], change: Parameters<typeof filling>[2] = {}) {
  await tx(b.who.buyer, b.calls.placeBuyOrder({ ...b.wanted, ...wanted }, BUDGET));
  return tx(b.who.stranger, (await filling(b, lots, { ...change, wanted })).call);
}

describe("Purchases by rule", () => {
  it("F10: reserve what fits, whoever brings it, out of the order's money", async () => {
    const b = await networkHelpers.loadFixture(placed);
    const { call, sold } = await filling(b);
    let done!: TransactionReceipt;
    expect(await creditChanges(b, async () => (done = await mined(b.who.stranger, call)))).to.deep.equal({});
    const deal = eventIn(b.deployment, "Bought", done)!;
    expect(eventIn(b.deployment, "BuyOrderFilled", done)).to.deep.equal({ id: b.id(b.wanted), dealId: deal.dealId, seller: b.who.at.tsp, spent: PRICE, lots: 1 });
    expect([deal.buyer, deal.sale.inspectBy, deal.sale.deliverBy]).to.deep.equal([b.who.at.buyer, (await now()) + INSPECT, (await now()) + INSPECT + WINDOW]);
    expect((await b.reads.buyOrderOf(b.id(b.wanted))).left).to.equal(BUDGET - PRICE);
    expect(await b.reads.wasTaken(b.id(b.wanted), headerHash(b.whole))).to.equal(true);
    // Nothing leaves the seller before the inspection is over.
    await networkHelpers.time.setNextBlockTimestamp(deal.sale.inspectBy);
    const early = b.calls.deliverUnproven({ order: sold, sale: deal.sale }, 0, { lots: [b.whole.lot], formers: [] }, [1n, 2n], [3n]);
    await refused(tx(b.who.tsp, early), "Escrow_Reserved", deal.sale.inspectBy, deal.sale.inspectBy);
  });

  it("need a rule, an open order and its deadline ahead", async () => {
    const b = await networkHelpers.loadFixture(placed);
    const { call } = await filling(b);
    const silent = { inspectTime: 0, nonce: 2n };
    await refused(trying(b, silent), "BuyOrders_NoRule", b.id({ ...b.wanted, ...silent }));
    await refused(tx(b.who.stranger, (await filling(b, [b.whole], { wanted: { nonce: 3n } })).call), "BuyOrders_WrongStatus", b.id({ ...b.wanted, nonce: 3n }), 0);
    await tx(b.who.buyer, b.calls.closeBuyOrder(b.wanted));
    await refused(tx(b.who.stranger, call), "BuyOrders_WrongStatus", b.id(b.wanted), 2);
    const last = { nonce: 4n };
    await tx(b.who.buyer, b.calls.placeBuyOrder({ ...b.wanted, ...last }, BUDGET));
    const late = (await filling(b, [b.whole], { wanted: last })).call;
    await networkHelpers.time.setNextBlockTimestamp(b.wanted.deadline + 1);
    await refused(tx(b.who.stranger, late), "BuyOrders_TooLate", b.wanted.deadline, b.wanted.deadline + 1);
  });

  it("need the buyer's leave, and what is left", async () => {
    const b = await networkHelpers.loadFixture(buying);
    await tx(b.who.buyer, b.calls.placeBuyOrder(b.wanted, PRICE - 1n));
    const { call } = await filling(b);
    await refused(tx(b.who.stranger, call), "BuyOrders_TooLittleLeft", PRICE - 1n, PRICE);
    await tx(b.who.buyer, b.calls.fundBuyOrder(b.wanted, 1n));
    await tx(b.who.buyer, b.calls.setOperator(b.deployment.addresses.buyOrders, false));
    await refused(tx(b.who.stranger, call), "Escrow_NotOperator", b.who.at.buyer, b.deployment.addresses.buyOrders);
    await tx(b.who.buyer, b.calls.setOperator(b.deployment.addresses.buyOrders, true));
    await tx(b.who.stranger, call);
    expect((await b.reads.buyOrderOf(b.id(b.wanted))).left).to.equal(0n);
  });

  describe("ask of the sell order", () => {
    const terms: [string, Partial<BuyOrder>, Partial<SellOrder>][] = [
      ["class", { dataClass: 1 }, {}],
      ["privacy", { privacy: 2 }, {}],
      ["flags", { flags: RESALE | PROVEN_ONLY }, {}],
      ["terms of use", { legalHash: hash("mine") }, {}],
      ["time to deliver", { maxDeliverTime: WINDOW - 1 }, {}],
      ["complaint window", { minComplaintWindow: WINDOW + 1 }, {}],
      ["number of lots", { minLots: 2 }, {}],
    ];
    for (const [term, wanted, sold] of terms) {
      it(`its ${term}`, async () => {
        const b = await networkHelpers.loadFixture(buying);
        await refused(trying(b, wanted, [b.whole], { sold }), "BuyOrders_DoesNotFit", text32(term));
      });
    }

    it("what it has to the last second and unit", async () => {
      const b = await networkHelpers.loadFixture(buying);
      await trying(b, { flags: PROVEN_ONLY, legalHash: hash("terms of use"), maxDeliverTime: WINDOW, minComplaintWindow: WINDOW, minLots: 1, oem: b.who.at.oem, maxPrice: PRICE });
    });

    it("its maker, that of the vehicle whatever the purchase says", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const other = { oem: b.who.at.oem2, nonce: 2n };
      await refused(trying(b, other), "BuyOrders_DoesNotFit", text32("maker"));
      // Naming the wanted maker in an agreement that is not the recorded one helps nobody.
      const purchase = { agreement: { ...b.pinned, oem: b.who.at.oem2 } };
      await refused(trying(b, { ...other, nonce: 3n }, [b.whole], { purchase }), "BuyOrders_DoesNotFit", text32("maker"));
      await refused(trying(b, { oem: b.who.at.oem, nonce: 4n }, [b.whole], { purchase }), "Escrow_WrongAgreement", b.agreement, 1);
    });

    it("its token, and the buy order's delivery key in the purchase", async () => {
      const b = await networkHelpers.loadFixture(placed);
      await refused(tx(b.who.stranger, (await filling(b, [b.whole], { sold: { token: b.who.at.owner } })).call), "BuyOrders_DoesNotFit", text32("token"));
      await refused(tx(b.who.stranger, (await filling(b, [b.whole], { purchase: { keyX: 0n, keyY: 1n } })).call), "BuyOrders_DoesNotFit", text32("delivery key"));
    });

    it("each coordinate of the buy order's delivery key", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const [keyX, keyY] = BUYER_KEY.publicKey;
      for (const key of [{ keyX: keyX + 1n }, { keyY: keyY + 1n }]) {
        const { call } = await filling(b, [b.whole], { purchase: key });
        await refused(tx(b.who.stranger, call), "BuyOrders_DoesNotFit", text32("delivery key"));
      }
    });

    it("its price a lot, deposits aside", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const cheap = { maxPrice: PRICE - 1n, nonce: 2n };
      await refused(trying(b, cheap, [b.whole], { purchase: { maxTotal: PRICE } }), "BuyOrders_DoesNotFit", text32("price"));
      // The most that the rule lets a purchase cost is too little for this order.
      await refused(tx(b.who.stranger, (await filling(b, [b.whole], { wanted: cheap })).call), "Escrow_TooExpensive", PRICE, PRICE - 1n);
      await tx(b.who.buyer, b.calls.placeBuyOrder(b.wanted, BUDGET));
      const deposit = { flags: 0, answerTime: WINDOW, pages: [pageOver([b.whole.words], { challengeDeposit: 400_000n })] };
      await refused(tx(b.who.stranger, (await filling(b, [b.whole], { sold: deposit, purchase: { maxTotal: PRICE + 400_001n } })).call), "BuyOrders_DoesNotFit", text32("price"));
      await tx(b.who.stranger, (await filling(b, [b.whole], { sold: deposit })).call);
      expect((await b.reads.buyOrderOf(b.id(b.wanted))).left).to.equal(BUDGET - PRICE - 400_000n);
    });

    it("a seller of the list, so that no stranger with a resale right uses up the order", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls } = b;
      // The stranger buys the batch with the right to sell it on.
      await tx(who.issuer, calls.mintQdd(who.at.stranger, 10n * PRICE));
      await tx(who.stranger, calls.approve(b.deployment.addresses.qdd, 10n * PRICE));
      const first = order(b, [b.whole.words], { flags: PROVEN_ONLY | RESALE, royaltyBps: 1_000 });
      const { dealId, terms } = await opened(b, "stranger", calls.buy(await purchase(b, first)), first);
      await tx(who.tsp, calls.settleByReceipt(terms, 0, b.pinned, { signature: await signReceipt(b, "stranger", dealId), opening: { lots: [b.whole.lot], formers: [] } }));
      const resale = order(b, [b.whole.words], { seller: who.at.stranger, nonce: 7n });
      const extras = [{ ...noExtras(), right: [terms], rightPage: 0 }];
      const sellerSignature = await signTypedData(who.stranger, sellOrderData(b.domain("escrow"), resale));
      const call = (wanted: BuyOrder, sellerPath: Hex[]) => filling(b, [b.whole], { wanted, by: "stranger", sold: resale, purchase: { extras, sellerSignature }, sellerPath });
      await refused(tx(who.stranger, (await call(b.wanted, [])).call), "BuyOrders_NotListed", who.at.stranger);
      // A list with the stranger in it and the TSP whose header it is takes it.
      const list = buyersTree([who.at.stranger, who.at.tsp]);
      const both = { ...b.wanted, agentsRoot: list.root, nonce: 9n };
      await tx(who.buyer, calls.placeBuyOrder(both, BUDGET));
      const filled = await filling({ ...b, agents: list }, [b.whole], { wanted: both, by: "stranger", sold: resale, purchase: { extras, sellerSignature }, sellerPath: list.pathOf(who.at.stranger) });
      await tx(who.stranger, filled.call);
    });
  });

  describe("ask of each lot", () => {
    it("a listed TSP, also where the lots of several stand in one order", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const theirs = await wholeLot(b, {}, { by: "tsp2" });
      const without = (lots: OfferedLot[]) => lots.map((lot) => ({ ...lot, agentPath: [] }));
      await refused(tx(b.who.stranger, (await filling(b, [b.whole, theirs], { lots: without })).call), "BuyOrders_NotListed", b.who.at.tsp2);
      const outside = await wholeLot(b, {}, { by: "stranger" });
      const itsPath = (lots: OfferedLot[]) => lots.map((lot) => ({ ...lot, agentPath: b.agents.pathOf(b.who.at.tsp2) }));
      const wider = { ...b, agents: buyersTree([b.who.at.tsp, b.who.at.stranger]) };
      await refused(tx(b.who.stranger, (await filling(wider, [outside], { lots: itsPath, sellerPath: b.agents.pathOf(b.who.at.tsp) })).call), "BuyOrders_NotListed", b.who.at.stranger);
      await tx(b.who.stranger, (await filling(b, [b.whole, theirs, await wholeLot(b, {}, { by: "tsp2" }), await wholeLot(b)])).call);
    });

    it("the wanted schema, and the stream of the agreement that is sold", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const fuel = await wholeLot(b, {}, { stream: { schema: hash("fuel@1") } });
      await refused(tx(b.who.stranger, (await filling(b, [b.whole, fuel])).call), "BuyOrders_LotDoesNotFit", text32("stream"), 1);
      for (const stream of [{ vehicle: b.vehicle + 1n }, { epoch: 2 }, { dataClass: "OEM" }, { privacy: "PRIVATE" }] as const) {
        await refused(tx(b.who.stranger, (await filling(b, [await wholeLot(b, {}, { stream })])).call), "BuyOrders_LotDoesNotFit", text32("stream"), 0);
      }
    });

    it("an anchor of its TSP, in the wanted time", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const elsewhere = (lots: OfferedLot[]) => lots.map((lot) => ({ ...lot, path: [hash("elsewhere")] }));
      const root = anchorRoot(headerHash(b.whole), [hash("elsewhere")]);
      await refused(trying(b, {}, [b.whole], { lots: elsewhere }), "DataRegistry_NotAnchored", b.who.at.tsp, root);
      const early = (await now()) + 1_000;
      await networkHelpers.time.setNextBlockTimestamp(early);
      const lot = await wholeLot(b);
      const anchor = await b.reads.anchorOf(b.who.at.tsp, anchorRoot(headerHash(lot), lot.lot.path));
      expect(anchor.time).to.equal(early);
      await refused(trying(b, { anchoredFrom: early + 1, nonce: 2n }, [lot]), "BuyOrders_LotDoesNotFit", text32("anchor time"), 0);
      await refused(trying(b, { anchoredTo: early - 1, nonce: 3n }, [lot]), "BuyOrders_LotDoesNotFit", text32("anchor time"), 0);
      await trying(b, { anchoredFrom: early, anchoredTo: early, nonce: 4n }, [lot]);
    });

    it("an origin that the order allows", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const lots = { signed: await wholeLot(b, { flags: DEVICE_SIGNED }), sealed: await wholeLot(b, { flags: DEVICE_SEALED }), attested: await wholeLot(b, { flags: TSP_ATTESTED }) };
      const devices = { agentsRoot: ZeroHash as Hex, oem: b.who.at.oem, origins: originBits(["DEVICE_SIGNED", "DEVICE_SEALED"]), nonce: 2n };
      await tx(b.who.buyer, b.calls.placeBuyOrder({ ...b.wanted, ...devices }, BUDGET));
      for (const lot of [lots.signed, lots.sealed]) await tx(b.who.stranger, (await filling(b, [lot], { wanted: devices })).call);
      await refused(tx(b.who.stranger, (await filling(b, [lots.attested], { wanted: devices })).call), "BuyOrders_LotDoesNotFit", text32("origin"), 0);
      const attested = { origins: originBits(["TSP_ATTESTED"]), nonce: 3n };
      await tx(b.who.buyer, b.calls.placeBuyOrder({ ...b.wanted, ...attested }, BUDGET));
      await tx(b.who.stranger, (await filling(b, [lots.attested], { wanted: attested })).call);
      await refused(tx(b.who.stranger, (await filling(b, [lots.signed], { wanted: attested })).call), "BuyOrders_LotDoesNotFit", text32("origin"), 0);
    });

    it("records within the wanted range, by the header's opened rest", async () => {
      const b = await networkHelpers.loadFixture(buying);
      await trying(b, { firstTime: FIRST, lastTime: LAST, nonce: 2n });
      await trying(b, { firstTime: FIRST, nonce: 3n }, [b.whole], { purchase: { nonce: 3n } });
      await refused(trying(b, { firstTime: FIRST + 1, nonce: 4n }), "BuyOrders_LotDoesNotFit", text32("times of records"), 0);
      await refused(trying(b, { lastTime: LAST - 1, nonce: 5n }), "BuyOrders_LotDoesNotFit", text32("times of records"), 0);
      const backwards = await wholeLot(b, {}, { rest: { firstTime: LAST, lastTime: FIRST } });
      await refused(trying(b, { firstTime: 1, lastTime: LAST, nonce: 6n }, [backwards]), "BuyOrders_LotDoesNotFit", text32("times of records"), 0);
      const other = await wholeLot(b, {}, { rest: { firstTime: FIRST - 5 } });
      const lying = (lots: OfferedLot[]): OfferedLot[] => [{ ...lots[0]!, header: other.words, path: other.lot.path }];
      await refused(trying(b, { firstTime: FIRST, nonce: 7n }, [b.whole], { lots: lying }), "BuyOrders_LotDoesNotFit", text32("times of records"), 0);
      const short = (lots: OfferedLot[]): OfferedLot[] => [{ ...lots[0]!, rest: "0x" }];
      await refused(trying(b, { firstTime: FIRST, nonce: 8n }, [b.whole], { lots: short }), "BuyOrders_LotDoesNotFit", text32("times of records"), 0);
    });

    it("a rest of a header's length: what only begins like one is none", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const longer = concat([encodeRest(b.whole.rest), ZeroHash]) as Hex;
      const lot = await wholeLot(b, { restHash: keccak256(longer) as Hex });
      const longerRest = (lots: OfferedLot[]): OfferedLot[] => [{ ...lots[0]!, rest: longer }];
      await refused(trying(b, { firstTime: FIRST, nonce: 2n }, [lot], { lots: longerRest }), "BuyOrders_LotDoesNotFit", text32("times of records"), 0);
    });

    it("that it may be sold in this deal", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const exclusive = await wholeLot(b, { flags: DEVICE_SIGNED | 1n });
      await refused(tx(b.who.stranger, (await filling(b, [exclusive])).call), "BuyOrders_LotDoesNotFit", text32("exclusive"), 0);
      await tx(b.who.stranger, (await filling(b, [exclusive], { sold: { flags: PROVEN_ONLY | EXCLUSIVE, repeatable: false } })).call);
    });

    it("that it is what the order sells, page by page, and nothing beside it", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const [x, y, z] = [b.whole, await wholeLot(b), await wholeLot(b)];
      const pages = [pageOver([x.words, y.words]), pageOver([z.words])];
      const fill = async (lots: readonly WholeLot[]) => tx(b.who.stranger, (await filling(b, lots, { sold: { pages } })).call);
      await refused(fill([x]), "OrderDigests_NotTheLots", 0);
      await refused(fill([y, x, z]), "OrderDigests_NotTheLots", 0);
      await refused(fill([x, y]), "OrderDigests_NotTheLots", 1);
      await refused(fill([x, y, y]), "BuyOrders_LotDoesNotFit", text32("taken before"), 2);
      await refused(fill([x, y, await wholeLot(b)]), "OrderDigests_NotTheLots", 1);
      await refused(fill([x, y, z, await wholeLot(b)]), "OrderDigests_NotTheLots", 2);
      const huge = [{ ...pageOver([x.words]), lotCount: 2 ** 32 - 1 }];
      await refused(tx(b.who.stranger, (await filling(b, [x], { sold: { pages: huge } })).call), "OrderDigests_NotTheLots", 0);
      await tx(b.who.buyer, b.calls.fundBuyOrder(b.wanted, BUDGET));
      await fill([x, y, z]);
    });

    it("that it was not reserved for the order before, in whatever sell order", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const other = await wholeLot(b);
      await tx(b.who.stranger, (await filling(b)).call);
      await refused(tx(b.who.stranger, (await filling(b, [b.whole], { purchase: { nonce: 2n } })).call), "BuyOrders_LotDoesNotFit", text32("taken before"), 0);
      await refused(tx(b.who.stranger, (await filling(b, [other, b.whole], { sold: { nonce: 5n } })).call), "BuyOrders_LotDoesNotFit", text32("taken before"), 1);
      // Another order of the same buyer asks for itself.
      await tx(b.who.buyer, b.calls.placeBuyOrder({ ...b.wanted, nonce: 2n }, BUDGET));
      await tx(b.who.stranger, (await filling(b, [b.whole], { wanted: { nonce: 2n }, purchase: { nonce: 2n } })).call);
      await tx(b.who.stranger, (await filling(b, [other])).call);
    });
  });

  it("take the seller's signature, list of buyers and everything else that a purchase needs to the exchange", async () => {
    const b = await networkHelpers.loadFixture(placed);
    await refused(tx(b.who.stranger, (await filling(b, [b.whole], { purchase: { sellerSignature: "0x" } })).call), "SellOrders_BadSellerSignature", b.who.at.tsp);
    await refused(tx(b.who.stranger, (await filling(b, [b.whole], { sold: { buyer: b.who.at.owner2 } })).call), "Escrow_NotForThisBuyer", b.who.at.buyer);
    await tx(b.who.guardian, b.calls.stopToken(b.deployment.addresses.qdd, true));
    await refused(tx(b.who.stranger, (await filling(b)).call), "Escrow_TokenStopped", b.deployment.addresses.qdd);
    // What stops purchases stops no return.
    await tx(b.who.buyer, b.calls.closeBuyOrder(b.wanted));
  });
});
