import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { publicKeyOf } from "@qoodblock/sdk/crypto";
import { randomDeliveryKey } from "@qoodblock/sdk/delivery";
import { MessageSigner } from "@qoodblock/sdk/device";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { CAROBD } from "@qoodblock/sdk/dictionary";
import { sellOrderData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { decodeRow, encodeRow } from "@qoodblock/sdk/formats";
import type { OfferLot } from "@qoodblock/sdk/market";
import { sealBatch } from "@qoodblock/sdk/sealing";
import type { SealInput, SealedBatch } from "@qoodblock/sdk/sealing";
import { awaitDelivery, giveReceipt, openDelivery } from "@qoodblock/sdk/purchase";
import { collect } from "../../sdk/sealing/collect.ts";
import { assembleBatch } from "../../sdk/sealing/seal.ts";
import { makeFrame } from "../../sdk/formats/frame.ts";
import { encodeInterval } from "../../sdk/formats/interval.ts";
import { closeRedis, connectRedis, createAppender, listDeadLetters, registerStream } from "../../workers/shared/queue/index.ts";
import { testRedis } from "../workers/support/engines.ts";
import { START, bytes32, goodRow } from "../workers/support/fleet.ts";
import { act } from "../workers/support/market.ts";
import { PRICE, flipped, replaceBlock, startMarket } from "./market.ts";
import type { Batch, Market } from "./market.ts";

/** A row that the car never sent, in place of the second row of message 1. */
function forge(messages: readonly DeviceMessage[]): DeviceMessage[] {
  const forged = [...messages];
  const row = [...decodeRow(messages[1]!.rows[1]!)];
  row[1] = (row[1] ?? 0) + 1;
  forged[1] = { ...messages[1]!, rows: messages[1]!.rows.map((bytes, i) => (i === 1 ? encodeRow(row) : bytes)) };
  return forged;
}

/** Seals forged messages under a header that states the true chain: all that can be checked without the key is right. */
function sealForgery(input: SealInput): SealedBatch {
  const honest = collect(input);
  const blocks = input.intervals[0]!.blocks.flatMap(({ messages }) => messages);
  const wire = forge(blocks.map((message) => ({ ...message, stream: input.header.stream, rows: [...message.rows] })));
  const lied = collect({ ...input, intervals: [{ blocks: blocks.map((message, i) => ({ messages: [{ ...message, rows: wire[i]!.rows }] })) }] });
  const content = { ...lied, chainAfter: honest.chainAfter };
  return assembleBatch(input, content, content.intervals.map((interval) => {
    const raw = encodeInterval(interval, CAROBD.columns.length);
    return { ...makeFrame(raw), rawLength: raw.length };
  }));
}

describe("a purchase", { concurrency: 1 }, () => {
  let market: Market;
  before(async () => {
    market = await startMarket();
  });
  after(async () => {
    await market.stop();
  });

  /** Buying it must fail with this code and one line that says what is wrong, and the buyer's account must not have moved. */
  async function refused(cid: string, code: string, says: RegExp): Promise<void> {
    const { client, provider, accounts } = market;
    const account = accounts.buyer.address as Hex;
    const state = async (): Promise<unknown[]> => [await client.reads.balanceOf(client.deployment.addresses.qdd, account), await provider.getTransactionCount(account), await provider.getBalance(account)];
    const before = await state();
    let error: unknown;
    try {
      await market.purchase(cid);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof QoodError)) assert.fail(error instanceof Error ? error : `bought, instead of ${code}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    assert.ok(!error.message.includes("\n"), error.message);
    assert.deepEqual(await state(), before, "something was paid or sent");
  }
  /** An honest batch whose offer names another lot entry. */
  async function withLot(change: (lot: OfferLot, batch: Batch) => OfferLot | Promise<OfferLot>): Promise<string> {
    const batch = market.seal();
    const lot = await change(await market.lot(batch), batch);
    return market.publish(await market.offer(lot, batch));
  }

  it("settles when everybody is honest, and no wrong key can be delivered in between", async () => {
    const { client, accounts } = market;
    const { reads, deployment } = client;
    const { qdd } = deployment.addresses;
    const { batch, cid } = await market.sell();
    const key = randomDeliveryKey();
    const before = await reads.balanceOf(qdd, accounts.buyer.address as Hex);
    const paid = await market.purchase(cid, key);
    assert.equal(await reads.balanceOf(qdd, accounts.buyer.address as Hex), before - PRICE);

    // Another key is honestly wrapped and proven: it is just not the one that the anchored header commits to.
    await assert.rejects(market.deliver(paid, batch.k + 1n), (error: QoodError) => error.code === "REVERT" && error.details.error === "Escrow_BadProof");
    assert.equal((await reads.dealOf(paid.dealId)).state, "Funded");

    await market.deliver(paid, batch.k);
    const delivered = [await awaitDelivery(market.buyer, paid, 50)];
    const [opened] = openDelivery(market.buyer, paid, delivered, key);
    assert.deepEqual(opened!.rows, batch.messages.flatMap(({ rows }) => rows.map((row) => decodeRow(row))));
    assert.throws(() => openDelivery(market.buyer, paid, delivered, randomDeliveryKey()), { code: "DELIVERY_WRONG_KEY" });
    const { split } = await giveReceipt(market.buyer, paid);
    assert.equal((await reads.dealOf(paid.dealId)).state, "Settled");
    assert.deepEqual([split.owner, split.oem, split.agent, split.storage], [1_800_000n, 300_000n, 750_000n, 150_000n]);
    assert.equal(await reads.creditOf(accounts.owner.address as Hex, qdd), split.owner);
  });

  describe("is refused before anything is paid:", { concurrency: 1 }, () => {
    it("a corrupted block in the seller's store", async () => {
      const { batch, cid } = await market.sell();
      replaceBlock(market.repos.seller, batch.sealed.ciphertext, flipped(batch.sealed.ciphertext));
      await refused(cid, "STORAGE_NOT_FOUND", /^the ciphertext cannot be had, so nothing is paid: /);
      // Mended by the seller, the same offer is good.
      replaceBlock(market.repos.seller, flipped(batch.sealed.ciphertext), batch.sealed.ciphertext);
      await market.purchase(cid);
    });
    it("a corrupted block in the buyer's own store", async () => {
      const { batch, cid, lot } = await market.sell();
      await market.buyer.storage.get(lot.cids.ciphertext);
      replaceBlock(market.repos.buyer, batch.sealed.ciphertext, flipped(batch.sealed.ciphertext));
      await refused(cid, "STORAGE_CORRUPT", /^the ciphertext cannot be had, so nothing is paid: block b\w+ in the store at .* does not match its CID/);
    });
    it("a missing dataHash list", async () => {
      const batch = market.seal();
      const lot = await market.lot(batch, { withholdDataHashes: true });
      await refused(await market.publish(await market.offer(lot, batch)), "STORAGE_NOT_FOUND", /^the dataHash list cannot be had, so nothing is paid: /);
    });
    it("another dataHash list, a shorter one, another ciphertext", async () => {
      const changed = (file: "dataHashes" | "ciphertext", bytes: (batch: Batch) => Uint8Array): Promise<string> =>
        withLot(async (lot, batch) => ({ ...lot, cids: { ...lot.cids, [file]: await market.seller.add(bytes(batch)) } }));
      await refused(await changed("dataHashes", ({ sealed }) => flipped(sealed.dataHashes)), "DATA_HASHES_DIGEST", /dataHash list is not the file that the header names/);
      await refused(await changed("dataHashes", ({ sealed }) => sealed.dataHashes.subarray(32)), "DATA_HASHES_LENGTH", /dataHash list has \d+ bytes/);
      await refused(await changed("ciphertext", ({ sealed }) => flipped(sealed.ciphertext)), "CIPHERTEXT_DIGEST", /ciphertext is not the file that the header names/);
    });
    it("a changed description file", async () => {
      const cid = await withLot(async (lot, { sealed }) => {
        const text = Buffer.from(sealed.description).toString().replace(`"records":20`, `"records":21`);
        assert.notEqual(text, Buffer.from(sealed.description).toString());
        return { ...lot, cids: { ...lot.cids, description: await market.seller.add(Buffer.from(text)) } };
      });
      await refused(cid, "DESCRIPTION_HASH", /description/);
    });
    it("a header that is not anchored", async () => {
      const batch = market.seal();
      const lot = await market.lot(batch, { anchoredBy: null });
      await refused(await market.publish(await market.offer(lot, batch)), "ANCHOR_MISSING", /^the header is not anchored: 0x\w{40} has no anchor 0x\w{64} on this chain$/);
    });
    it("a header that is not under the root named", async () => {
      const other = await market.sell();
      await refused(await withLot((lot) => ({ ...lot, anchor: { ...lot.anchor, root: other.lot.anchor.root } })), "ANCHOR_PATH", /not under the anchored root/);
    });
    it("a header that another account than its TSP has anchored", async () => {
      const batch = market.seal();
      const lot = await market.lot(batch, { anchoredBy: market.accounts.keeper });
      await refused(await market.publish(await market.offer(lot, batch)), "ANCHOR_MISSING", /^the header is not anchored: /);
    });
    it("a header of an account that is not the agreement's agent", async () => {
      const { cid } = await market.sell({ tsp: market.accounts.keeper });
      await refused(cid, "ANCHOR_AGENT", /^0x\w{40} was not the agreement's agent when it anchored the header at /);
    });
    it("a wrong device signature on the header, one of another key, none at all", async () => {
      const wrong = await withLot((lot) => ({ ...lot, envelope: { ...lot.envelope!, signature: toHex(flipped(Buffer.from(lot.envelope!.signature.slice(2), "hex"), 40)) } }));
      await refused(wrong, "DEVICE_SIGNATURE", /^the device did not sign the chain that the header ends with$/);
      const foreign = await withLot((lot) => ({ ...lot, envelope: { ...lot.envelope!, publicKey: toHex(publicKeyOf(bytes32("stranger"))) } }));
      await refused(foreign, "DEVICE_KEY", /not the one that the header names/);
      await refused(await withLot((lot) => ({ ...lot, envelope: null })), "DEVICE_ENVELOPE", /signature is missing/);
    });
    it("a device that is not registered for the vehicle", async () => {
      const privateKey = bytes32("a device nobody knows");
      const signer = new MessageSigner({ privateKey, stream: market.car.config.handle });
      const messages = [signer.sign([encodeRow(goodRow(START))], bytes32("salt").subarray(0, 16))];
      const { cid } = await market.sell({ messages, devicePublicKey: toHex(publicKeyOf(privateKey)) });
      await refused(cid, "DEVICE_UNKNOWN", /^device 0x\w{64} was not registered for this vehicle when the header was anchored$/);
    });
    it("an order that another key has signed, and one changed after signing", async () => {
      const { offer } = await market.sell();
      const domain = { chainId: offer.chainId, verifyingContract: offer.exchange };
      const signature = await signTypedData(market.accounts.keeper, sellOrderData(domain, offer.order));
      await refused(await market.publish({ ...offer, signature }), "OFFER_SIGNATURE", /^the order is not signed by its seller 0x\w{40}$/);
      await refused(await market.publish({ ...offer, order: { ...offer.order, complaintWindow: 6 } }), "OFFER_SIGNATURE", /not signed by its seller/);
      await refused(await market.publish({ ...offer, signature: "0x00" }), "OFFER_SIGNATURE", /not signed by its seller/);
    });
    it("an order for another exchange or chain", async () => {
      const { offer } = await market.sell();
      await refused(await market.publish({ ...offer, exchange: market.accounts.keeper.address as Hex }), "OFFER_ELSEWHERE", /^the offer is for exchange 0x\w{40} on chain 31337, not for /);
      await refused(await market.publish({ ...offer, chainId: 1 }), "OFFER_ELSEWHERE", /on chain 1, not for/);
    });
    it("a lot that the order does not sell", async () => {
      const [one, two] = [await market.sell(), await market.sell()];
      await refused(await market.publish({ ...one.offer, lots: two.offer.lots }), "OFFER_LOTS", /^the headers in the offer are not the lots that the order sells$/);
    });
    it("a header with one word changed", async () => {
      const { offer, lot } = await market.sell();
      const rest = { ...lot.header.rest, records: lot.header.rest.records + 1 };
      await refused(await market.publish({ ...offer, lots: [{ ...lot, header: { ...lot.header, rest } }] }), "HEADER_REST_HASH", /./);
      const words = { ...lot.header.words, kc1: lot.header.words.kc1 + 1n };
      await refused(await market.publish({ ...offer, lots: [{ ...lot, header: { ...lot.header, words } }] }), "OFFER_LOTS", /not the lots/);
    });
    it("an agreement whose text was changed", async () => {
      const { offer } = await market.sell();
      const text = { ...offer.agreement.text, storagePayee: market.accounts.tsp.address as Hex };
      await refused(await market.publish({ ...offer, agreement: { ...offer.agreement, text } }), "AGREEMENT_TEXT", /^the agreement in the offer is not the one that was recorded on the chain$/);
      await refused(await market.publish({ ...offer, agreement: { ...offer.agreement, version: 2 } }), "OFFER_AGREEMENT", /brings agreement version 2 and its order pins 1/);
    });
    it("an agreement that is not in force any more: the class denied, then all of it ended", async () => {
      const car = await market.newCar();
      const { offer, cid } = await market.sell({ car });
      const { vehicle, epoch } = offer.agreement.text;
      await act(market, market.accounts.owner, market.client.calls.deny(vehicle, epoch, 2, 1));
      await refused(cid, "AGREEMENT_DENIED", /^owner or OEM does not allow to sell class 2, privacy 1$/);
      await act(market, market.accounts.oem, market.client.calls.end(vehicle, epoch));
      await refused(cid, "AGREEMENT_NOT_IN_FORCE", /^the order pins agreement version 1; in force is none$/);
    });
    it("a stream of another vehicle", async () => {
      const car = await market.newCar();
      const batch = market.seal({ car });
      const lot = await market.lot(batch);
      await refused(await market.publish(await market.offer(lot, batch)), "STREAM_FOREIGN", /^the header's stream is not of the vehicle and class that the order sells$/);
    });
    it("a file that is no offer", async () => {
      await refused(await market.seller.add(Buffer.from("{}")), "BAD_OFFER", /^offer file: /);
    });
  });

  describe("of a forged device message", { concurrency: 1 }, () => {
    it("does not come about: the append function refuses it, with the reason", async () => {
      const dir = mkdtempSync(join(tmpdir(), "qood-forged-"));
      const engine = await testRedis(dir);
      const redis = connectRedis(engine.socket);
      try {
        const { config } = market.car;
        await registerStream(redis, "t", config);
        const messages = forge(market.drive(market.car, 0));
        const answers = await createAppender(redis, "t").append(messages, "a gateway");
        assert.deepEqual(answers.map((answer) => (answer.status === "refused" ? answer.code : answer.status)), ["stored", "MESSAGE_SIGNATURE", "early", "early"]);
        const [letter, ...more] = await listDeadLetters(redis, "t");
        assert.deepEqual(more, []);
        const { stream, counter, code, origin } = letter!;
        assert.deepEqual({ stream, counter, code, origin }, { stream: config.handle, counter: 1, code: "MESSAGE_SIGNATURE", origin: "a gateway" });
        assert.match(letter!.reason, /message 1/);
        // The true message is taken after it.
        const rest = await createAppender(redis, "t").append(market.drive(market.car, 0).slice(1), "a gateway");
        assert.deepEqual(rest.map(({ status }) => status), ["stored", "stored", "stored"]);
      } finally {
        await closeRedis(redis);
        await engine.stop();
        rmSync(dir, { recursive: true, force: true });
      }
    });

    it("is seen before paying where the header states the forged chain", async () => {
      const { cid } = await market.sell({ seal: (input) => {
        const messages = forge(input.intervals[0]!.blocks.flatMap((block) => block.messages).map((message) => ({ ...message, stream: input.header.stream })));
        return sealBatch({ ...input, intervals: [{ blocks: messages.map(({ counter, salt16, signature, rows }) => ({ messages: [{ counter, salt16, signature, rows }] })) }] });
      } });
      await refused(cid, "DEVICE_SIGNATURE", /^the device did not sign the chain that the header ends with$/);
    });

    it("is named by the buyer after decryption where the TSP hides it behind the true chain", async () => {
      const { batch, cid } = await market.sell({ seal: sealForgery });
      const key = randomDeliveryKey();
      const paid = await market.purchase(cid, key);
      await market.deliver(paid, batch.k);
      const delivered = [await awaitDelivery(market.buyer, paid, 50)];
      assert.throws(
        () => openDelivery(market.buyer, paid, delivered, key),
        (error: QoodError) => error.code === "MESSAGE_SIGNATURE" && error.details.counter === 1 && /message 1/.test(error.message),
      );
      // No receipt is signed, so the deal stays where it is.
      assert.equal((await market.client.reads.dealOf(paid.dealId)).state, "DeliveredProven");
    });
  });
});
