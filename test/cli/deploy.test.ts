import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { JsonRpcProvider } from "ethers";
import { createClient, createReads, faucetTerms, parseDeployment, send } from "@qoodblock/sdk/client";
import type { DeploymentRecord } from "../../scripts/deploy/record.ts";
import { startAnvil } from "../../workers/shared/engines/anvil.ts";
import type { ChainEngine } from "../../workers/shared/engines/anvil.ts";
import { temporaryFolder } from "../support/folder.ts";
import { MNEMONIC, testAccount } from "../workers/support/engines.ts";
import { answerOf, mistake, start, writeKeyFile } from "./support.ts";

const temporary = temporaryFolder();
/** A public testnet's, on a node of the test's own. */
const CHAIN = 84_532;
type Answer = Record<string, unknown>;
const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

/** An explorer as far as the plugin asks it: it has every contract but one, and takes that one's sources. */
async function startExplorer(missing: string): Promise<{ url: string; server: Server; posted: URLSearchParams[] }> {
  const posted: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { searchParams } = new URL(request.url!, "http://explorer");
      const action = searchParams.get("action");
      if (action === "verifysourcecode") posted.push(new URLSearchParams(await text(request)));
      const known = searchParams.get("address")?.toLowerCase() !== missing.toLowerCase();
      const answers: Record<string, unknown> = { getsourcecode: [{ SourceCode: known ? "contract" : "" }], verifysourcecode: "a ticket", checkverifystatus: "Pass - Verified" };
      response.end(JSON.stringify({ status: "1", message: "OK", result: answers[action!] }));
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, posted };
}

describe("qood deploy on a chain that is not the local one", { concurrency: 1 }, () => {
  const keystores = temporary.path("keystores");
  const records = temporary.path("records");
  const out = temporary.path("out");
  let chain: ChainEngine;
  let provider: JsonRpcProvider;
  const deployer = testAccount(0);
  const at = (...more: string[]): string[] => ["--keystores", keystores, "--rpc", chain.url, "--network", "base-sepolia", "deploy", "--account", "deployer", "--records", records, "--tsp", testAccount(3).address, ...more];
  const sent = (): Promise<number> => provider.getTransactionCount(deployer.address);
  const open = async (port?: number): Promise<void> => {
    chain = await startAnvil({ dir: temporary.path("chain"), mnemonic: MNEMONIC, accounts: 4, chainId: CHAIN, port });
    provider = new JsonRpcProvider(chain.url, CHAIN, { staticNetwork: true, cacheTimeout: -1 });
  };

  before(async () => {
    mkdirSync(keystores);
    writeKeyFile(keystores, "deployer", deployer);
    await open();
  });
  after(async () => {
    provider.destroy();
    await chain.stop();
  });

  it("refuses development keys, another chain than the network's, and what cannot be read", async () => {
    await mistake(at("--out", out), "DEPLOY_REFUSED", /chain 84532 is public and the verifier is of a development key.*--allow-development-key/);
    await mistake(at().map((arg) => (arg === "base-sepolia" ? "op-sepolia" : arg)), "WRONG_CHAIN", /is of chain 84532, and op-sepolia is chain 11155420/);
    await mistake(["--keystores", keystores, "deploy", "--account", "deployer"], "OPTION_MISSING", /--network is needed/);
    await mistake(at("--beacon", "dice"), "USAGE", /--beacon must be one of none, blockhash, prevrandao/);
    await mistake(at("--verify", "sourcery"), "USAGE", /--verify sourcery must be one of etherscan, blockscout, sourcify/);
    await mistake(at("--oem", "0x12=WDB"), "USAGE", /--oem must be an address/);
    assert.deepEqual([await sent(), existsSync(out)], [0, false]);
  });

  it("tells in a dry run every transaction and the cost at the chain's price, and sends nothing", async () => {
    const tried = (await answerOf(at("--out", out, "--allow-development-key", "--dry-run"), {})) as Answer & { transactions: { what: string; gas: string }[] };
    assert.deepEqual([tried.dryRun, tried.chainId, tried.deployer], ["deploy", CHAIN, deployer.address]);
    assert.equal(tried.transactions.reduce((sum, { gas }) => sum + BigInt(gas), 0n).toString(), tried.gas);
    assert.ok(Number(tried.cost) > 0 && BigInt(String(tried.gasPrice)) > 0n);
    assert.ok(tried.transactions.some(({ what }) => what === "bind delays"));
    assert.deepEqual([await sent(), existsSync(out)], [0, false]);
  });

  it("goes on after a kill, with another signer too, and a further run sends nothing", async () => {
    const killed = start(at("--out", out, "--allow-development-key"));
    await killed.says(/deploy QDT: \d+ gas/);
    killed.child.kill("SIGKILL");
    await killed.end;
    assert.equal(existsSync(`${out}/deployment.json`), false);
    const contracts = await sent();
    // The development chain holds the deployer's key, as a signer's program does.
    const finish = ["--signer", chain.url, ...at("--out", out, "--allow-development-key")];
    const done = (await answerOf(finish, {})) as Answer;
    assert.ok(Number(done.transactions) > 2 && Number(done.transactions) < 10, String(done.transactions));
    assert.deepEqual([done.chainId, done.leastWindow, done.beacon, await sent() >= contracts], [CHAIN, 48 * 3600, "prevrandao", true]);
    const deployment = parseDeployment(read(`${out}/deployment.json`));
    const reads = createReads(deployment, provider);
    assert.deepEqual([await reads.leastWindow(), await reads.beaconOf(), await reads.isTsp(testAccount(3).address as `0x${string}`)], [48 * 3600, deployment.beacon, true]);

    const before = await sent();
    assert.equal(((await answerOf(at("--out", out, "--allow-development-key"))) as Answer).transactions, 0);
    assert.equal(await sent(), before);
    await mistake(at("--out", out, "--allow-development-key", "--dry-run"), "DEPLOY_BEGUN", /was begun/);
    await mistake(at("--out", out, "--allow-development-key", "--least-window", "200000"), "DEPLOY_STATE_MISMATCH", /other code or parameters/);
  });

  it("changes nothing after a restart of the node, or from a fresh checkout with the committed record", async () => {
    const before = await sent();
    const port = Number(new URL(chain.url).port);
    provider.destroy();
    await chain.stop();
    await open(port);
    assert.equal(await sent(), before);
    const fresh = temporary.path("fresh");
    const record = readFileSync(`${records}/${CHAIN}.json`, "utf8");
    assert.equal(((await answerOf(at("--out", fresh, "--allow-development-key"))) as Answer).transactions, 0);
    assert.equal(await sent(), before);
    assert.deepEqual(read(`${fresh}/deployment.json`), read(`${out}/deployment.json`));
    assert.equal(readFileSync(`${records}/${CHAIN}.json`, "utf8"), record);
    await mistake(at("--out", temporary.path("other"), "--allow-development-key", "--beacon", "blockhash"), "DEPLOY_STATE_MISMATCH", /SampleBeacon was deployed with other code or parameters/);
  });

  it("is found by the other commands through its record", async () => {
    const record = `${records}/${CHAIN}.json`;
    assert.deepEqual(await answerOf(["--deployment", record, "--rpc", chain.url, "admin", "schemas", "list"]), []);
    await mistake(["--keystores", keystores, "--deployment", record, "--rpc", chain.url, "buyer", "faucet", "--account", "deployer"], "NO_FAUCET", /the deployment on chain 84532 has no faucet/);
  });

  it("adds a faucet when it is asked for, keeps it in later runs and in a fresh checkout, and takes no other amount", async () => {
    await mistake(at("--out", out, "--faucet", "many"), "USAGE", /--faucet must be a whole number above 0/);
    const asked = at("--out", out, "--allow-development-key", "--faucet", "5000000", "--faucet-claims", "2");
    const done = (await answerOf(asked)) as Answer;
    const { faucet } = parseDeployment(read(`${out}/deployment.json`));
    assert.deepEqual([done.transactions, done.faucet, await faucetTerms(provider, faucet!)], [1, faucet, { amount: 5_000_000n, claimsPerDay: 2n }]);
    const before = await sent();
    for (const again of [asked, at("--out", out, "--allow-development-key"), at("--out", temporary.path("fresh-with-faucet"), "--allow-development-key")]) {
      const answer = (await answerOf(again)) as Answer;
      assert.deepEqual([answer.transactions, answer.faucet], [0, faucet]);
    }
    assert.equal(await sent(), before);
    await mistake(at("--out", out, "--allow-development-key", "--faucet", "6000000", "--faucet-claims", "2"), "DEPLOY_STATE_MISMATCH", /Faucet was deployed with other code or parameters/);
  });

  it("and the faucet gives a buyer tokens once a day, and says when the next are to be had", async () => {
    const claim = (account: string, ...more: string[]): string[] => ["--keystores", keystores, "--deployment", `${records}/${CHAIN}.json`, "--rpc", chain.url, "buyer", "faucet", "--account", account, ...more];
    for (const [i, name] of ["first", "second", "third"].entries()) writeKeyFile(keystores, name, testAccount(1 + i));
    await mistake(claim("first"), "REVERT", /the faucet holds 0 of the token and gives 5000000: somebody has to fill it by a transfer first/);

    const deployment = parseDeployment(read(`${out}/deployment.json`));
    const { calls, reads } = createClient(deployment, provider);
    const foundation = testAccount(0).connect(provider);
    const { timestamp } = (await provider.getBlock("latest"))!;
    await send(foundation, calls.attest(`0x${"01".repeat(32)}`, timestamp, 100_000_000n));
    await send(foundation, calls.mintQdd(deployment.faucet!, 50_000_000n));
    // The early morning of a day, so that midnight is far.
    const morning = (Math.floor(timestamp / 86_400) + 1) * 86_400 + 3600;
    await provider.send("evm_setNextBlockTimestamp", [morning]);
    await provider.send("evm_mine", []);
    const next = new Date((morning - 3600 + 86_400) * 1000).toISOString();

    const tried = (await answerOf(claim("first", "--dry-run"), {})) as Answer;
    assert.deepEqual([tried.dryRun, tried.amount, await reads.balanceOf(deployment.addresses.qdd, testAccount(1).address as `0x${string}`)], ["faucet.claim", "5000000", 0n]);
    const given = (await answerOf(claim("first"))) as Answer;
    assert.deepEqual([given.amount, given.holds, given.next, String(given.token).toLowerCase()], ["5000000", "5000000", next, deployment.addresses.qdd.toLowerCase()]);
    await mistake(claim("first"), "FAUCET_LATER", new RegExp(`${testAccount(1).address} has had its tokens of today: the next are to be had from ${next} on`, "i"));
    await answerOf(claim("second"));
    await mistake(claim("third"), "FAUCET_LATER", new RegExp(`all 2 claims of today are made: the next are to be had from ${next} on`));
  });

  it("hands sources and arguments to an explorer, and says which it has not taken", async () => {
    const { contracts } = read(`${records}/${CHAIN}.json`) as DeploymentRecord;
    const { url, server, posted } = await startExplorer(contracts.qdd.address);
    try {
      await answerOf(at("--out", out, "--allow-development-key", "--verify", "blockscout", "--explorer-url", url));
      assert.equal(posted.length, 1);
      const [form] = posted as [URLSearchParams];
      assert.deepEqual([form.get("contractaddress"), form.get("contractname"), form.get("codeformat")], [contracts.qdd.address, "project/contracts/tokens/QDD.sol:QDD", "solidity-standard-json-input"]);
      assert.match(form.get("compilerversion")!, /^v0\.8\.37\+commit/);
      const artifact = read("artifacts/contracts/tokens/QDD.sol/QDD.json") as { bytecode: string };
      const { data } = (await provider.getTransaction(contracts.qdd.transaction))!;
      assert.equal(form.get("constructorArguments"), data.slice(artifact.bytecode.length));
      const { sources, settings } = JSON.parse(form.get("sourceCode")!) as { sources: Record<string, unknown>; settings: { viaIR?: boolean } };
      assert.ok("project/contracts/tokens/QDD.sol" in sources && settings.viaIR === true);
    } finally {
      server.close();
    }
    await mistake(at("--out", out, "--allow-development-key", "--verify", "blockscout", "--explorer-url", "http://127.0.0.1:9"), "VERIFY_FAILED", /are deployed, and blockscout has not verified AccessManager/);
  });
});
