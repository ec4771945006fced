/** The SDK's client and the deploy script against the contracts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { formatEther, Interface, type InterfaceAbi } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { createClient, decodeError, decodeRevert, ERROR_INTERFACE, openingOf, parseDeployment, purchaseOf, readEvents, send } from "../../sdk/client/index.ts";
import { WORDS } from "../../sdk/client/words.ts";
import { isQoodError } from "../../sdk/errors/index.ts";
import { sellOrderData, signTypedData } from "../../sdk/eip712/index.ts";
import { hashRest } from "../../sdk/formats/index.ts";
import { decodeOffer, encodeOffer, MAX_OFFER_BYTES, type Offer, versionTerms } from "../../sdk/market/index.ts";
import { deploy, type DeployOptions } from "../../scripts/deploy/deploy.ts";
import { describeDryRun, dryRun } from "../../scripts/deploy/dry-run.ts";
import { STEPS } from "../../scripts/deploy/plan.ts";
import { renderAbis } from "../../scripts/abi/render.ts";
import { accounts, artifacts, ask, CHAIN_ID, contractAt, ethers, networkHelpers } from "./support/chain.ts";
import { anchorLot, BUYER_KEY, hash, header, order, SCHEMA, world } from "./support/world.ts";

const root = join(import.meta.dirname, "../..");
const failure = async (work: Promise<unknown>): Promise<unknown> => work.then(() => null, (error: unknown) => error);

describe("The client", () => {
  it("carries the ABIs of the compiled contracts", () => {
    for (const [name, text] of renderAbis(artifacts)) {
      expect(readFileSync(join(root, "sdk/client/abi", name), "utf8"), `sdk/client/abi/${name}: run node scripts/abi/main.ts`).to.equal(text);
    }
  });

  it("has a sentence for every error of ours, and each names only arguments that the error has", () => {
    const ours = ERROR_INTERFACE.fragments.filter((f) => f.type === "error") as unknown as { name: string; inputs: { name: string }[] }[];
    for (const { name, inputs } of ours) {
      if (!name.includes("_")) continue;
      expect(WORDS, name).to.have.property(name);
      for (const [, arg] of WORDS[name]!.matchAll(/\{(\w+)/g)) expect(inputs.map((i) => i.name), `${name}: ${arg!}`).to.include(arg);
    }
    const names = new Set(ours.map(({ name }) => name));
    for (const name of Object.keys(WORDS)) expect(names.has(name), name).to.equal(true);
  });

  it("tells a revert in words, of a read, of a transaction and of a node's raw answer", async () => {
    const w = await networkHelpers.loadFixture(world);
    const read = await failure(w.reads.oemOf(7n));
    expect(isQoodError(read, "REVERT") && read.message).to.equal("vehicleRegistry.oemOf: there is no vehicle 7");
    const sent = await failure(send(w.who.stranger, w.calls.stopToken(w.deployment.addresses.qdd, true)));
    expect(isQoodError(sent, "REVERT") && sent.details.error).to.equal("AccessManagedUnauthorized");
    const data = ERROR_INTERFACE.encodeErrorResult("Escrow_WrongState", [hash("deal"), 5]);
    expect(decodeError({ info: { error: { data: { data } } } })?.message).to.equal("the page is in state Settled, in which this is not possible");
    expect(decodeRevert(ERROR_INTERFACE.encodeErrorResult("Escrow_NotYet", [86_400, 1])).message).to.equal("this is possible after 1970-01-02T00:00:00Z only");
    expect(decodeRevert("0x").message).to.equal("the call reverted without a reason");
    expect(decodeRevert("0x12345678").name).to.equal("unknown");
    expect(decodeError(new Error("socket"))).to.equal(null);
  });

  it("buys and settles from an offer file", async () => {
    const w = await networkHelpers.loadFixture(world);
    const { who, calls, deployment, text } = w;
    const rest = {
      previousHeader: hash("0"), sealNonce: hash("n"), keyEpoch: 0, day: 1, leafSize: 4096, segmentSize: 65536, layout: 1, schema: SCHEMA,
      dictionaryVersion: 1, firstTime: 1, lastTime: 2, records: 1, rawLength: 1, storedLength: 64, cipherDigest: hash("c"), dataHashDigest: hash("d"),
      descriptionHash: hash("e"), deviceKey: hash("k"), firstCounter: 0, lastCounter: 0, chainBefore: hash("b"), chainAfter: hash("a"),
    };
    const words = header(w, { restHash: hashRest(rest) });
    const lot = await anchorLot(w, words);
    const sold = order(w, [words]);
    const cid = `bafybei${"a".repeat(52)}`;
    const offer: Offer = {
      format: "qood/offer/v2",
      chainId: CHAIN_ID,
      exchange: deployment.addresses.escrow,
      order: sold,
      signature: await signTypedData(who.tsp, sellOrderData(w.domain("escrow"), sold)),
      ownerSignature: "0x",
      oemSignature: "0x",
      agreement: { version: 1, text },
      lots: [{ header: { words, rest }, envelope: null, anchor: { tsp: who.at.tsp, root: hash("r"), sequence: 1, path: lot.path }, cids: { ciphertext: cid, dataHashes: cid, description: cid }, former: 0 }],
      formers: [],
      multiaddrs: ["/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWxyz"],
    };
    const read = decodeOffer(encodeOffer(offer));
    expect(read).to.deep.equal(offer);
    const receipt = await send(who.buyer, calls.buy(purchaseOf(read, { keyX: BUYER_KEY.publicKey[0], keyY: BUYER_KEY.publicKey[1], nonce: 1n })));
    const [event] = await readEvents(deployment, ethers.provider, "Bought", { fromBlock: receipt.blockNumber, toBlock: "latest" });
    expect(event!.transactionHash).to.equal(receipt.hash);
    await send(who.buyer, calls.settleByReceipt({ order: read.order, sale: event!.sale }, 0, versionTerms(read.agreement.text), { opening: openingOf(read) }));
    expect((await w.reads.dealOf(event!.dealId)).state).to.equal("Settled");
    for (const broken of ["{}", "no", JSON.stringify({ ...JSON.parse(new TextDecoder().decode(encodeOffer(offer))), extra: 1 })]) {
      expect(() => decodeOffer(new TextEncoder().encode(broken))).to.throw().with.property("code", "BAD_OFFER");
    }
    expect(() => decodeOffer(new Uint8Array(MAX_OFFER_BYTES + 1))).to.throw().with.property("code", "BAD_OFFER");
  });
});

describe("The deploy script", () => {
  async function options(change: Partial<DeployOptions> = {}): Promise<DeployOptions> {
    const who = await accounts();
    return { foundation: who.foundation, oems: [{ account: who.at.oem, wmis: ["WDB"] }], tsps: [who.at.tsp], leastWindow: 10, artifacts, developmentKey: true, ...change };
  }

  it("writes where it deployed, and a second run sends nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qood-deploy-"));
    try {
      const first = await deploy(await options({ folder }));
      expect(first.transactions.length).to.be.greaterThan(10);
      const file = parseDeployment(JSON.parse(readFileSync(join(folder, "deployment.json"), "utf8")));
      expect(file.addresses).to.deep.equal(first.addresses);
      const again = await deploy(await options({ folder }));
      expect(again.transactions).to.deep.equal([]);
      expect(again.addresses).to.deep.equal(first.addresses);
      expect(await failure(deploy(await options({ folder, leastWindow: 11 })))).to.have.property("code", "DEPLOY_STATE_MISMATCH");
      const { reads } = createClient(file, ethers.provider);
      expect([(await reads.tokenTermsOf(file.addresses.qdd)).listed, await reads.leastWindow()]).to.deep.equal([true, 10]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("records every contract with what it takes to check it, read back from the chain", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qood-deploy-"));
    try {
      const { addresses, record, startBlock } = await deploy(await options({ folder }));
      if (record === undefined) throw new Error("no record");
      expect(JSON.parse(readFileSync(join(folder, "record.json"), "utf8"))).to.deep.equal(record);
      expect(Object.keys(record.contracts)).to.have.members(Object.keys(addresses));
      expect(record.commit === null || /^[0-9a-f]{40}\+?$/.test(record.commit)).to.equal(true);
      for (const [key, { name, source, address, transaction, block, constructorArguments, compiler, compilerInput }] of Object.entries(record.contracts)) {
        expect(address, key).to.equal(addresses[key as keyof typeof addresses]);
        const receipt = (await ethers.provider.getTransactionReceipt(transaction))!;
        expect([receipt.contractAddress, receipt.blockNumber], name).to.deep.equal([address, block]);
        expect(block >= startBlock).to.equal(true);
        // Compiled once more by nobody, but encoded once more here: creation code and arguments are what was sent.
        const artifact = JSON.parse(readFileSync(join(artifacts, source, `${name}.json`), "utf8")) as { abi: InterfaceAbi; bytecode: string };
        const { data } = (await ethers.provider.getTransaction(transaction))!;
        expect(data === artifact.bytecode + Interface.from(artifact.abi).encodeDeploy(constructorArguments).slice(2), name).to.equal(true);
        expect(compiler).to.match(/^0\.8\.37\+commit/);
        expect(compilerInput).to.match(/^0x[0-9a-f]{64}$/);
      }
      // A hash that a stopped run could not write down any more is found on the chain.
      const state = JSON.parse(readFileSync(join(folder, "deploy-state.json"), "utf8")) as { contracts: Record<string, { transaction?: string }> };
      for (const key of ["escrow", "accessManager"]) delete state.contracts[key]!.transaction;
      writeFileSync(join(folder, "deploy-state.json"), JSON.stringify(state));
      expect((await deploy(await options({ folder }))).record).to.deep.equal(record);
      // Code that is not ours is named.
      await networkHelpers.setCode(addresses.qdd, (await ethers.provider.getCode(addresses.qdt)));
      expect(await failure(deploy(await options({ folder })))).to.have.property("code", "DEPLOY_READBACK");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("tells in a dry run what it would send and what that costs, and sends nothing", async () => {
    const { foundation, ...rest } = await options();
    const deployer = (await foundation.getAddress()) as Hex;
    const nonce = await ethers.provider.getTransactionCount(deployer);
    const plan = await dryRun(ethers.provider, deployer, rest);
    expect(await ethers.provider.getTransactionCount(deployer)).to.equal(nonce);
    const { transactions, addresses } = await deploy({ ...rest, foundation });
    expect(plan.addresses).to.deep.equal(addresses);
    expect(plan.transactions.map(({ what }) => what)).to.deep.equal(transactions.map(({ what }) => what));
    expect(plan.gas).to.equal(transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0n));
    expect(plan.cost).to.equal(plan.gas * plan.gasPrice);
    const lines = describeDryRun(plan);
    expect(lines.length).to.equal(transactions.length + 2);
    expect(lines[0]).to.contain("nothing was sent");
    expect(lines.at(-1)).to.contain(formatEther(plan.cost));
  });

  it("goes on where it was stopped, at each of its transactions", async () => {
    // One transaction a contract, then roles, two accreditations and the token.
    const all = STEPS.length + 4;
    for (const stopAt of [1, 5, 12, STEPS.length, STEPS.length + 1, all - 1]) {
      const folder = mkdtempSync(join(tmpdir(), "qood-deploy-"));
      try {
        const o = await options({ folder });
        const { foundation } = o;
        let sent = 0;
        const broken = new Proxy(foundation, {
          get: (target, name) => {
            if (name === "sendTransaction") return (t: Parameters<typeof foundation.sendTransaction>[0]) => ((sent += 1) > stopAt ? Promise.reject(new Error("stopped")) : target.sendTransaction(t));
            const value: unknown = Reflect.get(target, name);
            return typeof value === "function" ? (value.bind(target) as unknown) : value;
          },
        });
        expect(await failure(deploy({ ...o, foundation: broken }))).to.have.property("code", "CHAIN_CALL_FAILED");
        const { addresses, transactions } = await deploy(o);
        const escrow = await contractAt("Escrow", addresses.escrow);
        expect(await ask(escrow, "dataRegistry")).to.equal(addresses.dataRegistry);
        expect(((await ask(escrow, "tokenTermsOf", addresses.qdd)) as { listed: boolean }).listed).to.equal(true);
        expect(transactions.length + stopAt).to.equal(all);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
  });

  it("refuses a public network with a development key in one clear line", async () => {
    const who = await accounts();
    const provider = new Proxy(ethers.provider, {
      get: (target, name) => (name === "getNetwork" ? () => Promise.resolve({ chainId: 8453n }) : (Reflect.get(target, name) as unknown)),
    });
    const foundation = new Proxy(who.foundation, { get: (target, name) => (name === "provider" ? provider : (Reflect.get(target, name) as unknown)) });
    const refused = await failure(deploy(await options({ foundation })));
    expect(isQoodError(refused, "DEPLOY_REFUSED") && refused.message).to.contain("chain 8453 is public and the verifier is of a development key");
    expect(await failure(deploy(await options({ artifacts: "/nowhere" })))).to.have.property("code", "ARTIFACT_MISSING");
  });

  it("keeps windows of seconds to the local chain", async () => {
    const elsewhere = await (await import("hardhat")).network.create({ override: { chainId: 8453 } });
    const w = await networkHelpers.loadFixture(world);
    const a = w.deployment.addresses;
    const parts = (leastWindow: number) => [
      ...[a.accessManager, a.vehicleRegistry, a.dataRegistry, a.qoodShares],
      ...[a.keyDelivery1Verifier, a.keyDelivery8Verifier, a.keyDelivery32Verifier, a.complaintVerifier, leastWindow],
    ];
    const error = await failure(elsewhere.ethers.deployContract("EscrowDisputes", [parts(48 * 3600 - 1)]));
    expect(decodeError(error)?.name ?? String(error)).to.contain("Escrow_WindowTooShort");
    await elsewhere.ethers.deployContract("EscrowDisputes", [parts(48 * 3600)]);
    await elsewhere.close();
  });
});

