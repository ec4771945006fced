/** The SDK's hashes of orders, deals, pages and contexts are the contracts', for whatever fits the types. */
import { expect } from "chai";
import fc from "fast-check";
import { type Hex, toHex } from "../../../sdk/bytes/index.ts";
import { deliveryContext } from "../../../sdk/delivery/index.ts";
import { dealId, orderHash, type Page, pageKey, type Sale, saleOf, saleWords, type SellOrder } from "../../../sdk/market/index.ts";
import { ask, CHAIN_ID, networkHelpers } from "../support/chain.ts";
import { market } from "../support/deal.ts";

const bytes = (length: number): fc.Arbitrary<Hex> => fc.uint8Array({ minLength: length, maxLength: length }).map((value) => toHex(value));
const big = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
const small = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
/** A uint64 that a JavaScript number holds, and a sale's 48 bits of time. */
const [time, stamp] = [fc.maxSafeNat(), fc.integer({ min: 0, max: 2 ** 48 - 1 })];

const page: fc.Arbitrary<Page> = fc.record({ lotsHash: bytes(32), lotCount: small(32), price: big(128), challengeDeposit: big(128), bond: big(128) });
const order: fc.Arbitrary<SellOrder> = fc.record({
  ...{ seller: bytes(20), buyer: bytes(20), buyersRoot: bytes(32), token: bytes(20), maxFeeBps: small(16), agreementId: big(256), version: small(32) },
  ...{ dataClass: small(8), privacy: small(8), flags: small(8), royaltyBps: small(16), hook: bytes(20), hookCodeHash: bytes(32) },
  pages: fc.array(page, { minLength: 1, maxLength: 32 }),
  ...{ deliverTime: small(32), answerTime: small(32), complaintWindow: small(32), repeatable: fc.boolean(), maxFills: small(32), expiry: time },
  ...{ nonce: big(256), legalHash: bytes(32) },
});
const sale: fc.Arbitrary<Sale> = fc.record({
  ...{ buyer: bytes(20), feeBps: small(16), feeRecipient: bytes(20), priceBps: small(16), partiesBps: small(16), rightKey: bytes(32), agreementDigest: bytes(27) },
  ...{ keyX: big(256), keyY: big(256), deliverBy: stamp, inspectBy: stamp, nonce: big(48) },
});

describe("Hashes of orders and deals", () => {
  it("are the same in SDK and contracts for random orders, sales and pages", async () => {
    const { escrow, reads, deployment: { addresses } } = await networkHelpers.loadFixture(market);
    await fc.assert(
      fc.asyncProperty(order, sale, fc.nat(), async (o, s, at) => {
        const terms = { order: o, sale: s };
        const pageNumber = at % o.pages.length;
        expect(await ask(escrow, "hashOrder", o)).to.equal(orderHash(CHAIN_ID, addresses.escrow, o));
        const id = dealId(CHAIN_ID, addresses.escrow, terms);
        const key = (o.flags & 1) !== 0 ? id : pageKey(id, pageNumber);
        const found = await reads.pageOf(terms, pageNumber);
        expect([found.dealId, found.key]).to.deep.equal([id, key]);
        expect(saleOf(saleWords(s))).to.deep.equal(s);
        expect(await ask(escrow, "keyOf", id, at)).to.equal(pageKey(id, at));
        expect(await ask(escrow, "contextOf", id, at)).to.equal(deliveryContext({ chainId: BigInt(CHAIN_ID), exchange: addresses.escrow, dealId: id, page: at }));
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  it("are the same for an order of no page, which nobody can buy", async () => {
    const { escrow, sold, deployment: { addresses } } = await networkHelpers.loadFixture(market);
    const none = { ...sold, pages: [] };
    expect(await ask(escrow, "hashOrder", none)).to.equal(orderHash(CHAIN_ID, addresses.escrow, none));
  });
});
