import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { signPermit, type Call } from "../../sdk/client/index.ts";
import { receiptData, sellOrderData, signTypedData, withdrawalData } from "../../sdk/eip712/index.ts";
import { hashHeader } from "../../sdk/formats/index.ts";
import { type Opening, page, type Purchase, type SellOrder, sixPairs, versionTerms } from "../../sdk/market/index.ts";
import { isOnCurve } from "../../sdk/crypto/babyjub.ts";
import { closeProofEngine } from "../../sdk/proof/index.ts";
import { ask, CHAIN_ID, contractAt, DAY, ethers, networkHelpers, now, tx, WINDOW } from "./support/chain.ts";
import { agree, anchorLot, bought, FAR, hash, header, order, PRICE, purchase, world } from "./support/world.ts";
import { prove } from "./support/proofs.ts";

const NONE: Opening = { lots: [], formers: [] };

async function fixture() {
  const w = await world();
  const escrow = await contractAt("Escrow", w.deployment.addresses.escrow);
  const words = header(w);
  const lot = await anchorLot(w, words);
  const other = await anchorLot(w, header(w, { sequence: 9 }), { sequence: 9 });
  const sold = order(w, [words]);
  const buy = async (o: SellOrder = sold, change: Partial<Purchase> = {}): Promise<Call> => w.calls.buy(await purchase(w, o, change));
  return { ...w, escrow, words, lot, other, sold, buy, opening: { lots: [lot], formers: [] } as Opening };
}
async function fundedFixture() {
  const f = await fixture();
  const deal = await bought(f, await purchase(f, f.sold));
  const delivery = await prove(f.deployment.addresses.escrow, deal.dealId);
  const receipt = await signTypedData(f.who.buyer, receiptData(f.domain("escrow"), { dealId: deal.dealId, page: 0n }));
  return { ...f, ...deal, delivery, receipt, pinned: versionTerms(f.text) };
}

async function deliveredFixture() {
  const f = await fundedFixture();
  await tx(f.who.tsp, f.calls.deliverProven(f.terms, f.opening, f.delivery));
  return { ...f, deliveredAt: await now() };
}

describe("Escrow", () => {
  after(closeProofEngine);

  describe("constructor", () => {
    it("refuses windows shorter than a second here, longer than 90 days, and missing contracts", async () => {
      const { escrow, deployment: { addresses: a } } = await networkHelpers.loadFixture(fixture);
      const args = [a.accessManager, a.vehicleRegistry, a.dataRegistry, a.qoodShares, a.keyDeliveryVerifier];
      await expect(ethers.deployContract("Escrow", [...args, 0])).to.be.revertedWithCustomError(escrow, "Escrow_WindowTooShort").withArgs(0, 1);
      await expect(ethers.deployContract("Escrow", [...args, 90 * DAY + 1])).to.be.revertedWithCustomError(escrow, "Escrow_WindowTooLong");
      for (let i = 1; i < 5; i += 1) {
        await expect(ethers.deployContract("Escrow", [...args.with(i, ZeroAddress as Hex), 10])).to.be.revertedWithCustomError(escrow, "Escrow_ZeroAddress");
      }
    });
  });

  describe("administration", () => {
    it("belongs to treasurer and guardian, within its bounds", async () => {
      const { who, calls, escrow, reads } = await networkHelpers.loadFixture(fixture);
      for (const call of [calls.setToken(who.at.owner, true), calls.setFee(1, who.at.owner), calls.pausePurchases(true)]) {
        await expect(tx(who.stranger, call)).to.be.revertedWithCustomError(escrow, "AccessManagedUnauthorized").withArgs(who.at.stranger);
      }
      await expect(tx(who.guardian, calls.setFee(1, who.at.owner))).to.be.revertedWithCustomError(escrow, "AccessManagedUnauthorized");
      await expect(tx(who.treasurer, calls.setFee(501, who.at.feeTaker))).to.be.revertedWithCustomError(escrow, "Escrow_FeeTooHigh").withArgs(501, 500);
      await expect(tx(who.treasurer, calls.setFee(1, ZeroAddress as Hex))).to.be.revertedWithCustomError(escrow, "Escrow_ZeroAddress");
      await expect(tx(who.treasurer, calls.setToken(ZeroAddress as Hex, true))).to.be.revertedWithCustomError(escrow, "Escrow_ZeroAddress");
      await expect(tx(who.treasurer, calls.setFee(500, who.at.feeTaker))).to.emit(escrow, "FeeSet").withArgs(500, who.at.feeTaker);
      await expect(tx(who.treasurer, calls.setToken(who.at.owner, true))).to.emit(escrow, "TokenListed").withArgs(who.at.owner, true);
      await expect(tx(who.guardian, calls.pausePurchases(true))).to.emit(escrow, "PurchasesPaused").withArgs(true);
      expect(await reads.config()).to.deep.equal({ feeBps: 500, feeRecipient: who.at.feeTaker, paused: true });
    });
  });

  describe("buy", () => {
    it("opens a deal whose id is the hash of its terms", async () => {
      const { who, reads, buy, escrow } = await networkHelpers.loadFixture(fixture);
      await expect(tx(who.buyer, await buy())).to.emit(escrow, "Bought");
      const logs = await escrow.queryFilter("Bought");
      const dealId = (logs[0] as unknown as { args: { dealId: Hex } }).args.dealId;
      const deal = await reads.dealOf(dealId);
      expect(deal.state).to.equal("Funded");
      expect(deal.purchasedAt).to.equal(await now());
      expect(deal.deliveredAt).to.equal(0);
    });

    it("refuses each form that this exchange does not carry out", async () => {
      const { who, buy, escrow, sold } = await networkHelpers.loadFixture(fixture);
      const [p] = sold.pages;
      const refused: [Partial<SellOrder>, string, unknown[]][] = [
        [{ pages: [] }, "Escrow_PageCount", [0]],
        [{ pages: [p!, p!] }, "Escrow_PageCount", [2]],
        [{ pages: [{ ...p!, lotCount: 0 }] }, "Escrow_LotCount", [0]],
        [{ pages: [{ ...p!, lotCount: 33 }] }, "Escrow_LotCount", [33]],
        [{ pages: [{ ...p!, challengeDeposit: 1n }] }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("challengeDeposit"), 1]],
        [{ pages: [{ ...p!, bond: 2n }] }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("bond"), 2]],
        [{ answerTime: 3 }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("answerTime"), 3]],
        [{ hook: who.at.owner }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("hook"), BigInt(who.at.owner)]],
        [{ hookCodeHash: hash("code") }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("hookCodeHash"), BigInt(hash("code"))]],
        [{ flags: 4 }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("flags"), 4]],
        [{ flags: 16 }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("flags"), 16]],
        [{ dataClass: 3 }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("dataClass"), 3]],
        [{ dataClass: 0 }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("dataClass"), 0]],
        [{ privacy: 0 }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("privacy"), 0]],
        [{ privacy: 3 }, "Escrow_TermNotSupported", [ethers.encodeBytes32String("privacy"), 3]],
        [{ deliverTime: 9 }, "Escrow_WindowTooShort", [9, 10]],
        [{ deliverTime: 90 * DAY + 1 }, "Escrow_WindowTooLong", [90 * DAY + 1, 90 * DAY]],
        [{ complaintWindow: 9 }, "Escrow_WindowTooShort", [9, 10]],
        [{ complaintWindow: 90 * DAY + 1 }, "Escrow_WindowTooLong", [90 * DAY + 1, 90 * DAY]],
      ];
      for (const [change, error, args] of refused) {
        await expect(tx(who.buyer, await buy({ ...sold, ...change })), JSON.stringify(Object.keys(change)))
          .to.be.revertedWithCustomError(escrow, error)
          .withArgs(...args);
      }
    });

    it("stops while paused, for unlisted tokens, and above the seller's fee", async () => {
      const { who, calls, buy, escrow, sold, deployment } = await networkHelpers.loadFixture(fixture);
      await tx(who.guardian, calls.pausePurchases(true));
      await expect(tx(who.buyer, await buy())).to.be.revertedWithCustomError(escrow, "Escrow_Paused");
      await tx(who.guardian, calls.pausePurchases(false));
      await tx(who.treasurer, calls.setFee(101, who.at.feeTaker));
      await expect(tx(who.buyer, await buy({ ...sold, maxFeeBps: 100 }))).to.be.revertedWithCustomError(escrow, "Escrow_FeeTooHigh").withArgs(101, 100);
      await tx(who.treasurer, calls.setToken(deployment.addresses.qdd, false));
      await expect(tx(who.buyer, await buy())).to.be.revertedWithCustomError(escrow, "Escrow_TokenNotListed").withArgs(deployment.addresses.qdd);
    });

    it("F7: refuses delivery keys off the curve, not canonical, or of small order", async () => {
      const { who, buy, escrow, sold } = await networkHelpers.loadFixture(fixture);
      const p = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
      const good = await purchase(await networkHelpers.loadFixture(fixture), sold);
      // Order 1, 2, 4 and 8: the points that circomlib's curve has besides its large subgroup.
      const small: [bigint, bigint][] = [
        [0n, 1n],
        [0n, p - 1n],
        [2957874849018779266517920829765869116077630550401372566248359756137677864698n, 0n],
        [18930368022820495955728484915491405972470733850014661777449844430438130630919n, 0n],
      ];
      for (const point of small) expect(isOnCurve(point)).to.equal(true);
      for (const [keyX, keyY] of [...small, [good.keyX + p, good.keyY], [good.keyX, good.keyY + p], [good.keyX, good.keyY + 1n]] as [bigint, bigint][]) {
        await expect(tx(who.buyer, await buy(sold, { keyX, keyY }))).to.be.revertedWithCustomError(escrow, "Escrow_BadDeliveryKey").withArgs(keyX, keyY);
      }
    });

    it("takes exactly the delivery keys that circuit and SDK take, by the shared vectors", async () => {
      const { who, buy, escrow, sold } = await networkHelpers.loadFixture(fixture);
      const { vectors } = JSON.parse(readFileSync(join(import.meta.dirname, "../vectors/buyer-keys.json"), "utf8")) as { vectors: { what: string; x: string; y: string; valid: boolean }[] };
      expect(vectors.some(({ valid }) => valid) && vectors.some(({ valid }) => !valid)).to.equal(true);
      for (const { what, x, y, valid } of vectors) {
        const call = await buy(sold, { keyX: BigInt(x), keyY: BigInt(y) });
        if (valid) expect((await who.buyer.call({ to: call.to, data: call.data })).length, what).to.equal(66);
        else await expect(tx(who.buyer, call), what).to.be.revertedWithCustomError(escrow, "Escrow_BadDeliveryKey").withArgs(BigInt(x), BigInt(y));
      }
    });

    it("asks the seller's signature, whole and for this exchange and chain only", async () => {
      const { who, buy, escrow, sold, domain } = await networkHelpers.loadFixture(fixture);
      for (const signed of [
        await signTypedData(who.tsp, sellOrderData({ ...domain("escrow"), chainId: 1 }, sold)),
        await signTypedData(who.tsp, sellOrderData({ ...domain("escrow"), verifyingContract: who.at.owner }, sold)),
        await signTypedData(who.stranger, sellOrderData(domain("escrow"), sold)),
        "0x" as Hex,
      ]) {
        await expect(tx(who.buyer, await buy(sold, { sellerSignature: signed }))).to.be.revertedWithCustomError(escrow, "SellOrders_BadSellerSignature").withArgs(who.at.tsp);
      }
    });

    it("binds every field of the order to the signature", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, escrow, sold, domain } = f;
      const sellerSignature = await signTypedData(who.tsp, sellOrderData(domain("escrow"), sold));
      const [p] = sold.pages;
      const changes: Partial<SellOrder>[] = [
        { buyer: who.at.buyer },
        { maxFeeBps: 1 },
        { flags: 0 },
        { pages: [{ ...p!, lotsHash: hash("x") }] },
        { pages: [{ ...p!, lotCount: 2 }] },
        { pages: [{ ...p!, price: PRICE - 1n }] },
        { deliverTime: WINDOW + 1 },
        { complaintWindow: WINDOW + 1 },
        { repeatable: false },
        { maxFills: 1 },
        { expiry: FAR - 1 },
        { nonce: 1n },
        { legalHash: hash("x") },
      ];
      for (const change of changes) {
        await expect(tx(who.buyer, await f.buy({ ...sold, ...change }, { sellerSignature })), JSON.stringify(Object.keys(change))).to.be.revertedWithCustomError(
          escrow,
          "SellOrders_BadSellerSignature",
        );
      }
    });

    it("keeps to expiry, named buyer, cancellation and number of fills", async () => {
      const { who, calls, reads, buy, escrow, sold } = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 50;
      const late = await buy({ ...sold, expiry: at });
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await expect(tx(who.buyer, late)).to.be.revertedWithCustomError(escrow, "SellOrders_Expired").withArgs(at, at + 1);
      await expect(tx(who.buyer, await buy({ ...sold, buyer: who.at.owner }))).to.be.revertedWithCustomError(escrow, "SellOrders_NotForThisBuyer").withArgs(who.at.buyer, who.at.owner);

      const single = { ...sold, repeatable: false, nonce: 300n };
      await tx(who.buyer, await buy(single));
      expect(await reads.isCancelled(who.at.tsp, 300n)).to.equal(true);
      await expect(tx(who.buyer, await buy(single, { nonce: 2n }))).to.be.revertedWithCustomError(escrow, "SellOrders_Cancelled").withArgs(who.at.tsp, 300);

      const twice = { ...sold, maxFills: 2, nonce: 5n };
      for (const nonce of [1n, 2n]) await tx(who.buyer, await buy(twice, { nonce }));
      const orderHash = (await ask(escrow, "hashOrder", twice)) as Hex;
      expect(await reads.fillsOf(orderHash)).to.equal(2);
      await expect(tx(who.buyer, await buy(twice, { nonce: 3n }))).to.be.revertedWithCustomError(escrow, "SellOrders_AllFilled").withArgs(orderHash, 2);

      await expect(tx(who.tsp, calls.cancelOrder(7n))).to.emit(escrow, "OrdersCancelled").withArgs(who.at.tsp, 0, 128);
      await expect(tx(who.buyer, await buy({ ...sold, nonce: 7n }))).to.be.revertedWithCustomError(escrow, "SellOrders_Cancelled");
      await tx(who.stranger, calls.cancelOrders(2n, 1n)); // somebody else's bits
      await tx(who.buyer, await buy({ ...sold, nonce: 512n }));
      await tx(who.tsp, calls.cancelOrders(2n, 3n));
      for (const nonce of [512n, 513n]) await expect(tx(who.buyer, await buy({ ...sold, nonce }, { nonce: 9n }))).to.be.revertedWithCustomError(escrow, "SellOrders_Cancelled");
    });

    it("takes the agreement's version in force only, by its own preimage, from its agent", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, buy, escrow, sold, agreement, text } = f;
      const data = sellOrderData(f.domain("escrow"), { ...sold, seller: who.at.tsp2 });
      await expect(tx(who.buyer, await buy({ ...sold, version: 2 }))).to.be.revertedWithCustomError(escrow, "Escrow_VersionNotInForce").withArgs(agreement, 2, 1);
      await expect(tx(who.buyer, await buy({ ...sold, version: 0, agreementId: 9n }))).to.be.revertedWithCustomError(escrow, "Escrow_VersionNotInForce").withArgs(9, 0, 0);
      await expect(tx(who.buyer, await buy(sold, { agreement: { ...versionTerms(text), agent: who.at.tsp2 } })))
        .to.be.revertedWithCustomError(escrow, "Escrow_WrongAgreement")
        .withArgs(agreement, 1);
      await expect(tx(who.buyer, await buy({ ...sold, seller: who.at.tsp2 }, { sellerSignature: await signTypedData(who.tsp2, data) })))
        .to.be.revertedWithCustomError(escrow, "Escrow_SellerNotAgent")
        .withArgs(who.at.tsp2, who.at.tsp);
      await agree(f, { ...text, nonce: 1, agent: who.at.tsp2 });
      await expect(tx(who.buyer, await buy())).to.be.revertedWithCustomError(escrow, "Escrow_VersionNotInForce").withArgs(agreement, 1, 2);
      await tx(who.owner, calls.end(f.vehicle, 1));
      await networkHelpers.time.increase(7 * DAY);
      await expect(tx(who.buyer, await buy({ ...sold, version: 3 }))).to.be.revertedWithCustomError(escrow, "Escrow_VersionNotInForce").withArgs(agreement, 3, 0);
    });

    it("stops selling a pair that the text does not authorise, or that one side has denied", async () => {
      const { who, calls, buy, escrow, sold, vehicle } = await networkHelpers.loadFixture(fixture);
      await expect(tx(who.buyer, await buy({ ...sold, privacy: 2 }))).to.be.revertedWithCustomError(escrow, "Escrow_PairDenied").withArgs(2, 2);
      await tx(who.oem, calls.deny(vehicle, 1, 2, 1));
      await expect(tx(who.buyer, await buy())).to.be.revertedWithCustomError(escrow, "Escrow_PairDenied").withArgs(2, 1);
      await tx(who.buyer, await buy({ ...sold, dataClass: 1 }));
      await tx(who.owner, calls.deny(vehicle, 1, 1, 1));
      await expect(tx(who.buyer, await buy({ ...sold, dataClass: 1 }, { nonce: 4n }))).to.be.revertedWithCustomError(escrow, "Escrow_PairDenied").withArgs(1, 1);
    });

    it("takes the agreement's tokens only, and below the floor the principal's signature", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, buy, escrow, sold, text, domain } = f;
      await expect(tx(who.buyer, await buy(sold, { tokens: [{ ...text.tokens[0]!, userFloor: 0n }] }))).to.be.revertedWithCustomError(escrow, "Escrow_WrongTokenList");
      await expect(tx(who.buyer, await buy(sold, { tokenIndex: 1 }))).to.be.revertedWithCustomError(escrow, "Escrow_TokenNotAgreed");
      const priced = (price: bigint, dataClass = 2, lotCount = 1): SellOrder => ({ ...sold, dataClass, pages: [{ ...sold.pages[0]!, price, lotCount }] });
      const below: [SellOrder, "owner" | "oem", bigint][] = [
        [priced(1_999_999n), "owner", 2_000_000n],
        [priced(3_999_999n, 2, 2), "owner", 4_000_000n],
        [priced(0n), "owner", 2_000_000n],
        [priced(999_999n, 1), "oem", 1_000_000n],
      ];
      let nonce = 10n;
      for (const [cheap, principal, floor] of below) {
        const other = principal === "owner" ? "oem" : "owner";
        for (const principalSignature of ["0x" as Hex, await signTypedData(who[other], sellOrderData(domain("escrow"), cheap))]) {
          await expect(tx(who.buyer, await buy(cheap, { principalSignature })))
            .to.be.revertedWithCustomError(escrow, "Escrow_BelowFloor")
            .withArgs(cheap.pages[0]!.price, floor, who.at[principal]);
        }
        const principalSignature = await signTypedData(who[principal], sellOrderData(domain("escrow"), cheap));
        await expect(tx(who.buyer, await buy(cheap, { principalSignature, nonce: (nonce += 1n) }))).to.emit(escrow, "Bought");
      }
      await tx(who.buyer, await buy(priced(2_000_000n)));
    });

    it("refuses a token that is listed but not agreed", async () => {
      const { who, calls, buy, escrow, sold } = await networkHelpers.loadFixture(fixture);
      const token = (await (await ethers.deployContract("AwkwardToken")).getAddress()) as Hex;
      await tx(who.treasurer, calls.setToken(token, true));
      await expect(tx(who.buyer, await buy({ ...sold, token }))).to.be.revertedWithCustomError(escrow, "Escrow_TokenNotAgreed").withArgs(token);
    });

    it("refuses the same terms in the same second, and takes them with another nonce", async () => {
      const { who, buy, escrow, reads, deployment } = await networkHelpers.loadFixture(fixture);
      const [first, second, third] = [await buy(), await buy(), await buy(undefined, { nonce: 2n })];
      const at = (await now()) + 5;
      await networkHelpers.time.setNextBlockTimestamp(at);
      await tx(who.buyer, first);
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(tx(who.buyer, second)).to.be.revertedWithCustomError(escrow, "Escrow_DealExists");
      await networkHelpers.time.setNextBlockTimestamp(at);
      await tx(who.buyer, third);
      expect(await reads.balanceOf(deployment.addresses.qdd, deployment.addresses.escrow)).to.equal(2n * PRICE);
    });

    it("F38: works by permit, also when somebody has submitted the permit first; an allowance alone decides", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, reads, escrow, deployment, sold } = f;
      const { qdd } = deployment.addresses;
      await tx(who.buyer, calls.approve(qdd, 0n));
      const sign = async () =>
        signPermit(who.buyer, { address: qdd, name: "QoodBlock Dollar", nonce: await reads.permitNonce(qdd, who.at.buyer) }, { chainId: CHAIN_ID, spender: deployment.addresses.escrow, value: PRICE, deadline: FAR });
      await tx(who.buyer, calls.buyWithPermit(await purchase(f, sold), await sign()));

      const permit = await sign();
      const token = await contractAt("QDD", qdd);
      await token.connect(who.stranger).getFunction("permit")(who.at.buyer, deployment.addresses.escrow, PRICE, FAR, permit.v, permit.r, permit.s);
      await expect(tx(who.buyer, calls.buyWithPermit(await purchase(f, sold, { nonce: 2n }), permit))).to.emit(escrow, "Bought");
      await expect(tx(who.buyer, calls.buyWithPermit(await purchase(f, sold, { nonce: 3n }), permit))).to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance");
      await tx(who.treasurer, calls.setToken(qdd, false));
      await expect(tx(who.buyer, calls.buyWithPermit(await purchase(f, sold, { nonce: 4n }), permit))).to.be.revertedWithCustomError(escrow, "Escrow_TokenNotListed");
    });

    it("takes orders, co-signatures and receipts of contract wallets (ERC-1271)", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, reads, sold, escrow, deployment, domain } = f;
      const wallet = await ethers.deployContract("Wallet1271", [who.at.buyer]);
      const address = (await wallet.getAddress()) as Hex;
      const { qdd } = deployment.addresses;
      await tx(who.buyer, calls.transferToken(qdd, address, PRICE));
      const execute = (call: Call) => wallet.connect(who.buyer).getFunction("execute")(call.to, call.data);
      await execute(calls.approve(qdd, PRICE));
      await execute(calls.buy(await purchase(f, sold)));
      const [log] = await escrow.queryFilter("Bought");
      const dealId = (log as unknown as { args: { dealId: Hex } }).args.dealId;
      const { readEvents } = await import("../../sdk/client/index.ts");
      const [event] = await readEvents(deployment, ethers.provider, "Bought", { fromBlock: 0, toBlock: "latest", indexed: [dealId] });
      const receipt = await signTypedData(who.buyer, receiptData(domain("escrow"), { dealId, page: 0n }));
      const forged = await signTypedData(who.stranger, receiptData(domain("escrow"), { dealId, page: 0n }));
      await expect(tx(who.tsp, calls.settleByReceipt(event!.terms, versionTerms(f.text), forged, f.opening))).to.be.revertedWithCustomError(escrow, "Escrow_BadReceipt").withArgs(address);
      await tx(who.tsp, calls.settleByReceipt(event!.terms, versionTerms(f.text), receipt, f.opening));
      expect((await reads.dealOf(dealId)).state).to.equal("Settled");
    });
  });

  describe("deliverProven", () => {
    it("delivers, by anyone, also after deliverBy while nobody has refunded", async () => {
      const { who, calls, reads, escrow, terms, opening, delivery, dealId } = await networkHelpers.loadFixture(fundedFixture);
      await networkHelpers.time.increaseTo(terms.deliverBy + 5);
      await expect(tx(who.stranger, calls.deliverProven(terms, opening, delivery)))
        .to.emit(escrow, "DeliveredProven")
        .withArgs(dealId, 0, delivery.r[0], delivery.r[1], delivery.c);
      expect((await reads.dealOf(dealId)).state).to.equal("DeliveredProven");
      await expect(tx(who.stranger, calls.refund(terms))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 2);
    });

    it("refuses a changed proof, wrapped key, R, and values that are not canonical", async () => {
      const { who, calls, escrow, terms, opening, delivery } = await networkHelpers.loadFixture(fundedFixture);
      const p = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
      for (const change of [
        { c: delivery.c + 1n },
        { c: delivery.c + p },
        { r: [delivery.r[0] + p, delivery.r[1]] as [bigint, bigint] },
        { r: [delivery.r[1], delivery.r[0]] as [bigint, bigint] },
        { proofA: [delivery.proofA[1], delivery.proofA[0]] as [bigint, bigint] },
        { proofC: delivery.proofA },
      ]) {
        await expect(tx(who.tsp, calls.deliverProven(terms, opening, { ...delivery, ...change }))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
      }
    });

    it("refuses a proof for another deal, another exchange, another chain, another page, another key (F8)", async () => {
      const f = await networkHelpers.loadFixture(fundedFixture);
      const { who, calls, escrow, terms, opening, dealId, deployment } = f;
      const { escrow: exchange } = deployment.addresses;
      const second = await bought(f, await purchase(f, f.sold, { nonce: 77n }));
      for (const delivery of [
        await prove(exchange, second.dealId),
        await prove(who.at.owner, dealId),
        await prove(exchange, dealId, { chainId: 1 }),
        await prove(exchange, dealId, { page: 1 }),
        await prove(exchange, dealId, { key: 5n }),
      ]) {
        await expect(tx(who.tsp, calls.deliverProven(terms, opening, delivery))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
      }
    });

    it("refuses other lots than those sold", async () => {
      const f = await networkHelpers.loadFixture(fundedFixture);
      const { who, calls, escrow, terms, delivery, lot, other } = f;
      for (const lots of [[other], [], [lot, lot], [lot, other]]) {
        await expect(tx(who.tsp, calls.deliverProven(terms, { lots, formers: [] }, delivery))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
      }
    });

    it("refuses a delivery of two lots, for which there is no verifier, but settles them by receipt", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, escrow, words, lot, domain, reads } = f;
      const second = header(f, { sequence: 1 });
      const lot2 = await anchorLot(f, second, { sequence: 2 });
      const both = order(f, [words, second]);
      const { dealId, terms } = await bought(f, await purchase(f, both));
      const opening: Opening = { lots: [lot, lot2], formers: [] };
      await expect(tx(who.tsp, calls.deliverProven(terms, opening, await prove(f.deployment.addresses.escrow, dealId))))
        .to.be.revertedWithCustomError(escrow, "Escrow_NoVerifier")
        .withArgs(2);
      const receipt = await signTypedData(who.buyer, receiptData(domain("escrow"), { dealId, page: 0n }));
      await expect(tx(who.tsp, calls.settleByReceipt(terms, versionTerms(f.text), receipt, { lots: [lot2, lot], formers: [] }))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
      await tx(who.tsp, calls.settleByReceipt(terms, versionTerms(f.text), receipt, opening));
      expect((await reads.dealOf(dealId)).state).to.equal("Settled");
    });

    it("refuses a wrong count of lots under a right hash", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, escrow, sold, opening } = f;
      const { dealId, terms } = await bought(f, await purchase(f, { ...sold, pages: [{ ...sold.pages[0]!, lotCount: 2 }] }));
      await expect(tx(who.tsp, calls.deliverProven(terms, opening, await prove(f.deployment.addresses.escrow, dealId))))
        .to.be.revertedWithCustomError(escrow, "Escrow_LotCount")
        .withArgs(1);
    });
  });

  describe("refund and concede", () => {
    it("refunds after deliverBy, to the buyer, by anyone, once", async () => {
      const { who, calls, reads, escrow, terms, dealId, deployment, opening, delivery, pinned, receipt } = await networkHelpers.loadFixture(fundedFixture);
      await networkHelpers.time.setNextBlockTimestamp(terms.deliverBy);
      await expect(tx(who.stranger, calls.refund(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotYet").withArgs(terms.deliverBy, terms.deliverBy);
      await networkHelpers.time.setNextBlockTimestamp(terms.deliverBy + 1);
      await expect(tx(who.stranger, calls.refund(terms))).to.emit(escrow, "Refunded").withArgs(dealId, false, PRICE);
      expect(await reads.creditOf(who.at.buyer, deployment.addresses.qdd)).to.equal(PRICE);
      for (const call of [calls.refund(terms), calls.deliverProven(terms, opening, delivery), calls.settleByReceipt(terms, pinned, receipt, opening), calls.settle(terms, pinned)]) {
        await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 4);
      }
      await expect(tx(who.tsp, calls.concede(terms))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 4);
    });

    it("lets the seller alone give up, before and after delivery", async () => {
      for (const start of [fundedFixture, deliveredFixture]) {
        const { who, calls, reads, escrow, terms, dealId, deployment } = await networkHelpers.loadFixture(start);
        await expect(tx(who.buyer, calls.concede(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotSeller").withArgs(who.at.buyer, who.at.tsp);
        await expect(tx(who.tsp, calls.concede(terms))).to.emit(escrow, "Refunded").withArgs(dealId, true, PRICE);
        expect(await reads.creditOf(who.at.buyer, deployment.addresses.qdd)).to.equal(PRICE);
      }
    });
  });

  describe("settlement", () => {
    it("ends in Settled once, whatever is tried after", async () => {
      const { who, calls, escrow, terms, dealId, opening, delivery, pinned, receipt } = await networkHelpers.loadFixture(deliveredFixture);
      await tx(who.stranger, calls.settleByReceipt(terms, pinned, receipt));
      await networkHelpers.time.increase(2 * WINDOW);
      for (const call of [calls.settle(terms, pinned), calls.settleByReceipt(terms, pinned, receipt, opening), calls.refund(terms), calls.deliverProven(terms, opening, delivery), calls.concede(terms)]) {
        await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 3);
      }
    });

    it("does not settle by the window before a delivery, nor unknown terms at all", async () => {
      const { who, calls, escrow, terms, dealId, pinned, receipt, opening, delivery } = await networkHelpers.loadFixture(fundedFixture);
      await networkHelpers.time.increase(2 * WINDOW);
      await expect(tx(who.tsp, calls.settle(terms, pinned))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 1);
      const other = { ...terms, feeBps: 1 };
      for (const call of [calls.settle(other, pinned), calls.settleByReceipt(other, pinned, receipt, opening), calls.refund(other), calls.deliverProven(other, opening, delivery), calls.concede(other)]) {
        await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
      }
    });

    it("takes the buyer's own call as a receipt, nobody else's, and no receipt of another deal", async () => {
      const f = await networkHelpers.loadFixture(fundedFixture);
      const { who, calls, escrow, terms, dealId, opening, pinned } = f;
      const second = await bought(f, await purchase(f, f.sold, { nonce: 5n }));
      const domain = f.domain("escrow");
      for (const signature of [
        "0x" as Hex,
        await signTypedData(who.stranger, receiptData(domain, { dealId, page: 0n })),
        await signTypedData(who.buyer, receiptData(domain, { dealId: second.dealId, page: 0n })),
        await signTypedData(who.buyer, receiptData(domain, { dealId, page: 1n })),
        await signTypedData(who.buyer, receiptData({ ...domain, chainId: 1 }, { dealId, page: 0n })),
        await signTypedData(who.buyer, receiptData({ ...domain, verifyingContract: who.at.owner }, { dealId, page: 0n })),
      ]) {
        await expect(tx(who.tsp, calls.settleByReceipt(terms, pinned, signature, opening))).to.be.revertedWithCustomError(escrow, "Escrow_BadReceipt").withArgs(who.at.buyer);
      }
      await expect(tx(who.buyer, calls.settleByReceipt(terms, pinned, "0x", opening))).to.emit(escrow, "Settled");
    });

    it("opens the headers of a receipt from Funded", async () => {
      const { who, calls, escrow, terms, pinned, receipt } = await networkHelpers.loadFixture(fundedFixture);
      await expect(tx(who.tsp, calls.settleByReceipt(terms, pinned, receipt, NONE))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
    });

    it("pays by the pinned version, whatever was agreed, denied, ended or transferred since", async () => {
      const f = await networkHelpers.loadFixture(deliveredFixture);
      const { who, calls, reads, escrow, terms, pinned, receipt, text, vehicle, agreement, deployment } = f;
      const changed = { ...text, nonce: 1, pairs: sixPairs([{ dataClass: 2, privacy: 1, ownerBps: 0, oemBps: 0, agentBps: 10_000, storageBps: 0 }]) };
      await agree(f, changed);
      await tx(who.owner, calls.deny(vehicle, 1, 2, 1));
      await tx(who.owner, calls.end(vehicle, 1));
      await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
      await tx(who.guardian, calls.pausePurchases(true));
      await tx(who.treasurer, calls.setFee(500, who.at.feeTaker));
      await tx(who.treasurer, calls.setToken(deployment.addresses.qdd, false));
      await expect(tx(who.tsp, calls.settleByReceipt(terms, versionTerms(changed), receipt))).to.be.revertedWithCustomError(escrow, "Escrow_WrongAgreement").withArgs(agreement, 1);
      await tx(who.tsp, calls.settleByReceipt(terms, pinned, receipt));
      expect(await reads.creditOf(who.at.owner, deployment.addresses.qdd)).to.equal(6_000_003n);
      expect(await reads.creditOf(who.at.feeTaker, deployment.addresses.qdd)).to.equal(0n);
    });

    it("takes the fee of the purchase's time, gives dust to the owner, and pays out exactly the price", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, reads, deployment, opening, escrow } = f;
      await tx(who.treasurer, calls.setFee(333, who.at.feeTaker));
      const { dealId, terms } = await bought(f, await purchase(f, f.sold));
      await tx(who.treasurer, calls.setFee(0, ZeroAddress as Hex));
      await expect(tx(who.buyer, calls.settleByReceipt(terms, versionTerms(f.text), "0x", opening)))
        .to.emit(escrow, "Settled")
        .withArgs(dealId, true, 5_800_203n, 966_700n, 2_416_750n, 483_350n, 333_000n);
      let sum = 0n;
      for (const role of ["owner", "oem", "tsp", "storage", "feeTaker"] as const) sum += await reads.creditOf(who.at[role], deployment.addresses.qdd);
      expect(sum).to.equal(PRICE);
    });
  });

  describe("Ledger", () => {
    async function settled() {
      const f = await deliveredFixture();
      await tx(f.who.stranger, f.calls.settleByReceipt(f.terms, f.pinned, f.receipt));
      return f;
    }

    it("pays part of a credit to any address, and not more than it", async () => {
      const { who, calls, reads, escrow, deployment } = await networkHelpers.loadFixture(settled);
      const { qdd } = deployment.addresses;
      await expect(tx(who.owner, calls.withdraw(qdd, who.at.stranger, 1_000_000n))).to.emit(escrow, "Withdrawn").withArgs(who.at.owner, qdd, who.at.stranger, 1_000_000n);
      expect(await reads.balanceOf(qdd, who.at.stranger)).to.equal(1_000_000n);
      await expect(tx(who.owner, calls.withdraw(qdd, who.at.owner, 5_000_004n))).to.be.revertedWithCustomError(escrow, "Ledger_NotEnough").withArgs(who.at.owner, qdd, 5_000_003n, 5_000_004n);
      await expect(tx(who.stranger, calls.withdraw(qdd, who.at.owner, 1n))).to.be.revertedWithCustomError(escrow, "Ledger_NotEnough").withArgs(who.at.stranger, qdd, 0, 1);
      await expect(tx(who.owner, calls.withdraw(qdd, ZeroAddress as Hex, 1n))).to.be.revertedWithCustomError(escrow, "Ledger_NoReceiver");
    });

    it("pays by signature, once, in time, exactly what was signed", async () => {
      const { who, calls, reads, escrow, deployment, domain } = await networkHelpers.loadFixture(settled);
      const { qdd } = deployment.addresses;
      const signed = { account: who.at.owner, token: qdd, to: who.at.stranger, amount: 7n, deadline: FAR };
      const signature = await signTypedData(who.owner, withdrawalData(domain("escrow"), { ...signed, nonce: 0n }));
      for (const change of [{ to: who.at.buyer }, { amount: 8n }, { deadline: FAR - 1 }, { account: who.at.oem }, { token: who.at.oem }]) {
        await expect(tx(who.tsp, calls.withdrawFor({ ...signed, ...change, signature }))).to.be.revertedWithCustomError(escrow, "Ledger_BadSignature");
      }
      await tx(who.tsp, calls.withdrawFor({ ...signed, signature }));
      expect(await reads.balanceOf(qdd, who.at.stranger)).to.equal(7n);
      expect(await reads.withdrawalNonce(who.at.owner)).to.equal(1n);
      await expect(tx(who.tsp, calls.withdrawFor({ ...signed, signature }))).to.be.revertedWithCustomError(escrow, "Ledger_BadSignature").withArgs(who.at.owner);
      const at = (await now()) + 10;
      const late = await signTypedData(who.owner, withdrawalData(domain("escrow"), { ...signed, deadline: at, nonce: 1n }));
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await expect(tx(who.tsp, calls.withdrawFor({ ...signed, deadline: at, signature: late }))).to.be.revertedWithCustomError(escrow, "Ledger_Expired").withArgs(at, at + 1);
    });
  });
});

describe("A lot's header", () => {
  it("hashes alike in contract and SDK, so that the order binds it", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    expect(page([hashHeader(f.words)], PRICE)).to.deep.equal(f.sold.pages[0]);
  });
});
