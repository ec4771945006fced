/** Which orders can still be bought, by whose signatures, under which agreement. */
import { expect } from "chai";
import { ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { sellOrderData, signTypedData } from "../../../sdk/eip712/index.ts";
import { hashHeader } from "../../../sdk/formats/index.ts";
import { type Extras, noExtras, page, type SellOrder, sixPairs, versionTerms } from "../../../sdk/market/index.ts";
import { ask, DAY, ethers, networkHelpers, now, type Role, tx, WINDOW } from "../support/chain.ts";
import { market, type Market, outcome, pageOver, refused, signOrder } from "../support/deal.ts";
import { agree, FAR, hash, order, PRICE, purchase } from "../support/world.ts";

const { time } = networkHelpers;
const by = (change: Partial<Extras>): { extras: Extras[] } => ({ extras: [{ ...noExtras(), ...change }] });

describe("Escrow, orders", () => {
  it("asks the seller's signature, whole and for this exchange and chain only", async () => {
    const { who, buy, sold, domain } = await networkHelpers.loadFixture(market);
    for (const sellerSignature of [
      await signTypedData(who.tsp, sellOrderData({ ...domain("escrow"), chainId: 1 }, sold)),
      await signTypedData(who.tsp, sellOrderData({ ...domain("escrow"), verifyingContract: who.at.owner }, sold)),
      // The other half of the exchange is an address of its own.
      await signTypedData(who.tsp, sellOrderData(domain("escrowDisputes"), sold)),
      await signTypedData(who.stranger, sellOrderData(domain("escrow"), sold)),
      "0x" as Hex,
    ]) {
      await refused(tx(who.buyer, await buy(sold, { sellerSignature })), "SellOrders_BadSellerSignature", who.at.tsp);
    }
  });

  it("binds every field of the order to the signature", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, sold, open } = m;
    const [p] = open.pages;
    const changes: Partial<SellOrder>[] = [
      { seller: who.at.tsp2 },
      { buyer: who.at.buyer },
      { buyersRoot: hash("x") },
      { token: who.at.owner },
      { maxFeeBps: 1 },
      { agreementId: 5n },
      { version: 2 },
      { dataClass: 1 },
      { privacy: 2 },
      { flags: 2 },
      { royaltyBps: 1 },
      { hook: who.at.owner },
      { hookCodeHash: hash("x") },
      { pages: [{ ...p!, lotsHash: hash("x") }] },
      { pages: [{ ...p!, lotCount: 2 }] },
      { pages: [{ ...p!, price: PRICE - 1n }] },
      { pages: [{ ...p!, challengeDeposit: 1n }] },
      { pages: [{ ...p!, bond: p!.bond + 1n }] },
      { pages: [p!, p!] },
      { deliverTime: WINDOW + 1 },
      { answerTime: WINDOW + 1 },
      { complaintWindow: WINDOW + 1 },
      { repeatable: false },
      { maxFills: 1 },
      { expiry: FAR - 1 },
      { nonce: 1n },
      { legalHash: hash("x") },
    ];
    const names = new Set(changes.flatMap((change) => Object.keys(change)));
    expect(Object.keys(sold).filter((name) => !names.has(name))).to.deep.equal([]);
    const signature = await signOrder(m, "tsp", open);
    const found = (await ask(m.escrow, "hashOrder", open)) as Hex;
    for (const change of changes) {
      const changed = { ...open, ...change };
      expect(await ask(m.escrow, "hashOrder", changed), Object.keys(change)[0]).to.not.equal(found);
      // Where an earlier check does not refuse the changed order, the signature does.
      const sent = m.calls.buy(await purchase(m, changed, { sellerSignature: signature, maxTotal: 10n ** 12n }));
      expect(await outcome(tx(who.buyer, sent)), Object.keys(change)[0]).to.match(/^(Escrow|SellOrders)_/);
    }
    for (const change of [{ royaltyBps: 0, flags: 2 }, { legalHash: hash("x") }, { nonce: 1n }, { expiry: FAR - 1 }, { deliverTime: WINDOW + 1 }, { maxFeeBps: 1 }, { repeatable: false }, { maxFills: 1 }, { pages: [{ ...p!, price: PRICE + 1n }] }]) {
      const sent = m.calls.buy(await purchase(m, { ...open, ...change }, { sellerSignature: signature }));
      await refused(tx(who.buyer, sent), "SellOrders_BadSellerSignature", who.at.tsp);
    }
  });

  it("can be bought in the last second of its time and not after", async () => {
    const { who, buy, sold } = await networkHelpers.loadFixture(market);
    const at = (await now()) + 50;
    const [last, late] = [await buy({ ...sold, expiry: at }), await buy({ ...sold, expiry: at }, { nonce: 2n })];
    await time.setNextBlockTimestamp(at);
    await tx(who.buyer, last);
    await time.setNextBlockTimestamp(at + 1);
    await refused(tx(who.buyer, late), "SellOrders_Expired", at, at + 1);
  });

  it("F33: is bought once, as often as it says, or any number of times", async () => {
    const { who, reads, buy, escrow, sold } = await networkHelpers.loadFixture(market);
    const single = { ...sold, repeatable: false, nonce: 300n };
    expect(await reads.isCancelled(who.at.tsp, 300n)).to.equal(false);
    await tx(who.buyer, await buy(single));
    expect(await reads.isCancelled(who.at.tsp, 300n)).to.equal(true);
    for (const neighbour of [44n, 299n, 301n, 556n]) expect(await reads.isCancelled(who.at.tsp, neighbour)).to.equal(false);
    await refused(tx(who.buyer, await buy(single, { nonce: 2n })), "SellOrders_Cancelled", who.at.tsp, 300);
    // An order that is not repeatable is bought once, whatever its number of fills says.
    const filled = { ...single, maxFills: 5, nonce: 301n };
    await tx(who.buyer, await buy(filled));
    expect(await reads.fillsOf((await ask(escrow, "hashOrder", filled)) as Hex)).to.equal(0);

    const twice = { ...sold, maxFills: 2, nonce: 5n };
    for (const nonce of [1n, 2n]) await tx(who.buyer, await buy(twice, { nonce }));
    const orderHash = (await ask(escrow, "hashOrder", twice)) as Hex;
    expect(await reads.fillsOf(orderHash)).to.equal(2);
    await refused(tx(who.buyer, await buy(twice, { nonce: 3n })), "SellOrders_AllFilled", orderHash, 2);
    expect(await reads.isCancelled(who.at.tsp, 5n)).to.equal(false);

    for (const nonce of [1n, 2n, 3n]) await tx(who.buyer, await buy(sold, { nonce }));
    expect(await reads.fillsOf((await ask(escrow, "hashOrder", sold)) as Hex)).to.equal(0);
  });

  it("is cancelled by its seller alone, one by one or 256 at a time", async () => {
    const { who, calls, reads, buy, escrow, sold } = await networkHelpers.loadFixture(market);
    await expect(tx(who.tsp, calls.cancelOrder(7n))).to.emit(escrow, "OrdersCancelled").withArgs(who.at.tsp, 0, 128);
    await refused(tx(who.buyer, await buy({ ...sold, nonce: 7n })), "SellOrders_Cancelled", who.at.tsp, 7);
    await tx(who.stranger, calls.cancelOrders(2n, 1n)); // somebody else's bits
    await tx(who.stranger, calls.cancelOrder(512n));
    await tx(who.buyer, await buy({ ...sold, nonce: 512n }));
    await expect(tx(who.tsp, calls.cancelOrders(2n, 3n))).to.emit(escrow, "OrdersCancelled").withArgs(who.at.tsp, 2, 3);
    for (const nonce of [512n, 513n]) await refused(tx(who.buyer, await buy({ ...sold, nonce }, { nonce: 9n })), "SellOrders_Cancelled", who.at.tsp, nonce);
    await tx(who.buyer, await buy({ ...sold, nonce: 514n }));
    // What was cancelled stays so when further bits of the word are.
    await tx(who.tsp, calls.cancelOrder(520n));
    expect(await Promise.all([512n, 513n, 514n, 520n].map((nonce) => reads.isCancelled(who.at.tsp, nonce)))).to.deep.equal([true, true, false, true]);
    await tx(who.tsp, calls.cancelOrders(2n ** 248n - 1n, 1n << 255n));
    expect(await reads.isCancelled(who.at.tsp, 2n ** 256n - 1n)).to.equal(true);
  });

  it("F17: pins the agreement's version in force, by its own preimage, from its agent", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, buy, sold, agreement, text } = m;
    await refused(tx(who.buyer, await buy({ ...sold, version: 2 })), "Escrow_VersionNotInForce", agreement, 2);
    await refused(tx(who.buyer, await buy({ ...sold, version: 0, agreementId: 9n })), "Escrow_VersionNotInForce", 9, 0);
    for (const change of [{ agent: who.at.tsp2 }, { owner: who.at.stranger }, { shares: 1n }, { textHash: ZeroHash as Hex }]) {
      await refused(tx(who.buyer, await buy(sold, { agreement: { ...versionTerms(text), ...change } })), "Escrow_WrongAgreement", agreement, 1);
    }
    const foreign = { ...sold, seller: who.at.tsp2 };
    await refused(tx(who.buyer, await buy(foreign, { sellerSignature: await signOrder(m, "tsp2", foreign) })), "Escrow_SellerNotAgent", who.at.tsp2, who.at.tsp);
    // Extras without a right are no right.
    await refused(tx(who.buyer, await buy(foreign, { sellerSignature: await signOrder(m, "tsp2", foreign), ...by({}) })), "Escrow_SellerNotAgent", who.at.tsp2, who.at.tsp);
    await agree(m, { ...text, nonce: 1, agent: who.at.tsp2 });
    await refused(tx(who.buyer, await buy()), "Escrow_VersionNotInForce", agreement, 1);
    await tx(who.owner, calls.end(m.vehicle, 1));
    await time.increase(7 * DAY);
    await refused(tx(who.buyer, await buy({ ...sold, version: 3 })), "Escrow_VersionNotInForce", agreement, 3);
  });

  it("F17: stops where the text does not authorise the pair, or one side has denied it", async () => {
    const { who, calls, buy, sold, vehicle } = await networkHelpers.loadFixture(market);
    await refused(tx(who.buyer, await buy({ ...sold, privacy: 2 })), "Escrow_PairDenied", 2, 2);
    await tx(who.oem, calls.deny(vehicle, 1, 2, 1));
    await refused(tx(who.buyer, await buy()), "Escrow_PairDenied", 2, 1);
    await tx(who.buyer, await buy({ ...sold, dataClass: 1 }));
    await tx(who.owner, calls.deny(vehicle, 1, 1, 1));
    await refused(tx(who.buyer, await buy({ ...sold, dataClass: 1 }, { nonce: 4n })), "Escrow_PairDenied", 1, 1);
  });

  it("is paid in a token that owner and maker accept", async () => {
    const { who, calls, reads, buy, sold, text, agreement, deployment: { addresses: { qdd } } } = await networkHelpers.loadFixture(market);
    const cheaper = [{ ...text.tokens[0]!, userFloor: 0n }];
    await refused(tx(who.buyer, await buy(sold, { tokens: cheaper })), "Escrow_WrongAgreement", agreement, 1);
    await refused(tx(who.buyer, await buy(sold, { tokens: [] })), "Escrow_WrongAgreement", agreement, 1);
    await refused(tx(who.buyer, await buy(sold, { tokenIndex: 1 })), "Escrow_TokenNotAgreed", qdd);
    const token = (await (await ethers.deployContract("AwkwardToken")).getAddress()) as Hex;
    await tx(who.treasurer, calls.setToken(token, await reads.tokenTermsOf(qdd)));
    await refused(tx(who.buyer, await buy({ ...sold, token })), "Escrow_TokenNotAgreed", token);
  });

  it("F17: costs at least the floor for each lot of each page, or the class's principal has signed it too", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, buy, sold } = m;
    const priced = (price: bigint, dataClass = 2, lotCount = 1): SellOrder => ({ ...sold, dataClass, pages: [{ ...sold.pages[0]!, price, lotCount }] });
    const below: [SellOrder, Role, bigint][] = [
      [priced(1_999_999n), "owner", 2_000_000n],
      [priced(3_999_999n, 2, 2), "owner", 4_000_000n],
      [priced(0n), "owner", 2_000_000n],
      [priced(999_999n, 1), "oem", 1_000_000n],
      [priced(0n, 1), "oem", 1_000_000n],
    ];
    let nonce = 10n;
    for (const [cheap, principal, floor] of below) {
      await refused(tx(who.buyer, await buy(cheap)), "Escrow_BelowFloor", 0, cheap.pages[0]!.price, floor);
      const name = principal === "owner" ? "ownerSignature" : "oemSignature";
      const other = principal === "owner" ? "oemSignature" : "ownerSignature";
      const good = await signOrder(m, principal, cheap);
      const stranger = await signOrder(m, principal === "owner" ? "oem" : "owner", cheap);
      for (const wrong of [{}, { [name]: stranger }, { [other]: good }, { [name]: await signOrder(m, principal, { ...cheap, nonce: 1n }) }]) {
        await refused(tx(who.buyer, await buy(cheap, by(wrong))), "Escrow_NoConsent", who.at[principal]);
      }
      await tx(who.buyer, await buy(cheap, { ...by({ [name]: good }), nonce: (nonce += 1n) }));
    }
    // Whose consent counts is the agreement's word: other parties are not the preimage of its hash.
    const stranger = priced(1n);
    const call = await buy(stranger, by({ ownerSignature: await signOrder(m, "stranger", stranger) }));
    const [ownerWord, strangerWord] = [who.at.owner, who.at.stranger].map((address) => address.slice(2).toLowerCase().padStart(64, "0"));
    expect(call.data.split(ownerWord!)).to.have.length(2);
    await refused(tx(who.buyer, { ...call, data: call.data.replace(ownerWord!, strangerWord!) as Hex }), "Escrow_WrongAgreement", m.agreement, 1);
    for (const [price, dataClass] of [[2_000_000n, 2], [1_000_000n, 1]] as const) await tx(who.buyer, await buy(priced(price, dataClass)));
    // The page that is too cheap is named; one consent holds for all pages.
    const [p] = sold.pages;
    const pages = { ...sold, pages: [p!, { ...p!, price: 7n }, { ...p!, price: 8n }] };
    await refused(tx(who.buyer, await buy(pages)), "Escrow_BelowFloor", 1, 7, 2_000_000);
    await tx(who.buyer, await buy(pages, by({ ownerSignature: await signOrder(m, "owner", pages) })));
  });

  it("takes a price of nothing by consent only, also where the floor is nothing", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, text } = m;
    const tokens = [{ ...text.tokens[0]!, userFloor: 0n }];
    const free = { ...text, nonce: 1, tokens };
    await agree(m, free);
    const sold = order(m, [m.words], { version: 2, pages: [pageOver([m.words], { price: 0n })] });
    const terms = { agreement: versionTerms(free), tokens };
    await refused(tx(who.buyer, await m.buy(sold, terms)), "Escrow_BelowFloor", 0, 0, 0);
    await tx(who.buyer, await m.buy({ ...sold, pages: [pageOver([m.words], { price: 1n })] }, terms));
    await tx(who.buyer, await m.buy(sold, { ...terms, ...by({ ownerSignature: await signOrder(m, "owner", sold) }) }));
  });

  it("sells DISPUTED data by both principals' signatures, at any price", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, text, words } = m;
    const disputed = { ...text, nonce: 1, pairs: sixPairs([{ dataClass: 3, privacy: 1, ownerBps: 4000, oemBps: 4000, agentBps: 2000, storageBps: 0 }]) };
    await agree(m, disputed);
    const at = (price: bigint): SellOrder => ({ ...m.sold, version: 2, dataClass: 3, flags: 9, pages: [pageOver([words], { price }), pageOver([words], { price: 0n })] });
    const floor = disputed.tokens[0]!.disputedFloor;
    let nonce = 0n;
    for (const price of [PRICE, 1n]) {
      const sold = at(price);
      const [ownerSignature, oemSignature] = [await signOrder(m, "owner", sold), await signOrder(m, "oem", sold)];
      const buy = async (change: object) => tx(who.buyer, await m.buy(sold, { agreement: versionTerms(disputed), ...change, nonce: (nonce += 1n) }));
      await refused(buy({}), "Escrow_BelowFloor", 0, price, floor);
      await refused(buy(by({ oemSignature })), "Escrow_NoConsent", who.at.owner);
      await refused(buy(by({ ownerSignature })), "Escrow_NoConsent", who.at.oem);
      await refused(buy(by({ ownerSignature: oemSignature, oemSignature: ownerSignature })), "Escrow_NoConsent", who.at.owner);
      await buy(by({ ownerSignature, oemSignature }));
    }
  });

  it("takes signatures of contract wallets for orders and consents (ERC-1271)", async () => {
    const m: Market = await networkHelpers.loadFixture(market);
    const { who, text } = m;
    const [agent, owner] = [await ethers.deployContract("Wallet1271", [who.at.tsp2]), await ethers.deployContract("Wallet1271", [who.at.owner2])];
    const at = { agent: (await agent.getAddress()) as Hex, owner: (await owner.getAddress()) as Hex };
    // The vehicle passes to a wallet, which agrees by its key; the agent is a wallet too.
    await tx(who.owner, m.calls.transferVehicle(who.at.owner, at.owner, m.vehicle));
    await tx(who.registrar, m.calls.accreditTsp(at.agent, true));
    const epoch = await m.reads.epochOf(m.vehicle);
    const own = { ...text, epoch, owner: at.owner, agent: at.agent, nonce: 0 };
    await agree(m, own, "owner2");
    const sold = { ...m.sold, seller: at.agent, agreementId: (m.vehicle << 64n) | BigInt(epoch), pages: [pageOver([m.words], { price: 5n })] };
    const buy = async (seller: Role, principal: Role) =>
      tx(who.buyer, await m.buy(sold, { sellerSignature: await signOrder(m, seller, sold), agreement: versionTerms(own), ...by({ ownerSignature: await signOrder(m, principal, sold) }) }));
    await refused(buy("tsp", "owner2"), "SellOrders_BadSellerSignature", at.agent);
    await refused(buy("tsp2", "owner"), "Escrow_NoConsent", at.owner);
    await buy("tsp2", "owner2");
  });

  it("hashes a lot's header as the SDK does, so that the order binds it", async () => {
    const { words, sold } = await networkHelpers.loadFixture(market);
    expect(page([hashHeader(words)], PRICE, sold.pages[0]!.bond)).to.deep.equal(sold.pages[0]);
  });
});
