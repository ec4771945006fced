import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createCatalogClient, submitOffer } from "@qoodblock/sdk/catalog";
import { decodeDescription } from "@qoodblock/sdk/description";
import { recoverTypedData, sellOrderData } from "@qoodblock/sdk/eip712";
import { hashHeader } from "@qoodblock/sdk/formats";
import { decodeOffer, encodeOffer, totalPrice } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { resumePurchase } from "../../cli/flows/buyer/resume.ts";
import { PRICE, startMarket } from "../e2e/market.ts";
import type { Batch, Market } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { START } from "../workers/support/fleet.ts";
import { act } from "../workers/support/market.ts";
import { startWorker } from "../workers/support/processes.ts";

const root = join(import.meta.dirname, "../..");
const temporary = temporaryFolder();
/** Four messages of five rows. */
const ROWS = 20;
const ran = new Set<string>();
const children: ChildProcess[] = [];

function begin(name: string, args: readonly string[], privateKey?: string): ChildProcess {
  ran.add(name);
  const env = { ...process.env, ...(privateKey === undefined ? {} : { PRIVATE_KEY: privateKey }) };
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", `scripts/examples/${name}`, ...args], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  return child;
}

/** What an example that is running says in the end. */
async function ending(child: ChildProcess): Promise<string> {
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, "close") as Promise<[number]>]);
  assert.equal(code, 0, stderr);
  return stdout;
}
const run = (name: string, args: readonly string[], privateKey?: string): Promise<string> => ending(begin(name, args, privateKey));

describe("examples", { concurrency: 1 }, () => {
  let market: Market;
  let rpc: string;
  let deployment: string;
  let sold: { batch: Batch; offer: Offer; cid: string };
  let offerFile: string;
  let peers: readonly string[];

  before(async () => {
    market = await startMarket();
    rpc = market.provider._getConnection().url;
    const { format, chainId, startBlock, addresses } = market.client.deployment;
    deployment = temporary.file("deployment.json", JSON.stringify({ format, chainId, startBlock, addresses }));
    sold = await market.sell();
    offerFile = temporary.file("offer.json", encodeOffer(sold.offer));
    peers = (await market.seller.id()).addresses;
  });
  after(async () => {
    // Those that a failed test has left.
    for (const child of children) child.kill("SIGKILL");
    await market.stop();
  });

  it("read-agreement tells the shares, and what was denied since is not among them", async () => {
    const { owner, oem, tsp } = market.accounts;
    const args = (vehicle: string): string[] => [rpc, market.client.deployment.addresses.qoodShares, vehicle];
    const head = `version 1: owner ${owner.address}, OEM ${oem.address}, sold by ${tsp.address}\n`;
    assert.equal(await run("read-agreement.ts", args(market.car.config.vehicle)), `${head}USER ordinary: owner 60 %, OEM 10 %, agent 25 %, storage 5 %\n`);
    const other = await market.newCar();
    await act(market, owner, market.client.calls.deny(BigInt(other.config.vehicle), 1, 2, 1));
    assert.equal(await run("read-agreement.ts", args(other.config.vehicle)), head);
    assert.equal(await run("read-agreement.ts", args("99")), "no agreement is in force\n");
  });

  it("open-header tells when a batch was anchored, by whom, and when it was not", async () => {
    const { dataRegistry } = market.client.deployment.addresses;
    const { anchor, header } = sold.offer.lots[0]!;
    const { time, blockNumber } = await market.client.reads.anchorOf(anchor.tsp, anchor.root);
    const said = await run("open-header.ts", [rpc, dataRegistry, offerFile]);
    assert.equal(said, `header ${hashHeader(header.words)}: anchor 0 of ${anchor.tsp}, ${new Date(time * 1000).toISOString()}, block ${blockNumber}\n`);
    const batch = market.seal();
    const nowhere = temporary.file("nowhere.json", encodeOffer(await market.offer(await market.lot(batch, { anchoredBy: null }), batch)));
    assert.equal(await run("open-header.ts", [rpc, dataRegistry, nowhere]), "no anchor of this TSP opens to the header\n");
  });

  it("sdk-buy buys and opens a dataset, listen-purchases tells of it, and withdraw-income pays its owner", { timeout: 120_000 }, async () => {
    const { owner, buyer, tsp } = market.accounts;
    const { escrow, qdd } = market.client.deployment.addresses;
    const folder = temporary.path("files");
    mkdirSync(folder);
    for (const cid of Object.values(sold.offer.lots[0]!.cids)) writeFileSync(join(folder, cid), await market.seller.get(cid));
    writeFileSync(join(folder, sold.cid), encodeOffer(sold.offer));

    const listening = begin("listen-purchases.ts", [rpc, escrow, "1"]);
    await once(listening.stderr!, "data");
    const heard = ending(listening);
    const buying = begin("sdk-buy.ts", [rpc, deployment, sold.cid, folder], buyer.privateKey);
    const bought = ending(buying);
    const id = await new Promise<Hex>((resolve) => {
      let said = "";
      buying.stderr!.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const found = /^deal (0x[0-9a-f]{64})/m.exec(said);
        if (found !== null) resolve(found[1] as Hex);
      });
    });
    await market.deliver(await resumePurchase(market.buyer, id, sold.cid, [...peers]), sold.batch.k);
    const [head, ...lines] = (await bought).trimEnd().split("\n");
    assert.match(head!, /^Vehicle\.QoodBlock\.Time,/);
    assert.equal(lines.length, ROWS);
    const first = sold.batch.sealed.header.rest.firstTime;
    assert.ok(first >= START);
    lines.forEach((line, i) => assert.ok(line.startsWith(`${new Date(first + i * 1000).toISOString()},`), line));
    assert.match(await heard, new RegExp(`^block \\d+: ${buyer.address} bought from ${tsp.address}, deal ${id}\n$`));

    // 60 % by the agreement.
    const due = (PRICE * 6n) / 10n;
    const had = await market.client.reads.balanceOf(qdd, owner.address as Hex);
    assert.match(await run("withdraw-income.ts", [rpc, escrow, qdd], owner.privateKey), new RegExp(`^withdrew ${due} in 0x`));
    assert.equal((await market.client.reads.balanceOf(qdd, owner.address as Hex)) - had, due);
    assert.equal(await run("withdraw-income.ts", [rpc, escrow, qdd], owner.privateKey), "nothing to withdraw\n");
  });

  it("sdk-buy is a program of at most 20 lines", () => {
    const lines = readFileSync(join(root, "scripts/examples/sdk-buy.ts"), "utf8").split("\n").filter((line) => line !== "" && !/^\/[/*]/.test(line));
    assert.ok(lines.length <= 20, `${lines.length} lines`);
    assert.ok(lines.every((line) => line.length <= 130), "a line that is several");
  });

  it("sdk-sell-order makes an order that the exchange takes", async () => {
    const { tsp } = market.accounts;
    const written = await run("sdk-sell-order.ts", [rpc, deployment, offerFile, "2500000"], tsp.privateKey);
    const offer = decodeOffer(new TextEncoder().encode(written));
    const { chainId, addresses } = market.client.deployment;
    assert.equal(recoverTypedData(sellOrderData({ chainId, verifyingContract: addresses.escrow }, offer.order), offer.signature), tsp.address);
    assert.equal(totalPrice(offer.order), 2_500_000n);
    const paid = await market.purchase(await market.publish(offer));
    assert.equal((await market.client.reads.pageOf(paid.terms, 0)).deal.state, "Funded");
  });

  it("sdk-open-car verifies and decrypts with no network, and finds a byte that is wrong", { timeout: 60_000 }, async () => {
    const { offer, cid, batch } = sold;
    const chunks: Uint8Array[] = [];
    for await (const chunk of market.seller.exportCar([cid, ...Object.values(offer.lots[0]!.cids)])) chunks.push(chunk);
    const car = Buffer.concat(chunks);
    const lines = (await run("sdk-open-car.ts", [temporary.file("batch.car", car), batch.k.toString()])).trimEnd().split("\n");
    assert.match(lines[0]!, /^Vehicle\.QoodBlock\.Time \[iso8601\],/);
    assert.equal(lines.length, ROWS + 1);
    const spoilt = Buffer.from(car);
    spoilt[car.length - 9]! ^= 1;
    const [wrong, key] = [begin("sdk-open-car.ts", [temporary.file("spoilt.car", spoilt), batch.k.toString()]), begin("sdk-open-car.ts", [temporary.path("batch.car"), (batch.k + 1n).toString()])];
    const ends = await Promise.all([wrong, key].map((child) => Promise.all([text(child.stdout!), text(child.stderr!), once(child, "close") as Promise<[number]>])));
    assert.deepEqual(ends.map(([, , [code]]) => code), [1, 1]);
    // Not a row was printed.
    assert.ok(ends.every(([stdout]) => stdout.split("\n").length <= 2));
    assert.match(ends[0]![1], /does not match its CID/);
    assert.match(ends[1]![1], /DATA_HASH_MISMATCH|KEY|commit/);
  });

  it("sdk-new-offers tells the offers of a catalog as they come", { timeout: 120_000 }, async () => {
    const flags = ["--deployment", deployment, "--chain-id", "31337", "--rpc", rpc, "--finality", "4", "--poll-ms", "50", "--store", temporary.path("index"), "--log-level", "warn"];
    const workers = [await startWorker("indexer", flags), await startWorker("catalog", [...flags, "--listen", "0"])];
    try {
      const url = String(workers[1]!.ready["catalog"]);
      const client = createCatalogClient(url);
      const send = async ({ offer, batch }: typeof sold): Promise<string> => (await submitOffer(client, offer, [decodeDescription(batch.sealed.description)])).orderHash;
      const child = begin("sdk-new-offers.ts", [url, "signal=Vehicle.Speed"]);
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
      for (const each of [await market.sell(), await market.sell()]) {
        const id = await send(each);
        assert.equal((await lines.next()).value, `${id} ${ROWS} records for ${PRICE}`);
      }
      child.kill("SIGTERM");
      await once(child, "close");
    } finally {
      for (const worker of workers) assert.equal(await worker.stop(), 0, worker.errors());
    }
  });

  it("are all run here, and all told of", () => {
    const programs = readdirSync(join(root, "scripts/examples")).filter((name) => name.endsWith(".ts"));
    assert.deepEqual([...ran].sort(), programs.sort());
    const page = readFileSync(join(root, "scripts/examples/README.md"), "utf8");
    for (const name of programs) assert.ok(page.includes(`\`${name} `), name);
  });
});
