// An owner's data: all of it in open formats, and gone again as far as it can be.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { HDNodeWallet } from "ethers";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { batchKey, daySecret, dayOf, streamSecret } from "@qoodblock/sdk/keys";
import { encodeOffer } from "@qoodblock/sdk/market";
import { sealBatch } from "@qoodblock/sdk/sealing";
import type { SealInput } from "@qoodblock/sdk/sealing";
import { closeRedis, connectRedis, encodeBatch, keys, registerStream } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { PRICE } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { testRedis } from "../workers/support/engines.ts";
import { startDesk } from "./market.ts";
import type { Desk } from "./market.ts";
import { answerOf, mistake, qood, writeKeyFile } from "./support.ts";

const temporary = temporaryFolder();
const RECORDS = 20;
type Row = Record<string, unknown>;
interface Sold { readonly cid: string; readonly file: string; readonly k: bigint; readonly header: Hex; readonly cids: readonly string[] }

describe("qood owner export and erase", { concurrency: 1 }, () => {
  let desk: Desk;
  let market: Market;
  let stream: Hex;
  let seed: Uint8Array;
  /** Sealed with keys of the owner's seed, as the TSP does that it has granted the stream to. */
  const sealOwn = (input: SealInput): { k: bigint; batch: ReturnType<typeof sealBatch> } => {
    const k = batchKey(daySecret(streamSecret(seed, stream, 0), dayOf(Date.UTC(2026, 2, 1))), stream, 0, input.header.sealNonce);
    return { k, batch: sealBatch({ ...input, keys: { k1: k } }) };
  };
  const sold: Sold[] = [];
  const out = temporary.path("export");
  const owner = (...args: string[]): string[] => [...desk.at(), "owner", ...args];
  const exporting = (folder = out, cids = sold.map(({ cid }) => cid)): string[] => owner("export", "--account", "principal", "--out", folder, "--peer", desk.peer, ...cids.flatMap((cid) => ["--offer", cid]));
  const read = (path: string): string => readFileSync(join(out, path), "utf8");
  const lines = (path: string): Row[] => read(path).trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
  const manifest = (): { files: Record<string, { sha256: string; bytes: number }>; days: Record<string, { headers: string[]; records: number; files: string[] }>; missing: Row[]; account: string } => JSON.parse(read("manifest.json")) as ReturnType<typeof manifest>;

  before(async () => {
    desk = await startDesk(temporary);
    market = desk.market;
    stream = market.car.config.handle;
    const { owner: wallet } = market.accounts;
    writeKeyFile(temporary.path("keystores"), "principal", wallet, true);
    seed = fromHex(wallet.mnemonic!.computeSeed(), 64);
    for (let i = 0; i < 2; i += 1) {
      let k = 0n;
      const seal = (input: SealInput): ReturnType<typeof sealBatch> => {
        const own = sealOwn(input);
        k = own.k;
        return own.batch;
      };
      const { batch, lot, offer, cid } = await market.sell({ seal });
      const file = temporary.file(`offer-${i}.json`, Buffer.from(encodeOffer(offer)).toString());
      sold.push({ cid, file, k, header: batch.sealed.headerHash, cids: Object.values(lot.cids) });
    }
    const paid = await market.purchase(sold[0]!.cid);
    await market.deliver(paid, sold[0]!.k);
    await answerOf([...desk.at(), "buyer", "receipt", paid.dealId, "--account", "buyer", "--settle", "--offer", sold[0]!.cid, "--peer", desk.peer]);
  });
  after(async () => {
    await desk.stop();
  });

  it("export writes records, offers, agreements and income, each in a manifest of hashes", async () => {
    const done = (await answerOf(exporting())) as Row;
    assert.deepEqual(done, { manifest: `${out}/manifest.json`, offers: 2, days: 1, kept: 0, records: 2 * RECORDS, missing: 0, files: 2 + 3 + 2 });
    const { files, days, account } = manifest();
    assert.equal(account, market.accounts.owner.address);
    for (const [path, { sha256, bytes }] of Object.entries(files)) {
      const content = readFileSync(join(out, path));
      assert.deepEqual([createHash("sha256").update(content).digest("hex"), content.length], [sha256, bytes], path);
    }
    const [first, ...others] = Object.entries(days) as [string, { headers: string[]; records: number }][];
    const [name, { headers, records }] = first!;
    assert.deepEqual([name, headers.toSorted(), records, others], [`carobd@1-${stream.slice(2)}-2026-03-01-v1`, sold.map(({ header }) => header).toSorted(), 2 * RECORDS, []]);
    // The two forms say the same.
    const [heading, ...csv] = read(`data/${name}.csv`).trimEnd().split("\n").map((line) => line.split(","));
    const json = lines(`data/${name}.jsonl`);
    assert.deepEqual([csv.length, json.length], [2 * RECORDS, 2 * RECORDS]);
    const paths = heading!.map((cell) => cell.split(" ")[0]!);
    for (const [i, cells] of csv.entries()) assert.deepEqual(paths.flatMap((path, at) => (cells[at] === "" ? [] : [[path, cells[at]]])), Object.entries(json[i]!).map(([path, value]) => [path, String(value)]));
    assert.equal(typeof json[0]!["Vehicle.Speed"], "number");
    assert.match(String(json[0]!["Vehicle.QoodBlock.Time"]), /^2026-03-01T/);
    assert.deepEqual(lines("agreements.jsonl").map(({ owner: who, version }) => [who, version]), [[market.accounts.owner.address, 1]]);
    const [sale, ...more] = lines("income.jsonl");
    // Six tenths, by the agreement.
    assert.deepEqual([sale!.kind, sale!.amount, sale!.page, more], ["sale", String((PRICE * 6000n) / 10_000n), 0, []]);
    assert.equal(read("income.csv").trimEnd().split("\n").length, 2);
  });

  it("export goes on: what is there is kept, what was changed or is new is written", async () => {
    const again = await qood(["--json", ...exporting()]);
    assert.deepEqual([(JSON.parse(again.stdout) as Row).kept, again.stderr], [1, ""]);
    const csv = Object.values(manifest().days)[0]!.files[0]!;
    const whole = read(csv);
    writeFileSync(join(out, csv), whole.slice(0, -5));
    assert.equal(((await answerOf(exporting())) as Row).kept, 0);
    assert.equal(read(csv), whole);
    rmSync(join(out, csv));
    assert.equal(((await answerOf(exporting())) as Row).kept, 0);
    assert.equal(read(csv), whole);
  });

  it("export notes what it cannot open, and takes nobody else's data", async () => {
    // Sealed with a key that is not of this seed.
    const other = await market.sell();
    const done = (await answerOf(exporting(temporary.path("partly"), [...sold.map(({ cid }) => cid), other.cid]))) as Row;
    assert.deepEqual([done.records, done.missing], [2 * RECORDS, 1]);
    const { missing } = JSON.parse(readFileSync(temporary.path("partly/manifest.json"), "utf8")) as { missing: Row[] };
    assert.deepEqual([missing[0]!.header, missing[0]!.code], [other.batch.sealed.headerHash, "KEY_COMMITMENT"]);
    await mistake(exporting().map((arg) => (arg === "principal" ? "owner" : arg)), "ACCOUNT_SEEDLESS", /holds a key and no words/);
    writeKeyFile(temporary.path("keystores"), "somebody", HDNodeWallet.createRandom(), true);
    const foreign = exporting(temporary.path("foreign")).map((arg) => (arg === "principal" ? "somebody" : arg));
    await mistake(foreign, "OFFER_OF_ANOTHER", /is of data of 0x/);
    await mistake(exporting().map((arg) => (arg === "principal" ? "somebody" : arg)), "EXPORT_FOLDER", /holds an export of 0x/);
  });

  it("export takes what nobody has offered too, by the batches that the TSP lists for its owner", async () => {
    const seal = (input: SealInput): ReturnType<typeof sealBatch> => sealOwn(input).batch;
    const unoffered = [await market.sell({ seal }), await market.sell({ seal })];
    const [prefix, socket] = ["own", temporary.path("tsp-redis")];
    const engine = await testRedis(socket);
    const redis = connectRedis(engine.socket);
    try {
      await registerStream(redis, prefix, market.car.config);
      for (const [i, { batch, lot }] of [...unoffered, await market.sell()].entries()) {
        const announced = {
          ...{ stream: i === 2 ? `0x${"ab".repeat(32)}` : stream, sequence: i, headerHash: batch.sealed.headerHash, lot, records: RECORDS, leafCount: 1, bytes: { raw: 1, compressed: 1, stored: 1 } },
          ...{ transaction: { hash: "0x", block: 1, gasUsed: 1, batches: 1, listCid: "b" }, ms: { seal: 1, upload: 1, anchor: 1 } },
        };
        await redis.xadd(keys.batches(prefix), "*", "batch", encodeBatch(announced));
      }
      const tsp = (...args: string[]): string[] => ["tsp", "--redis", engine.socket, "--redis-prefix", prefix, "batches", ...args];
      const file = temporary.path("batches.jsonl");
      const { vehicle } = market.car.config;
      assert.deepEqual(await answerOf(tsp("--vehicle", vehicle, "--out", file)), { file, streams: 1, batches: 2, records: 2 * RECORDS });
      assert.deepEqual(await answerOf(tsp("--stream", stream.slice(0, 12), "--out", file)), { file, streams: 1, batches: 2, records: 2 * RECORDS });
      await mistake(tsp("--out", file), "USAGE", /--vehicle or --stream/);
      await mistake(tsp("--vehicle", "7", "--out", file), "VEHICLE_UNKNOWN", /no stream of vehicle 7/);
      await mistake(tsp("--vehicle", vehicle, "--out", temporary.path("nowhere/file")), "FILE_UNWRITABLE", /ENOENT/);

      const [folder, both] = [temporary.path("unoffered"), temporary.path("both")];
      const done = (await answerOf([...exporting(folder, []), "--batches", file])) as Row;
      assert.deepEqual([done.offers, done.records, done.missing], [0, 2 * RECORDS, 0]);
      assert.equal(readFileSync(join(folder, "batches.jsonl"), "utf8"), readFileSync(file, "utf8"));
      // One that is named twice counts once, by its offer.
      const twice = (await answerOf([...exporting(both, [unoffered[0]!.cid]), "--batches", file])) as Row;
      assert.deepEqual([twice.offers, twice.records, twice.missing], [1, 2 * RECORDS, 0]);
      assert.equal(readFileSync(join(both, "batches.jsonl"), "utf8").trimEnd().split("\n").length, 1);

      // What is not as it was anchored is not taken.
      const [first] = readFileSync(file, "utf8").split("\n");
      const lot = JSON.parse(first!) as { anchor: { root: string }; header: { words: { sequence: string | number } } };
      const forged = { ...lot, anchor: { ...lot.anchor, root: `0x${"cd".repeat(32)}` } };
      writeFileSync(file, `${JSON.stringify(forged)}\n`);
      const out = temporary.path("forged");
      const left = (await answerOf([...exporting(out, []), "--batches", file])) as Row;
      assert.deepEqual([left.records, left.missing], [0, 1]);
      const { missing } = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")) as { missing: Row[] };
      assert.equal(missing[0]!.code, "ANCHOR_MISSING");
      writeFileSync(file, `${first!}\n{"header":1}\n`);
      await mistake([...exporting(out, []), "--batches", file], "BAD_LOTS", /line 2 is no batch/);
      await mistake([...exporting(out, []), "--batches", temporary.path("none")], "FILE_UNREADABLE", /ENOENT/);
    } finally {
      await closeRedis(redis);
      await engine.stop();
    }
  });

  it("erase tells in a dry run what it would send, and sends nothing", async () => {
    const { address } = market.accounts.owner;
    const nonce = await market.provider.getTransactionCount(address);
    const line = owner("erase", "--account", "owner", "--vehicle", market.car.config.vehicle, "--schema", "carobd@1", "--offer", sold[0]!.file, "--dry-run");
    assert.equal(((await answerOf(line)) as Row).dryRun, "dataRegistry.beginKeyEpoch");
    const both = (await answerOf([...line, "--deny"])) as Row[];
    assert.deepEqual(both.map(({ dryRun }) => dryRun), ["qoodShares.deny", "dataRegistry.beginKeyEpoch"]);
    assert.deepEqual([await market.provider.getTransactionCount(address), await market.client.reads.keyEpochOf(stream)], [nonce, 0]);
  });

  it("erase begins a key epoch, lets go of the files, and says who keeps what and what stays for ever", async () => {
    const { accounts, client } = market;
    const own = createKuboStorage(temporary.path("buyer.sock"));
    await own.connect(desk.peer);
    for (const cid of sold[0]!.cids) await own.pin(cid);
    const line = owner("erase", "--account", "owner", "--vehicle", market.car.config.vehicle, "--schema", "carobd@1", "--offer", sold[0]!.file);
    const done = (await answerOf([...line, "--deny"])) as Row & { unpinned: { files: number; blocks: number }; keepers: Row[]; forever: string[] };
    assert.deepEqual([done.stream, done.cancelled, done.denied, done.keyEpoch], [stream, 0, true, 1]);
    assert.deepEqual(done.stillOffered, [{ seller: accounts.tsp.address, what: "its orders can no longer be bought" }]);
    assert.equal(done.unpinned.files, 3);
    assert.ok(done.unpinned.blocks > 0);
    assert.deepEqual(await Promise.all(sold[0]!.cids.map((cid) => own.isPinned(cid))), [false, false, false]);
    await own.close();
    assert.deepEqual(done.keepers.map(({ who, as }) => [who, as]), [[accounts.tsp.address, "TSP"], [accounts.keeper.address, "storage"]]);
    assert.equal(done.forever.length, 3);
    assert.match(String(done.yours), /gone only with them/);
    assert.equal(await client.reads.keyEpochOf(stream), 1);
    // Nobody buys it any more.
    await mistake([...desk.at(), "buyer", "show", ...desk.from(sold[1]!.cid)], "AGREEMENT_DENIED", /./);
  });

  it("erase cancels the account's own orders, and is nobody else's to do", async () => {
    const { accounts, client } = market;
    // An owner who sells without a TSP's hand signs the order itself.
    const other = owner("erase", "--account", "buyer", "--vehicle", market.car.config.vehicle, "--schema", "carobd@1");
    await mistake(other, "REVERT", /dataRegistry\.beginKeyEpoch/);
    const signed = JSON.parse(readFileSync(sold[1]!.file, "utf8")) as { order: { seller: string; nonce: string } };
    signed.order.seller = accounts.owner.address;
    const file = temporary.file("own.json", JSON.stringify(signed));
    const done = (await answerOf(owner("erase", "--account", "owner", "--vehicle", market.car.config.vehicle, "--schema", "carobd@1", "--offer", file))) as Row;
    assert.deepEqual([done.cancelled, done.stillOffered, done.keyEpoch], [1, [], 2]);
    assert.equal(await client.reads.isCancelled(accounts.owner.address as Hex, BigInt(signed.order.nonce)), true);
  });
});
