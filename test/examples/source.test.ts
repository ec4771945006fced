/** A feed that comes from no car, sold from end to end: the shipped weather series, by an operator who is its only principal. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { HDNodeWallet, toBeHex } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createCatalogClient, fetchOffer } from "@qoodblock/sdk/catalog";
import { WEATHER } from "@qoodblock/sdk/dictionary";
import { isQoodError } from "@qoodblock/sdk/errors";
import { ZERO32 } from "@qoodblock/sdk/formats";
import { batchKey, dayOf, daySecret, mnemonicToSeed, streamSecret } from "@qoodblock/sdk/keys";
import { wmiBytes } from "@qoodblock/sdk/identity";
import { SOURCE_CODES, isSourceCode, signSource, sourceAgreement } from "@qoodblock/sdk/source";
import { createLog } from "../../workers/shared/log/index.ts";
import { serveRpc } from "../../workers/shared/storage/rpcServer.ts";
import { BOND, startMarket } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";
import { PAID } from "../cli/market.ts";
import { PASSPHRASE, answerOf, start, writeKeyFile } from "../cli/support.ts";
import { readSeries } from "../../scripts/sources/series.ts";
import { createHeliaStorage } from "../../workers/shared/storage/index.ts";
import { resumePurchase } from "../../cli/flows/buyer/resume.ts";
import { temporaryFolder } from "../support/folder.ts";
import { act, fundBuyer } from "../workers/support/market.ts";
import { startWorker } from "../workers/support/processes.ts";
import type { RunningWorker } from "../workers/support/processes.ts";
import { until } from "../workers/support/world.ts";

const root = join(import.meta.dirname, "../..");
const temporary = temporaryFolder();
const SERIES = "scripts/sources/weather.csv";
const PRICE = 1_500_000n;
/** The operator's words; whoever has them has its money and its keys. */
const WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";
interface Told {
  readonly vehicle: string;
  readonly stream: Hex;
  readonly sequence: number;
  readonly sealNonce: Hex;
  readonly offer: string;
  readonly cid: string;
  readonly records: number;
}

describe("a weather station", { concurrency: 1 }, () => {
  const operator = HDNodeWallet.fromPhrase(WORDS);
  const account = operator.address as Hex;
  let market: Market;
  let url: string;
  let deployment: string;
  let rpc: string;
  let told: Told;
  const workers: RunningWorker[] = [];
  const closing: (() => Promise<void>)[] = [];
  const serve = async (name: string, node: Awaited<ReturnType<typeof createHeliaStorage>>): Promise<string> => {
    const served = await serveRpc(node, temporary.path(name), createLog({ name, level: "silent" }));
    closing.push(() => served.close());
    return temporary.path(name);
  };

  before(async () => {
    market = await startMarket();
    rpc = market.provider._getConnection().url;
    const { format, chainId, startBlock, addresses } = market.client.deployment;
    deployment = temporary.file("deployment.json", JSON.stringify({ format, chainId, startBlock, addresses }));
    const flags = ["--deployment", deployment, "--chain-id", "31337", "--rpc", rpc, "--finality", "4", "--poll-ms", "50", "--store", temporary.path("index"), "--log-level", "warn"];
    workers.push(await startWorker("indexer", flags), await startWorker("catalog", [...flags, "--listen", "0"]));
    url = String(workers[1]!.ready["catalog"]);
    // What a registrar and the operator itself do before: accreditation under the code and as a TSP, coins, a standing balance.
    const { foundation, keeper } = market.accounts;
    const { calls } = market.client;
    await market.provider.send("anvil_setBalance", [account, toBeHex(10n ** 18n)]);
    await act(market, foundation, calls.accreditOem(account, wmiBytes("0WX")));
    await act(market, foundation, calls.accreditTsp(account, true));
    await fundBuyer(market, 10n * BOND, keeper);
    await act(market, keeper, calls.deposit(addresses.qdd, account, 10n * BOND));
    const node = await createHeliaStorage({ repo: temporary.path("operator") });
    closing.push(() => node.close());
    const args = [rpc, deployment, await serve("operator.sock", node), url, "Potsdam hill", SERIES, String(PRICE)];
    const { stdout } = await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", "scripts/sources/weather.ts", ...args], { cwd: root, env: { ...process.env, MNEMONIC: WORDS } });
    told = JSON.parse(stdout) as Told;
  });
  after(async () => {
    for (const worker of workers) assert.equal(await worker.stop(), 0, worker.errors());
    for (const close of closing) await close();
    await market.stop();
  });

  it("is a token whose maker and owner are one account, under a code of no maker of cars", async () => {
    const vehicle = BigInt(told.vehicle);
    const { reads } = market.client;
    assert.deepEqual([await reads.ownerOf(vehicle), await reads.oemOf(vehicle)], [account, account]);
    const client = createCatalogClient(url);
    const list = async (query: object): Promise<string[]> => (await client.GET("/v1/vehicles", { params: { query } })).data!.items.map(({ id }) => id);
    await until("the source to be indexed", async () => (await list({ kind: "source" })).length === 1, 60_000);
    assert.deepEqual(await list({ kind: "source" }), [told.vehicle]);
    assert.deepEqual(await list({ kind: "vehicle" }), [market.car.config.vehicle]);
  });

  it("is found by time and place, bought, opened, and all of the price is the operator's", { timeout: 120_000 }, async () => {
    await until("the offer to be open", async () => (await fetchOffer(createCatalogClient(url), told.offer)).status === "open", 60_000);
    const search = async (...more: string[]): Promise<string[]> => ((await answerOf(["buyer", "search", "--catalog", url, ...more])) as { offers: { offer: string }[] }).offers.map(({ offer }) => offer);
    const wanted = ["--schema", "weather-observation@1", "--signal", "CF.air_temperature"];
    const hour = ["--from", "2026-03-01T12:00:00Z", "--to", "2026-03-01T13:00:00Z"];
    assert.deepEqual(await search(...wanted, ...hour, "--bbox", "13,52.3,13.2,52.5"), [told.offer]);
    assert.deepEqual(await search(...wanted, "--from", "2026-03-02T12:00:00Z"), []);
    assert.deepEqual(await search(...wanted, "--bbox", "9,48,10,49"), []);

    const keystores = temporary.path("");
    writeKeyFile(keystores, "buyer", market.accounts.buyer);
    const own = await createHeliaStorage({ repo: temporary.path("buyer") });
    closing.push(() => own.close());
    const at = ["--keystores", keystores, "--deployment", deployment, "--rpc", rpc, "--storage", await serve("buyer.sock", own)];
    const out = temporary.path("bought");
    const buying = start([...at, "buyer", "buy", told.offer, "--account", "buyer", "--catalog", url, "--out", out], { QOOD_KEYSTORE_PASSPHRASE: PASSPHRASE });
    const id = (await buying.says(PAID))[1] as Hex;
    // The key follows from the operator's words alone.
    const rows = readSeries(join(root, SERIES), WEATHER);
    const k = batchKey(daySecret(streamSecret(mnemonicToSeed(WORDS), told.stream, 0), dayOf(rows[0]![0]!)), told.stream, told.sequence, told.sealNonce);
    await market.deliver(await resumePurchase({ ...market.buyer, storage: own }, id, told.cid, []), k);
    const run = await buying.end;
    assert.equal(run.code, 0, run.stderr);

    const [head, ...lines] = readFileSync(join(out, "records.csv"), "utf8").trimEnd().split("\n");
    assert.match(head!, /^Vehicle\.QoodBlock\.Time \[iso8601\],CF\.latitude \[degrees\],CF\.longitude \[degrees\],CF\.altitude \[m\],CF\.air_temperature \[Celsius\],/);
    const number = (cell: string): number | null => (cell === "" ? null : Number(cell));
    const seen = (text: string): (string | number | null)[] => [text.split(",")[0]!, ...text.split(",").slice(1).map(number)];
    assert.deepEqual(lines.map(seen), readFileSync(join(root, SERIES), "utf8").trimEnd().split("\n").slice(1).map(seen));

    const { reads, calls, deployment: { addresses } } = market.client;
    assert.equal(await reads.creditOf(account, addresses.qdd), 10n * BOND + PRICE);
    await act(market, operator, calls.withdraw(addresses.qdd, account, 10n * BOND + PRICE));
    assert.equal(await reads.balanceOf(addresses.qdd, account), 10n * BOND + PRICE);
  });

  it("has codes that no car has, and terms that give nobody else a share unless they say so", async () => {
    assert.ok(Object.keys(SOURCE_CODES).every(isSourceCode));
    for (const code of ["0WX", wmiBytes("0RD"), "0A9XYZ", wmiBytes("0A9XYZ")]) assert.ok(isSourceCode(code), code);
    for (const code of ["WDB", wmiBytes("WDB"), "1FA", "SA0", "0W", "0WI", "0AAXYZ", ""]) assert.ok(!isSourceCode(code), code);
    const terms = { name: "x", tsp: account, legalHash: ZERO32, deadline: 1 };
    await assert.rejects(signSource(operator, { chainId: 1, verifyingContract: account }, { ...terms, code: "WDB" }), (error) => isQoodError(error, "SOURCE_CODE"));
    const text = sourceAgreement({ vehicle: 1n, epoch: 1, operator: account, agent: account, agentBps: 2000, storage: { payee: account, bps: 500 }, tokens: [], legalHash: terms.legalHash, deadline: 1 });
    const sold = text.pairs.filter(({ authorised }) => authorised);
    assert.deepEqual(sold.map(({ dataClass, ownerBps, oemBps, agentBps, storageBps }) => [dataClass, ownerBps, oemBps, agentBps, storageBps]), [[2, 7500, 0, 2000, 500]]);
    assert.deepEqual([text.owner, text.oem], [account, account]);
  });

  it("is refused where the series is not of the schema", () => {
    const text = readFileSync(join(root, SERIES), "utf8");
    const read = (changed: string): unknown => readSeries(temporary.file("series.csv", changed), WEATHER);
    for (const [changed, words] of [[text.replace("visibility", "sight"), /header must name the columns/], [text.replace(",2.8,", ",mild,"), /series\.csv:2: a cell/], [text.replace("16.2", "99999"), /series\.csv:2: air_pressure/], [text.replace("2026-03-01T00:00", "noon"), /series\.csv:2: a cell/]] as const) {
      assert.throws(() => read(changed), (error) => isQoodError(error, "SERIES_FORM") && words.test(error.message), String(words));
    }
  });
});
