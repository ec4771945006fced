/** Found without us: five real libp2p nodes, a buyer who knows one of them, and a seller whom only the DHT knows; one node forges, one floods. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Wallet, ZeroAddress, ZeroHash } from "ethers";
import { latLngToCell } from "h3-js";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { recoverTypedData, sellOrderData, signTypedData } from "@qoodblock/sdk/eip712";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { hashHeader, openHeader } from "@qoodblock/sdk/formats";
import { dayOf } from "@qoodblock/sdk/keys";
import { encodeOffer, lotsHash, lotsOfPage, OFFER_FORMAT, page, sixPairs } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { sealBatch } from "@qoodblock/sdk/sealing";
import { createIndexNode, encodeEntry, EXCHANGE_PROTOCOL, indexCell, indexCid, openDataIndex, readEntry } from "../../workers/shared/dht/index.ts";
import type { DataIndex, Entry, FoundOffer, IndexKey, IndexNode, PeerFault } from "../../workers/shared/dht/index.ts";
import { bytesOf, DAY_START, sealInput } from "../sdk/support.ts";

const EXCHANGE: Hex = `0x${"e5".repeat(20)}`;
const DOMAIN = { chainId: 31337, verifyingContract: EXCHANGE };
const SELLER = new Wallet(toHex(bytesOf("seller", 32)));
/** Berlin at the resolution of public cells, and Paris. */
const [BERLIN, PARIS] = [latLngToCell(52.52, 13.405, 6), latLngToCell(48.85, 2.35, 6)];
const at = (byte: string): Hex => `0x${byte.repeat(20)}`;

/** What a buyer checks of an offer without the chain: who signed, what is sold, and that headers are what their hashes say. */
function check(offer: Offer): Promise<void> {
  const { order, lots } = offer;
  if (recoverTypedData(sellOrderData(DOMAIN, order), offer.signature).toLowerCase() !== order.seller.toLowerCase()) throw new QoodError("OFFER_SIGNATURE", "the order is not signed by its seller");
  for (const { header } of lots) openHeader(header);
  order.pages.forEach(({ lotsHash: wanted }, i) => {
    if (lotsHash(lotsOfPage(offer, i).map(({ header }) => hashHeader(header.words))) !== wanted) throw new QoodError("OFFER_LOTS", "the lots are not those of the order");
  });
  return Promise.resolve();
}

/** A signed offer of one batch with a public place. */
async function makeEntry(nonce: bigint, h3: readonly string[], seller = SELLER): Promise<{ entry: Entry; key: IndexKey; offer: Offer }> {
  const sealed = sealBatch({ ...sealInput({ sequence: Number(nonce) }), publicFields: { h3 } });
  const seen = seller.address as Hex;
  const order = {
    ...{ seller: seen, buyer: ZeroAddress as Hex, buyersRoot: ZeroHash as Hex, token: at("a1"), maxFeeBps: 500, agreementId: 1n, version: 1, dataClass: 2, privacy: 1, flags: 0, royaltyBps: 0 },
    ...{ hook: ZeroAddress as Hex, hookCodeHash: ZeroHash as Hex, pages: [page([sealed.headerHash], 3_000_000n)], deliverTime: 3600, answerTime: 3600, complaintWindow: 3600, repeatable: true },
    ...{ maxFills: 0, expiry: 4_000_000_000, nonce, legalHash: ZeroHash as Hex },
  };
  const { ciphertext, dataHashes } = sealed.cids;
  const offer: Offer = {
    ...{ format: OFFER_FORMAT, chainId: DOMAIN.chainId, exchange: EXCHANGE, order, signature: await signTypedData(seller, sellOrderData(DOMAIN, order)), ownerSignature: "0x", oemSignature: "0x" },
    agreement: {
      version: 1,
      text: {
        ...{ vehicle: 1n, epoch: 1, owner: at("01"), oem: at("02"), agent: seen, storagePayee: at("03"), pairs: sixPairs([]) },
        ...{ tokens: [{ token: at("a1"), oemFloor: 0n, userFloor: 0n, disputedFloor: 0n }], noticePeriod: 0, legalHash: ZeroHash as Hex, nonce: 0, deadline: 4_000_000_000 },
      },
    },
    lots: [{ header: sealed.header, envelope: sealed.envelope, anchor: { tsp: sealed.header.words.tsp, root: ZeroHash as Hex, sequence: 1, path: [] }, cids: { ciphertext, dataHashes, description: ciphertext }, former: 0 }],
    formers: [],
    multiaddrs: [],
  };
  return { entry: { offer: encodeOffer(offer), descriptions: [sealed.description] }, offer, key: { schema: sealed.header.rest.schema, day: dayOf(DAY_START), cell: h3[0] ?? null } };
}

describe("the data index", () => {
  let nodes: IndexNode[] = [];
  let middle: IndexNode;
  let [seller, buyer, forger, flooder] = [] as unknown as [IndexNode, IndexNode, IndexNode, IndexNode];
  const indexes: DataIndex[] = [];
  let found: Awaited<ReturnType<typeof makeEntry>>;
  const open = async (node: IndexNode): Promise<DataIndex> => {
    const index = await openDataIndex(node);
    indexes.push(index);
    return index;
  };
  async function search(index: DataIndex, key: IndexKey): Promise<{ offers: FoundOffer[]; faults: PeerFault[] }> {
    const offers: FoundOffer[] = [];
    const faults: PeerFault[] = [];
    for await (const each of index.find(key, { check, onFault: (fault) => void faults.push(fault) })) offers.push(each);
    return { offers, faults };
  }

  before(async () => {
    middle = await createIndexNode();
    const peers = middle.getMultiaddrs().map(String);
    // The buyer has heard of nobody yet: the DHT's own upkeep would make it meet the others.
    [seller, forger, flooder, buyer] = await Promise.all([createIndexNode({ peers }), createIndexNode({ peers }), createIndexNode({ peers }), createIndexNode()]);
    nodes = [middle, seller, buyer, forger, flooder];
    found = await makeEntry(7n, [BERLIN]);
  });
  after(async () => {
    for (const index of indexes) await index.close();
    for (const node of nodes) await node.stop();
  });

  it("brings a buyer to a seller whom it has never met, past a forger and a flooder", async () => {
    const { entry, key } = found;
    assert.equal(await (await open(seller)).announce(entry), 1);
    // The forger tells of the seller's own offers, cheaper, for other lots, and of another key.
    const cheaper = await Promise.all(
      [8n, 9n, 10n, 11n, 12n].map(async (nonce) => {
        const forged = await makeEntry(nonce, [BERLIN]);
        const order = { ...forged.offer.order, pages: [{ ...forged.offer.order.pages[0]!, price: 1n }] };
        return encodeEntry({ ...forged.entry, offer: encodeOffer({ ...forged.offer, order }) });
      }),
    );
    const told: Record<string, number> = {};
    await forger.handle(EXCHANGE_PROTOCOL, (stream) => {
      for (const bytes of cheaper) {
        told.forger = (told.forger ?? 0) + 1;
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        stream.send(Buffer.concat([length, bytes]));
      }
      void stream.close();
    });
    await forger.contentRouting.provide(indexCid(key));
    // The flooder repeats a right offer without an end: nothing of it is wrong but its number.
    const right = encodeEntry(entry);
    const framed = Buffer.concat([Buffer.alloc(4), right]);
    framed.writeUInt32BE(right.length);
    const cutOff = Promise.withResolvers<undefined>();
    await flooder.handle(EXCHANGE_PROTOCOL, (stream) => {
      void (async () => {
        while (stream.status === "open") {
          told.flooder = (told.flooder ?? 0) + 1;
          if (!stream.send(framed)) await stream.onDrain();
          // All nodes are of one process: the others must have their turns.
          await turn();
        }
      })().then(() => cutOff.resolve(undefined), () => cutOff.resolve(undefined));
    });
    await flooder.contentRouting.provide(indexCid(key));

    assert.deepEqual([buyer.getConnections().length, (await buyer.peerStore.all()).length], [0, 0]);
    await buyer.dial(middle.getMultiaddrs());
    const { offers, faults } = await search(await open(buyer), key);
    // Once, whoever told it first; and the forger's not at all.
    assert.equal(offers.length, 1);
    assert.deepEqual(Buffer.from(offers[0]!.entry), Buffer.from(right));
    assert.equal(offers[0]!.offer.order.nonce, 7n);
    const codeOf = (node: IndexNode): string | undefined => {
      const error = faults.find(({ provider }) => provider === node.peerId.toString())?.error;
      return isQoodError(error) ? error.code : undefined;
    };
    assert.deepEqual([codeOf(forger), codeOf(flooder), codeOf(seller)], ["OFFER_SIGNATURE", "INDEX_FLOOD", undefined]);
    assert.deepEqual([told.forger, (told.flooder ?? 0) >= 64], [5, true]);
    assert.equal(faults.length, 2);
    // The flooder was cut off, and not only no longer listened to.
    await cutOff.promise;
  });

  it("dials the provider that the DHT returned", async () => {
    const { entry, key } = await makeEntry(20n, [PARIS]);
    await buyer.hangUp(seller.peerId);
    await indexes[0]!.announce(entry);
    await buyer.hangUp(seller.peerId);
    const { offers, faults } = await search(indexes[1]!, key);
    assert.deepEqual([offers.map(({ provider }) => provider), faults], [[seller.peerId.toString()], []]);
    assert.ok(buyer.getConnections(seller.peerId).length > 0);
    // By the cell as it is published, or by any other cell of the same large one; and by no other day.
    assert.equal((await search(indexes[1]!, { ...key, cell: indexCell(PARIS) })).offers.length, 1);
    assert.equal((await search(indexes[1]!, { ...key, day: key.day + 1 })).offers.length, 0);
  });

  it("tells no more of what was withdrawn", async () => {
    const { entry, key } = await makeEntry(30n, []);
    assert.equal(key.cell, null);
    await indexes[0]!.announce(entry);
    assert.equal((await search(indexes[1]!, key)).offers.length, 1);
    indexes[0]!.withdraw(entry);
    assert.equal((await search(indexes[1]!, key)).offers.length, 0);
  });

  it("names a key by schema, large cell and day, and reads only entries of one form", async () => {
    const { entry, key } = found;
    const cid = (change: Partial<IndexKey>): string => indexCid({ ...key, ...change }).toString();
    assert.equal(new Set([cid({}), cid({ day: key.day + 1 }), cid({ cell: PARIS }), cid({ cell: null }), cid({ schema: toHex(bytesOf("other", 32)) })]).size, 5);
    assert.equal(cid({ cell: indexCell(BERLIN) }), cid({}));
    assert.throws(() => indexCid({ ...key, cell: "berlin" }), (error) => isQoodError(error, "INDEX_CELL"));
    assert.deepEqual(readEntry(encodeEntry(entry)).keys, [{ ...key, cell: indexCell(BERLIN) }]);
    const foreign = (await makeEntry(40n, [PARIS])).entry.descriptions;
    assert.throws(() => readEntry(encodeEntry({ ...entry, descriptions: [...entry.descriptions, ...foreign] })), (error) => isQoodError(error, "INDEX_ENTRY"));
    assert.throws(() => readEntry(encodeEntry(entry).subarray(1)), (error) => isQoodError(error));
  });
});
