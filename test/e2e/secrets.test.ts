import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { before, describe, it } from "node:test";
import { Queue } from "bullmq";
import { HDNodeWallet, Mnemonic } from "ethers";
import { z } from "zod";
import { bigintToBytes, fromHex } from "@qoodblock/sdk/bytes";
import { hkdf } from "@qoodblock/sdk/crypto";
import { createDeliveryKey, deliveryContext, deliveryKeyMessage, deliveryScalar } from "@qoodblock/sdk/delivery";
import { batchKey, daySecret, intervalKey, keyCommitment, segmentKey, streamSecret } from "@qoodblock/sdk/keys";
import { listAccounts, openMnemonic } from "../../cli/keystore.ts";
import { statePassphrase } from "../../scripts/demo/passphrase.ts";
import { PREFIX } from "../../scripts/demo/tsp.ts";
import { closeRedis, connectRedis, keys, readBatches } from "../../workers/shared/queue/index.ts";
import type { AnnouncedBatch } from "../../workers/shared/queue/index.ts";
import { startRedis } from "../../workers/shared/engines/redis.ts";
import { decryptEnvelope } from "../../workers/shared/vault/envelope.ts";
import { temporaryFolder } from "../support/folder.ts";
import { formsOf, searchFor } from "../support/search.ts";
import type { Found, Wanted } from "../support/search.ts";
import { runDemo } from "./support.ts";

const temporary = temporaryFolder();
const cache = fileURLToPath(new URL("../../.cache", import.meta.url));
const state = temporary.path("state");
const SEGMENT = 65_536;
/** The one file that holds a secret in the clear, as its own documentation says. */
const EXCEPTION = "passphrase";

const vaultContent = z.object({ boxPrivate: z.string(), deliverySecret: z.string(), streams: z.record(z.string(), z.string()) });
const dealTerms = z.object({ terms: z.object({ sale: z.object({ keyX: z.string(), keyY: z.string() }) }) });
const layoutOf = z.object({ layout: z.object({ storedLengths: z.array(z.int()) }) });

/** All files below a folder, sockets and links left out. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
}
/** Where in a folder which secrets stand, in which form. */
function searchFolder(folder: string, wanted: readonly Wanted[]): (Found & { file: string })[] {
  const search = searchFor(wanted);
  return filesIn(folder).flatMap((path) => search(readFileSync(path)).map((found) => ({ ...found, file: relative(folder, path) })));
}
const number = (name: string, value: bigint): Wanted => ({ name, bytes: bigintToBytes(value, 32), isNumber: true });
const secret = (name: string, hex: string): Wanted => ({ name, bytes: fromHex(hex), isNumber: true });
const text = (name: string, value: string): Wanted => ({ name, bytes: Buffer.from(value) });

/** What the run left in Redis, read from a copy of its files by a Redis of the test's own. */
async function readQueue(): Promise<{ batches: AnnouncedBatch[]; deals: { id: string; keyX: string; keyY: string }[] }> {
  const dir = temporary.path("redis-copy");
  cpSync(join(state, "redis"), dir, { recursive: true });
  const engine = await startRedis({ dir, cache });
  const redis = connectRedis(engine.socket);
  try {
    const batches = (await readBatches(redis, PREFIX, "0")).map(({ batch }) => batch);
    const deals = Object.entries(await redis.hgetall(keys.deals(PREFIX))).map(([id, record]) => ({ id, ...dealTerms.parse(JSON.parse(record)).terms.sale }));
    return { batches, deals };
  } finally {
    await closeRedis(redis);
    await engine.stop();
  }
}

/** The intervals' stored lengths, from the description file that a node keeps: the block with the header's hash. */
function storedLengths(descriptionHash: string): number[] {
  for (const path of filesIn(join(state, "tsp", "ipfs", "blocks"))) {
    const bytes = readFileSync(path);
    if (`0x${createHash("sha256").update(bytes).digest("hex")}` === descriptionHash) return layoutOf.parse(JSON.parse(bytes.toString())).layout.storedLengths;
  }
  throw new Error("the description file is not in the store");
}

describe("secrets", { concurrency: 1 }, () => {
  const accounts = new Map<string, HDNodeWallet>();
  const wanted: Wanted[] = [];
  let queue: Awaited<ReturnType<typeof readQueue>>;
  let passphrase: string;

  before(async () => {
    // Two batches on two days, so two deals.
    const run = await runDemo(["--json", "--state", state, "--hours", "0.3", "--start", "2024-03-01T23:50:00Z"]);
    assert.equal(run.code, 0, run.stderr);
    passphrase = statePassphrase(state);
    const folder = join(state, "keystores");
    for (const name of listAccounts(folder)) accounts.set(name, (await openMnemonic(folder, name, passphrase)).wallet);
    queue = await readQueue();
  });

  it("are all known to this test, and are the true ones", async () => {
    assert.deepEqual([...accounts.keys()], ["auditor", "buyer", "foundation", "oem", "owner", "storage", "tsp"]);
    for (const [name, wallet] of accounts) {
      const mnemonic = wallet.mnemonic;
      assert.ok(mnemonic instanceof Mnemonic);
      const words = mnemonic.phrase.split(" ");
      wanted.push(text(`${name}: phrase`, mnemonic.phrase), text(`${name}: words in a list`, words.join(",")), text(`${name}: words in JSON`, words.join('","')));
      wanted.push(secret(`${name}: entropy`, mnemonic.entropy), secret(`${name}: seed`, mnemonic.computeSeed()), secret(`${name}: private key`, wallet.privateKey));
      wanted.push(secret(`${name}: master key`, HDNodeWallet.fromSeed(mnemonic.computeSeed()).privateKey));
      wanted.push({ name: `${name}: key of VIN tags`, bytes: hkdf(fromHex(mnemonic.computeSeed()), "qood/vin-tag/v1", new Uint8Array(0), 32) });
    }
    const vaultFile = join(state, "tsp", "vault.json");
    const vault = vaultContent.parse(JSON.parse(Buffer.from((await decryptEnvelope(readFileSync(vaultFile, "utf8"), passphrase, vaultFile)).content).toString()));
    wanted.push(secret("vault: private key", vault.boxPrivate), secret("vault: delivery secret", vault.deliverySecret));

    const seed = fromHex((accounts.get("owner")!.mnemonic as Mnemonic).computeSeed(), 64);
    assert.equal(queue.batches.length, 2);
    for (const { lot } of queue.batches) {
      const { words, rest } = lot.header;
      const own = streamSecret(seed, words.stream, rest.keyEpoch);
      assert.equal(vault.streams[`${words.stream}:${rest.keyEpoch}`], `0x${Buffer.from(own).toString("hex")}`);
      const day = daySecret(own, rest.day);
      const k = batchKey(day, words.stream, words.sequence, rest.sealNonce);
      assert.equal(keyCommitment(k), words.kc1);
      const batch = `batch ${words.sequence}`;
      wanted.push({ name: "stream secret", bytes: own, isNumber: true }, { name: `${batch}: day secret`, bytes: day, isNumber: true }, number(`${batch}: k`, k));
      storedLengths(rest.descriptionHash).forEach((length, i) => {
        const key = intervalKey(k, i);
        wanted.push(number(`${batch}: key of interval ${i}`, key));
        for (let s = 0; s * SEGMENT < length; s += 1) wanted.push(number(`${batch}: key of interval ${i}, segment ${s}`, segmentKey(key, s)));
      });
    }

    const buyer = accounts.get("buyer")!;
    const { domain, types, value } = deliveryKeyMessage(buyer.address);
    const key = await createDeliveryKey(buyer, false);
    const signature = await buyer.signTypedData(domain, types, value);
    wanted.push(number("buyer: delivery secret", key.secret), { name: "buyer: signature that gives it", bytes: fromHex(signature.slice(0, 130), 64) });
    const { addresses } = z.object({ addresses: z.object({ escrow: z.string() }) }).parse(JSON.parse(readFileSync(join(state, "deployment", "deployment.json"), "utf8")));
    assert.equal(queue.deals.length, 2);
    for (const deal of queue.deals) {
      assert.deepEqual([BigInt(deal.keyX), BigInt(deal.keyY)], key.publicKey);
      const context = deliveryContext({ chainId: 31337n, exchange: addresses.escrow, dealId: deal.id, page: 0 });
      wanted.push(number(`deal ${deal.id.slice(0, 10)}: scalar r`, deliveryScalar(fromHex(vault.deliverySecret), context)));
    }
  });

  it("stand in no file of the state folder: queue, logs, vault, stores, chain, results", () => {
    assert.ok(wanted.length > 70, `only ${wanted.length} secrets are looked for`);
    assert.deepEqual(searchFolder(state, wanted), []);
  });

  it("but for the passphrase in the file that says so", () => {
    assert.deepEqual(searchFolder(state, [text("passphrase", passphrase)]).map(({ file }) => file), [EXCEPTION]);
    assert.equal(statSync(join(state, EXCEPTION)).mode & 0o077, 0);
  });

  it("would have been found: what is public is, in the queue, the chain, the logs and both stores", () => {
    const [batch] = queue.batches;
    const { header, anchor } = batch!.lot;
    const [deal] = queue.deals;
    const facts = [secret("header hash", batch!.headerHash), secret("anchor's root", anchor.root), secret("deal", deal!.id), secret("delivery key", `0x${BigInt(deal!.keyX).toString(16).padStart(64, "0")}`), secret("seal nonce", header.rest.sealNonce)];
    const found = searchFolder(state, facts);
    const holds = (name: string, places: readonly string[]): void => {
      for (const place of places) assert.ok(found.some((each) => each.name === name && each.file.startsWith(`${place}/`)), `${name} was not found in ${place}`);
    };
    holds("header hash", ["buyer", "chain", "redis", "tsp"]);
    holds("anchor's root", ["buyer", "chain", "redis", "tsp"]);
    holds("deal", ["chain", "logs", "redis"]);
    holds("delivery key", ["chain", "redis"]);
    assert.ok(found.some(({ name, form, file }) => name === "delivery key" && form === "decimal" && file.startsWith("redis")));
    holds("seal nonce", ["buyer", "redis", "tsp"]);
    // All that the queue was ever told stands in the file of commands, uncompressed; the file before it is an empty one.
    const folder = join(state, "redis", "appendonlydir");
    const [base, commands, ...more] = readdirSync(folder).filter((name) => !name.endsWith(".manifest")).sort();
    assert.deepEqual(more, []);
    assert.match(base!, /\.1\.base\.rdb$/);
    assert.ok(statSync(join(folder, base!)).size < 200);
    const told = readFileSync(join(folder, commands!), "latin1");
    for (const job of ["seal", "upload", "anchor", "prove"]) assert.ok(told.includes(`\r\n${PREFIX}:${job}:`), job);
  });

  it("would have been found in every form, in any file", () => {
    const canary: Wanted = { name: "canary", bytes: randomBytes(32), isNumber: true };
    const folder = temporary.path("canary");
    mkdirSync(folder);
    const forms = formsOf(canary);
    for (const [i, [, value]] of forms.entries()) temporary.file(`canary/${i}`, Buffer.concat([randomBytes(1000 + i), value, randomBytes(100)]));
    const found = searchFolder(folder, [...wanted, canary]);
    for (const [i, [form]] of forms.entries()) assert.ok(found.some((each) => each.file === String(i) && each.form === form), form);
    // As programs write it.
    const { bytes } = canary;
    const odd = Buffer.concat([Buffer.from("ab"), bytes, Buffer.from("cd")]);
    const written = [JSON.stringify({ k: Buffer.from(bytes) }), JSON.stringify(new Uint8Array(bytes)), `0x${Buffer.from(bytes).toString("hex")}`, odd.toString("base64"), odd.toString("base64url")];
    for (const each of written) assert.equal(searchFor([canary])(Buffer.from(each)).length > 0, true, each.slice(0, 20));
  });

  it("would have been found in a job, though the job was done and removed", async () => {
    const dir = temporary.path("redis-canary");
    const engine = await startRedis({ dir, cache });
    const canary = randomBytes(32);
    const redis = connectRedis(engine.socket);
    const jobs = new Queue("prove", { connection: redis, prefix: PREFIX });
    const job = await jobs.add("prove", { k: BigInt(`0x${canary.toString("hex")}`).toString() }, { jobId: "canary" });
    await job.remove();
    assert.equal(await jobs.getJob("canary"), undefined);
    await jobs.close();
    await closeRedis(redis);
    await engine.stop();
    assert.deepEqual(searchFolder(dir, [{ name: "canary", bytes: canary, isNumber: true }]).map(({ form }) => form), ["decimal"]);
  });
});
