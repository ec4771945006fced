/**
 * The hashes copy words of calldata as they lie. A word with bits beyond its type would hash to something that no wallet shows and no ABI decodes:
 * such calldata can neither open, move nor end a deal.
 */
import { expect } from "chai";
import { getBytes, HDNodeWallet, hexlify } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Call, eventIn, INTERFACES, signPermit } from "../../../sdk/client/index.ts";
import { noExtras, page, type Purchase, type SellOrder } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { CHAIN_ID, ethers, networkHelpers, type Role, tx } from "../support/chain.ts";
import { narrowWords, withBit } from "../support/calldata.ts";
import { C, DEPOSIT, market, type Market, outcome, R, signOrder, signReceipt } from "../support/deal.ts";
import { complaintAbout, openingOf, stock } from "../support/disputes.ts";
import { BOND, bought, FAR, PRICE, purchase } from "../support/world.ts";
import { prove } from "../support/proofs.ts";

/** Hardhat's account of the TSP, the ninth of its phrase: a wallet itself signs no digest. */
const TSP = HDNodeWallet.fromPhrase("test test test test test test test test test test test junk", undefined, "m/44'/60'/0'/0/8");

const inputsOf = ({ data }: Call) => INTERFACES.escrow.getFunction(data.slice(0, 10))!.inputs;
const ask = (from: Hex, { to }: Call, data: string) => ethers.provider.call({ from, to, data });
const wordAt = (bytes: Uint8Array, at: number): number => Number(ethers.toBigInt(bytes.slice(at, at + 32)));

/** Asks the call as it is, which must work, and then with each dirty bit; gives the names of the words with which it worked all the same. */
async function takenDirty(m: Market, role: Role, call: Call, change: (dirty: Hex, at: number, bit: number) => Promise<Hex> = (dirty) => Promise.resolve(dirty)) {
  const from = m.who.at[role];
  expect(await outcome(ask(from, call, call.data)), call.what).to.equal(null);
  const words = narrowWords(inputsOf(call), call);
  expect(words, call.what).to.not.be.empty;
  const taken: string[] = [];
  for (const { name, at, bits } of words) {
    for (const bit of bits) if ((await outcome(ask(from, call, await change(withBit(call.data, at, bit), at, bit)))) === null) taken.push(`${name}, bit ${bit}`);
  }
  return taken;
}

/** Signs the order again as it then is, so that its signature is no reason to refuse it. `at` is where a purchase's tuple starts. */
async function signedAgain(m: Market, dirty: Hex, purchaseAt: number): Promise<Hex> {
  const bytes = getBytes(dirty);
  const orderAt = purchaseAt + wordAt(bytes, purchaseAt);
  const signatureAt = purchaseAt + wordAt(bytes, purchaseAt + 32);
  // The order's encoding ends where the signature's starts.
  const encoded = hexlify(bytes.slice(orderAt, signatureAt)).slice(2);
  const selector = INTERFACES.escrow.getFunction("hashOrder")!.selector;
  const digest = await ethers.provider.call({ to: m.deployment.addresses.escrow, data: `${selector}${"20".padStart(64, "0")}${encoded}` });
  bytes.set(getBytes(TSP.signingKey.sign(digest).serialized), signatureAt + 32);
  return hexlify(bytes) as Hex;
}

/** Where the first parameter, a dynamic tuple, starts. */
const firstTuple = (data: Hex): number => 4 + wordAt(getBytes(data), 4);

describe("Dirty calldata", () => {
  after(closeProofEngine);

  it("opens no deal, though its seller has signed the words as they are", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, reads, deployment: { addresses: { qdd, escrow } } } = m;
    expect(TSP.address).to.equal(who.at.tsp);
    await tx(who.tsp, calls.transferCredit(who.at.tsp, qdd, who.at.buyer, 10n * PRICE));
    const again = (dirty: Hex) => signedAgain(m, dirty, firstTuple(dirty));
    const buy = async (sold: SellOrder, change: Partial<Purchase> = {}) => calls.buy(await purchase(m, sold, change));
    expect(await again((await buy(m.open)).data)).to.equal((await buy(m.open)).data);

    const orders: SellOrder[] = [m.open, m.sold, { ...m.open, repeatable: false }, { ...m.open, maxFills: 3 }];
    for (const sold of orders) expect(await takenDirty(m, "buyer", await buy(sold), again)).to.deep.equal([]);
    const permit = await signPermit(who.buyer, { address: qdd, name: "QoodBlock Dollar", nonce: await reads.permitNonce(qdd, who.at.buyer) }, { chainId: CHAIN_ID, spender: escrow, value: PRICE, deadline: FAR });
    expect(await takenDirty(m, "buyer", calls.buyWithPermit(await purchase(m, m.sold), permit), again)).to.deep.equal([]);
    expect(await takenDirty(m, "buyer", calls.buyFor(await purchase(m, m.sold), who.at.buyer, 60), again)).to.deep.equal([]);
    const cheap = { ...m.open, pages: m.open.pages.map((each) => ({ ...each, price: 1n })) };
    const consent = { extras: [{ ...noExtras(), ownerSignature: await signOrder(m, "owner", cheap) }] };
    await tx(who.buyer, await buy(cheap, { ...consent, nonce: 9n }));
    expect(await takenDirty(m, "buyer", await buy(cheap, consent))).to.deep.equal([]);
  });

  it("opens no resale from a right with other words than those that were settled", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls } = m;
    const right = await bought(m, await purchase(m, { ...m.open, flags: 2 }));
    await tx(who.buyer, calls.settleByReceipt(right.terms, 0, m.pinned, { opening: m.opening }));
    const sold = { ...m.open, seller: who.at.buyer, nonce: 5n };
    const buying = await purchase(m, sold, { sellerSignature: await signOrder(m, "buyer", sold), extras: [{ ...noExtras(), right: [right.terms] }] });
    // Dirty words of the order itself fail by the signature here; those of the right are what this is about. The agreement's
    // parties are read only where one of them has to sign.
    expect((await takenDirty(m, "buyer", calls.buy(buying))).filter((word) => !word.startsWith("purchase.extras.0.parties."))).to.deep.equal([]);
  });

  it("neither moves nor ends one", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, pinned, deployment: { addresses: { escrow } } } = m;
    const s = await stock(m, "dirty", 1, { bad: [0] });
    const opening = openingOf(s);
    const sold = { ...m.open, pages: [page(s.hashes, PRICE, BOND, DEPOSIT)] };
    // The version by which the TSP was agent is named, so that its words are read too.
    const formers = [{ version: 1, terms: pinned }];
    const shown = { lots: [{ ...m.lot, former: 1 }], formers };
    const deal = await bought(m, await purchase(m, m.open));
    const delivery = await prove(escrow, deal.dealId);
    const bad = await bought(m, await purchase(m, sold, { nonce: 2n }));
    const signature = await signReceipt(m, "buyer", deal.dealId);
    const all: string[] = [];
    const check = async (role: Role, call: Call): Promise<void> => void all.push(...(await takenDirty(m, role, call)).map((word) => `${call.what}: ${word}`));
    const passing = async (seconds: number, work: () => Promise<void>): Promise<void> => {
      const back = await networkHelpers.takeSnapshot();
      await networkHelpers.time.increase(seconds);
      await networkHelpers.mine();
      await work();
      await back.restore();
    };

    await check("tsp", calls.deliverUnproven(deal.terms, 0, shown, R, C));
    await check("tsp", calls.deliverProven(deal.terms, 0, shown, delivery));
    await check("tsp", calls.concede(deal.terms, 0));
    await check("stranger", calls.settleByReceipt(deal.terms, 0, pinned, { opening: shown, signature }));
    await passing(1000, () => check("stranger", calls.refund(deal.terms, 0)));

    await tx(who.tsp, calls.deliverUnproven(deal.terms, 0, shown, delivery.r, delivery.c));
    await check("buyer", calls.challenge(deal.terms, 0));
    await check("stranger", calls.settleByReceipt(deal.terms, 0, pinned, { headers: m.headers, signature }));
    await passing(1000, () => check("stranger", calls.settle(deal.terms, 0, pinned, m.headers)));
    await tx(who.buyer, calls.challenge(deal.terms, 0));
    await check("stranger", calls.answer(deal.terms, 0, [m.words], delivery));

    const second = await bought(m, await purchase(m, sold, { nonce: 3n }));
    await tx(who.tsp, calls.deliverUnproven(bad.terms, 0, opening, R, C));
    const complain = calls.complain(bad.terms, 0, s.hashes, 0, s.words[0]!, await complaintAbout(s, 0));
    await check("stranger", complain);
    await tx(who.stranger, complain);
    await check("stranger", calls.refundBad(second.terms, 0, s.hashes, 0));
    expect(all).to.deep.equal([]);
  });

  it("neither accepts nor rejects one", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, deployment } = m;
    await tx(who.tsp, calls.transferCredit(who.at.tsp, deployment.addresses.qdd, who.at.buyer, 10n * PRICE));
    const p = await purchase(m, m.open);
    const receipt = await (await tx(who.buyer, calls.buyFor(p, who.at.buyer, 1000))).wait();
    const terms = { order: p.order, sale: eventIn(deployment, "Bought", receipt!)!.sale };
    for (const call of [calls.accept(terms), calls.reject(terms)]) expect(await takenDirty(m, "buyer", call)).to.deep.equal([]);
  });

  it("is no deal either where it ends early or points beyond its end", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls } = m;
    const { terms } = await bought(m, await purchase(m, m.open));
    const concede = calls.concede(terms, 0);
    const moves: [Role, Call][] = [["tsp", concede], ["tsp", calls.deliverUnproven(terms, 0, m.opening, R, C)], ["buyer", calls.settleByReceipt(terms, 0, m.pinned, { opening: m.opening })]];
    for (const [role, call] of moves) {
      expect(await outcome(ask(who.at[role], call, call.data))).to.equal(null);
      for (const cut of [1, 32, 160, 320]) expect(await outcome(ask(who.at[role], call, call.data.slice(0, -2 * cut))), `${call.what} less ${cut}`).to.not.equal(null);
    }
    // The offset of the terms, the order in them and the pages in that: none may lead out of the calldata.
    const order = 4 + 64;
    for (const at of [4, order, order + 32 * 13 + 32 * 13]) {
      for (const bit of [40, 255]) expect(await outcome(ask(who.at.tsp, concede, withBit(concede.data, at, bit))), `offset at ${at}`).to.not.equal(null);
    }
  });
});
