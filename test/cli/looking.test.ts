// What a buyer can have before paying, and the receipt by hand.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { verifyTypedData } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { samplePath } from "@qoodblock/sdk/client";
import { receiptData } from "@qoodblock/sdk/eip712";
import { orderHash } from "@qoodblock/sdk/market";
import { encodeSample, openSample, sampleIndices } from "@qoodblock/sdk/sealing";
import { readCar } from "../../workers/shared/storage/car.ts";
import { checkOffer } from "../../sdk/purchase/index.ts";
import { flipped } from "../e2e/market.ts";
import type { Batch, Market } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startDesk } from "./market.ts";
import type { Desk } from "./market.ts";
import { answerOf, mistake, qood } from "./support.ts";

const temporary = temporaryFolder();
const RECORDS = 20;
type Row = Record<string, unknown>;

describe("qood buyer sample, fetch and receipt", { concurrency: 1 }, () => {
  let desk: Desk;
  let market: Market;
  let sold: { batch: Batch; cid: string };
  let order: Hex;
  let server: Server;
  /** What the seller's endpoint answers; undefined: it has no such thing. */
  let sampled: Uint8Array | undefined;
  const asked: string[] = [];
  const buyer = (...args: string[]): string[] => [...desk.at(), "buyer", ...args];
  const head = (): Promise<number> => market.provider.getBlockNumber();

  before(async () => {
    desk = await startDesk(temporary);
    market = desk.market;
    server = createServer((request, response) => {
      asked.push(`${request.method!} ${request.url!}`);
      response.statusCode = sampled === undefined ? 403 : 200;
      response.end(sampled === undefined ? JSON.stringify({ code: "SAMPLE_NOT_GIVEN", message: "this seller gives no samples" }) : Buffer.from(sampled));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    // From here on a block comes with each transaction: what must be shown soon after its anchor is.
    await market.provider.send("evm_setIntervalMining", [0]);
    await market.provider.send("evm_setAutomine", [true]);
    const batch = market.seal();
    const lot = await market.lot(batch);
    const offer = { ...(await market.offer(lot, batch)), handover: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    sold = { batch, cid: await market.publish(offer) };
    order = orderHash(offer.chainId, offer.exchange, offer.order);
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await desk.stop();
  });

  it("fetch writes the files of an offer, and all of it as a CAR, and pays nothing", async () => {
    const [had, nonce] = [await desk.balance(), await market.provider.getTransactionCount(market.accounts.buyer.address)];
    const out = temporary.path("files");
    const { sealed } = sold.batch;
    const [row, ...more] = (await answerOf(buyer("fetch", ...desk.from(sold.cid), "--out", out, "--car"))) as Row[];
    assert.deepEqual([row, more], [{ lot: 0, header: sealed.headerHash, records: RECORDS, bytes: sealed.ciphertext.length, files: `${out}/batch-0` }, []]);
    const read = (name: string): Uint8Array => new Uint8Array(readFileSync(`${out}/${name}`));
    assert.deepEqual([read("batch-0.ciphertext"), read("batch-0.data-hashes"), read("batch-0.description.json")], [new Uint8Array(sealed.ciphertext), new Uint8Array(sealed.dataHashes), new Uint8Array(sealed.description)]);
    const car = await readCar((async function* () { yield await Promise.resolve(read("offer.car")); })());
    assert.deepEqual([String(car.roots[0]), car.roots.length], [sold.cid, 4]);
    let blocks = 0;
    for await (const { bytes } of car.blocks) blocks += bytes.length > 0 ? 1 : 0;
    assert.ok(blocks >= 8, String(blocks));
    assert.deepEqual([await desk.balance(), await market.provider.getTransactionCount(market.accounts.buyer.address)], [had, nonce]);
    // A file in the way of the folder.
    await mistake(buyer("fetch", ...desk.from(sold.cid), "--out", `${out}/offer.json`), "FILE_UNWRITABLE", /the files cannot be written into .*offer\.json/);
  });

  it("fetch writes nothing of an offer that does not hold", async () => {
    const wrong = await market.lot(market.seal(), { anchoredBy: null });
    const cid = await market.publish(await market.offer(wrong, sold.batch));
    await mistake(buyer("fetch", ...desk.from(cid), "--out", temporary.path("unanchored")), "OFFER_LOTS", /./);
    assert.equal(existsSync(temporary.path("unanchored")), false);
  });

  it("sample says what is missing, shows the batch and keeps the randomness when it is told to", async () => {
    const line = buyer("sample", ...desk.from(sold.cid));
    await mistake(line, "SAMPLE_NOT_SHOWN", /nobody has shown the batch with header 0x[0-9a-f]{64} to the beacon; within 8 blocks of its anchor you can, with --fix/);
    const before = await head();
    const tried = (await answerOf([...line, "--fix", "--dry-run"])) as Row;
    assert.deepEqual([tried.dryRun, await head()], ["sampleBeacon.show", before]);
    const early = await qood(["--json", ...line, "--fix"]);
    assert.match(early.stderr, /showing the batch with header[\s\S]*the sample comes from the randomness of block \d+, and the chain is at \d+: ask again then/);
    assert.equal(early.code, 1);
    const block = await market.client.reads.sampleBlockOf(sold.batch.sealed.headerHash);
    assert.ok(block > (await head()));
    await market.provider.send("anvil_mine", [`0x${(block - (await head()) + 2).toString(16)}`]);
    await mistake(line, "SAMPLE_NOT_YET", /which nobody has kept: --fix does/);
    const fixed = await qood(["--json", ...line, "--fix"]);
    assert.match(fixed.stderr, new RegExp(`keeping the randomness of block ${block}[\\s\\S]*this seller gives no samples`));
    assert.match(await market.client.reads.beaconValueOf(block), /[1-9a-f]/);
    assert.deepEqual([...new Set(asked)], [`GET ${samplePath(order, 0)}`]);
  });

  it("sample opens exactly the leaves that the chain names, and takes no others", async () => {
    const { reads } = market.client;
    const { headerHash } = sold.batch.sealed;
    const [batch] = (await checkOffer(market.buyer, sold.cid, [desk.peer])).batches;
    const [{ leafCount }, n] = [batch!.layout, await reads.sampleSize()];
    const value = await reads.beaconValueOf(await reads.sampleBlockOf(headerHash));
    const leaves = sampleIndices(headerHash, value, leafCount, n);
    const opened = openSample(batch!, { k1: sold.batch.k }, leaves);
    const [had, out] = [await desk.balance(), temporary.path("sample")];
    sampled = encodeSample(headerHash, opened);
    const line = buyer("sample", ...desk.from(sold.cid));
    const bytes = opened.reduce((sum, { plain }) => sum + plain.length, 0);
    // The batch has fewer leaves than the sample: it is given whole, and opens its records.
    assert.ok(leafCount <= n, String(leafCount));
    assert.deepEqual(await answerOf([...line, "--out", out]), [{ lot: 0, header: headerHash, leaves, of: leafCount, bytes, records: RECORDS }]);
    assert.equal(readFileSync(`${out}/sample-0.csv`, "utf8").trimEnd().split("\n").length, RECORDS + 1);
    assert.deepEqual(new Uint8Array(readFileSync(`${out}/sample-0-leaf-${leaves[0]!}.bin`)), new Uint8Array(opened[0]!.plain));
    assert.equal(await desk.balance(), had);

    sampled = encodeSample(headerHash, [{ ...opened[0]!, plain: flipped(opened[0]!.plain) }, ...opened.slice(1)]);
    await mistake(line, "SAMPLE_MISMATCH", /./);
    sampled = encodeSample(headerHash, [...opened, opened[0]!]);
    await mistake(line, "SAMPLE_LEAVES", /the sample is of leaves .*, the chain asks for/);
    sampled = encodeSample(`0x${"12".repeat(32)}`, opened);
    await mistake(line, "BAD_SAMPLE", /the sample is of the batch 0x1212/);
    sampled = new Uint8Array(600 * 1024).fill(0x20);
    await mistake(line, "HANDOVER_ANSWER", /more than 524288 bytes/);
    const plain = await market.sell();
    await mistake(buyer("sample", ...desk.from(plain.cid)), "SAMPLE_NOT_OFFERED", /names no endpoint/);
  });

  it("receipt signs for a deal of one's own, and settles with --settle", async () => {
    const { chainId, exchange } = (await checkOffer(market.buyer, sold.cid, [desk.peer])).offer;
    const { accounts } = market;
    // Delivered, and the program ended before its own receipt.
    const plain = await market.sell();
    const paid = await market.purchase(plain.cid);
    await market.deliver(paid, plain.batch.k);
    const id = paid.dealId;
    const { domain, types, message } = receiptData({ chainId, verifyingContract: exchange }, { dealId: id, page: 0n });
    const [signed, ...more] = (await answerOf(buyer("receipt", id, "--account", "buyer"))) as Row[];
    assert.deepEqual([signed!.dealId, signed!.page, more], [id, 0, []]);
    assert.equal(verifyTypedData(domain, types, message, String(signed!.signature)), accounts.buyer.address);
    await mistake(buyer("receipt", id, "--account", "keeper"), "DEAL_OF_ANOTHER", /nobody takes a receipt of anyone else/);
    await mistake(buyer("receipt", id, "--account", "buyer", "--dry-run"), "USAGE", /a signature alone sends nothing/);
    await mistake(buyer("receipt", id, "--account", "buyer", "--settle"), "OPTION_MISSING", /--offer CID is needed with --settle/);
    await mistake(buyer("receipt", id, "--account", "buyer", "--page", "1"), "DEAL_PAGE", /the deal has pages 0 to 0/);

    const settle = buyer("receipt", id, "--account", "buyer", "--settle", "--offer", plain.cid, "--peer", desk.peer);
    assert.equal(((await answerOf([...settle, "--dry-run"])) as Row).dryRun, "escrow.settleByReceipt");
    const credit = await desk.credit(accounts.owner.address as Hex);
    const [settled] = (await answerOf(settle)) as Row[];
    assert.deepEqual([settled!.dealId, settled!.page], [id, 0]);
    assert.equal((await desk.credit(accounts.owner.address as Hex)) - credit, BigInt(String(settled!.owner)));
    await mistake(settle, "DEAL_OVER", /page 0 is Settled/);
  });

  it("challenge and complain are there as in qood deal", async () => {
    const plain = await market.sell();
    const { dealId } = await market.purchase(plain.cid);
    const more = [dealId, plain.cid, "--account", "buyer", "--peer", desk.peer];
    await mistake(buyer("complain", ...more), "COMPLAINT_NO_DELIVERY", /nothing was delivered on the chain/);
    await mistake(buyer("challenge", ...more), "REVERT", /the page is in state Funded/);
  });
});
