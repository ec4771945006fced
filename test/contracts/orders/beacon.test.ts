/** The beacon that fixes samples: what is shown when, which randomness counts, and that SDK and contract name the same leaves. */
import { expect } from "chai";
import { decodeRlp, encodeRlp, getBytes, keccak256 } from "ethers";
import { network } from "hardhat";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { blockHeader, eventIn } from "../../../sdk/client/index.ts";
import type { QoodError } from "../../../sdk/errors/index.ts";
import { anchorTree, hashHeader, type HeaderWords } from "../../../sdk/formats/index.ts";
import { sampleIndices } from "../../../sdk/sealing/index.ts";
import { beaconOf } from "../../../scripts/deploy/plan.ts";
import { ask, ethers, networkHelpers, tx } from "../support/chain.ts";
import { refused } from "../support/deal.ts";
import { failing, mined } from "../support/orders.ts";
import { hash, header, type World, world } from "../support/world.ts";

/** As the plan deploys it on a local chain. */
const [WITHIN, DISTANCE] = [8, 12];
const [NONE, BLOCK_HASH, PREVRANDAO] = [0, 1, 2];

/** The contract of EIP-2935: its address and code, as the EIP gives them. */
const HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935";
const HISTORY_CODE = "0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

/** A header under an anchor of its TSP, with others beside it. */
async function anchored(w: World, words: HeaderWords, beside: string): Promise<{ path: Hex[]; block: number }> {
  const tree = anchorTree([hashHeader(words), hash(beside)]);
  const { blockNumber } = await mined(w.who.tsp, w.calls.anchor(tree.root, 1, tree.listHash, tree.listDigest));
  return { path: tree.paths[0]!, block: blockNumber };
}

async function fixture() {
  const w = await world();
  const words = header(w);
  return { ...w, words, headerHash: hashHeader(words), ...(await anchored(w, words, "beside")) };
}
const load = () => networkHelpers.loadFixture(fixture);
const blockNumber = (): Promise<number> => ethers.provider.getBlockNumber();
const mineTo = async (block: number): Promise<void> => networkHelpers.mineUpTo(block);

/** Shown and captured. */
async function fixed() {
  const f = await load();
  await tx(f.who.stranger, f.calls.showHeader(f.words, f.path));
  await mineTo(f.block + DISTANCE);
  await tx(f.who.stranger, f.calls.captureBeacon(f.block + DISTANCE));
  return { ...f, value: await f.reads.beaconValueOf(f.block + DISTANCE) };
}

/** A beacon of one's own, for other settings. */
const beacon = async (w: World, source: number, within = WITHIN, distance = DISTANCE) => ethers.deployContract("SampleBeacon", [w.deployment.addresses.dataRegistry, source, within, distance]);

describe("The beacon of samples", () => {
  it("is deployed with the chain's source, as the deployment says", async () => {
    const f = await load();
    expect(await f.reads.beaconOf()).to.deep.equal({ source: "blockhash", showWithin: WITHIN, distance: DISTANCE });
    expect(f.deployment.beacon).to.deep.equal(await f.reads.beaconOf());
  });

  describe("show", () => {
    it("fixes the block a fixed distance after the anchor, by anyone", async () => {
      const f = await load();
      const shown = eventIn(f.deployment, "HeaderShown", await mined(f.who.stranger, f.calls.showHeader(f.words, f.path)));
      expect(shown).to.deep.equal({ headerHash: f.headerHash, tsp: f.who.at.tsp, stream: f.words.stream, sequence: 0, sampleBlock: f.block + DISTANCE });
      expect(await f.reads.sampleBlockOf(f.headerHash)).to.equal(f.block + DISTANCE);
    });

    it("is possible up to the last block of its time, and not after", async () => {
      const f = await load();
      await mineTo(f.block + WITHIN - 1);
      const last = await networkHelpers.takeSnapshot();
      expect((await mined(f.who.stranger, f.calls.showHeader(f.words, f.path))).blockNumber).to.equal(f.block + WITHIN);
      await last.restore();
      await mineTo(f.block + WITHIN);
      await refused(tx(f.who.stranger, f.calls.showHeader(f.words, f.path)), "SampleBeacon_ShownTooLate", f.block + WITHIN, f.block + WITHIN + 1);
    });

    it("needs an anchor of the TSP that the header names", async () => {
      const f = await load();
      const foreign = { ...f.words, tsp: f.who.at.tsp2 };
      const root = anchorTree([hashHeader(foreign), hash("beside")]).root;
      await refused(tx(f.who.stranger, f.calls.showHeader(foreign, f.path)), "DataRegistry_NotAnchored", f.who.at.tsp2, root);
    });

    it("F27: a TSP that anchors again cannot choose among samples: the first anchor that was shown stays", async () => {
      const f = await load();
      await tx(f.who.tsp, f.calls.showHeader(f.words, f.path));
      const again = await anchored(f, f.words, "another tree");
      const second = await mined(f.who.tsp, f.calls.showHeader(f.words, again.path));
      expect(second.logs).to.have.length(0);
      expect(await f.reads.sampleBlockOf(f.headerHash)).to.equal(f.block + DISTANCE);
      await mineTo(f.block + DISTANCE + 1);
      await refused(tx(f.who.tsp, f.calls.showHeader(f.words, f.path)), "SampleBeacon_ShownTooLate", f.block + WITHIN, f.block + DISTANCE + 2);
    });

    it("F27: of two anchors shown in time the earlier one counts, whichever is shown first", async () => {
      const f = await load();
      const again = await anchored(f, f.words, "another tree");
      await tx(f.who.tsp, f.calls.showHeader(f.words, again.path));
      expect(await f.reads.sampleBlockOf(f.headerHash)).to.equal(again.block + DISTANCE);
      await tx(f.who.stranger, f.calls.showHeader(f.words, f.path));
      expect(await f.reads.sampleBlockOf(f.headerHash)).to.equal(f.block + DISTANCE);
    });
  });

  describe("capture", () => {
    it("keeps the hash of the block for ever", async () => {
      const f = await load();
      await mineTo(f.block + DISTANCE);
      const { hash: expected } = (await ethers.provider.getBlock(f.block + DISTANCE))!;
      const receipt = await mined(f.who.stranger, f.calls.captureBeacon(f.block + DISTANCE));
      expect(eventIn(f.deployment, "Captured", receipt)).to.deep.equal({ blockNumber: f.block + DISTANCE, value: expected });
      expect(await f.reads.beaconValueOf(f.block + DISTANCE)).to.equal(expected);
      await networkHelpers.mine(9_000);
      expect((await mined(f.who.stranger, f.calls.captureBeacon(f.block + DISTANCE))).logs).to.have.length(0);
      expect(await f.reads.beaconValueOf(f.block + DISTANCE)).to.equal(expected);
    });

    it("is possible while the chain knows the hash: 256 blocks by itself, 8,191 by its history contract, and not for blocks to come", async () => {
      const f = await load();
      const capture = (block: number) => tx(f.who.stranger, f.calls.captureBeacon(block));
      const next = (await blockNumber()) + 1;
      await refused(capture(next), "SampleBeacon_UnknownBlock", next);
      const { hash: expected } = (await ethers.provider.getBlock(f.block))!;
      await mineTo(f.block + 256);
      await refused(capture(f.block), "SampleBeacon_UnknownBlock", f.block);
      // The chain of these tests has no history of its own: EIP-2935's code, with what the chain would have written.
      await networkHelpers.setCode(HISTORY, HISTORY_CODE);
      await networkHelpers.setStorageAt(HISTORY, f.block % 8_191, expected!);
      await mineTo(f.block + 8_190);
      const early = await networkHelpers.takeSnapshot();
      await capture(f.block);
      expect(await f.reads.beaconValueOf(f.block)).to.equal(expected);
      await early.restore();
      await mineTo(f.block + 8_191);
      await refused(capture(f.block), "SampleBeacon_UnknownBlock", f.block);
    });

    it("takes prevrandao out of the block's own header, and out of nothing else", async () => {
      const f = await load();
      const own = await beacon(f, PREVRANDAO);
      const block = await blockNumber();
      const capture = (header: Hex) => own.connect(f.who.stranger).getFunction("capture")(block, header) as Promise<unknown>;
      await networkHelpers.mine(3);
      const right = await blockHeader(ethers.provider, block);
      const { hash: expected } = (await ethers.provider.getBlock(block))!;
      const other = await blockHeader(ethers.provider, block - 1);
      await refused(capture(other), "SampleBeacon_NotTheBlock", keccak256(other), expected);
      await refused(capture("0x"), "SampleBeacon_NotTheBlock", keccak256("0x"), expected);
      await capture(right);
      const { mixHash } = (await ethers.provider.send("eth_getBlockByNumber", [`0x${block.toString(16)}`, false])) as { mixHash: Hex };
      expect(await ask(own, "valueOf", block)).to.equal(mixHash);
      expect(BigInt(mixHash)).to.not.equal(0n);
    });

    it("refuses a block without randomness", async () => {
      const f = await load();
      const own = await beacon(f, PREVRANDAO);
      await networkHelpers.setPrevRandao(0);
      await networkHelpers.mine(1);
      const block = await blockNumber();
      await networkHelpers.mine(1);
      await refused(own.getFunction("capture")(block, await blockHeader(ethers.provider, block)) as Promise<unknown>, "SampleBeacon_NoValue", block);
    });
  });

  describe("sampleOf", () => {
    it("names the leaves that the SDK names, each once, for batches of every size", async () => {
      const f = await fixed();
      for (const leafCount of [1, 2, 3, 4, 5, 7, 31, 32, 33, 100, 4096, 2 ** 32 - 1]) {
        for (const n of [1, 4, 32]) {
          const leaves = await f.reads.sampleOf(f.headerHash, leafCount, n);
          expect(leaves, `${n} of ${leafCount}`).to.deep.equal(sampleIndices(f.headerHash, f.value, leafCount, n));
          expect(new Set(leaves).size).to.equal(Math.min(n, leafCount));
          for (const leaf of leaves) expect(leaf).to.be.below(leafCount);
        }
      }
    });

    it("needs a sample that is fixed, and sizes that make sense", async () => {
      const f = await fixed();
      const other = hash("another batch");
      expect(await failing(f.reads.sampleOf(other, 10, 4))).to.equal("SampleBeacon_NotFixed");
      for (const [leafCount, n] of [[0, 1], [2 ** 32, 1], [10, 0], [10, 33]] as const) expect(await failing(f.reads.sampleOf(f.headerHash, leafCount, n)), `${n} of ${leafCount}`).to.equal("SampleBeacon_SampleSize");
    });

    it("is of no use before the capture", async () => {
      const f = await load();
      const contract = await ethers.getContractAt("SampleBeacon", f.deployment.addresses.sampleBeacon);
      await tx(f.who.stranger, f.calls.showHeader(f.words, f.path));
      await mineTo(f.block + DISTANCE);
      expect(await ask(contract, "areFixed", [f.headerHash])).to.equal(false);
      await tx(f.who.stranger, f.calls.captureBeacon(f.block + DISTANCE));
      expect(await ask(contract, "areFixed", [f.headerHash])).to.equal(true);
      expect(await ask(contract, "areFixed", [f.headerHash, hash("never shown")])).to.equal(false);
    });

    it("is nobody's that comes from block 0, also when that is captured", async () => {
      // A chain of its own: the others' may be older than the 256 blocks whose hashes are known.
      const chain = await network.create();
      const own = await chain.ethers.deployContract("SampleBeacon", [hash("registry").slice(0, 42), BLOCK_HASH, WITHIN, DISTANCE]);
      await own.getFunction("capture")(0, "0x");
      expect(await ask(own, "valueOf", 0)).to.equal((await chain.ethers.provider.getBlock(0))!.hash);
      expect(await ask(own, "areFixed", [hash("never shown")])).to.equal(false);
      expect(await failing(ask(own, "sampleOf", hash("never shown"), 10, 4))).to.equal("SampleBeacon_NotFixed");
      await chain.close();
    });
  });

  describe("chains without randomness", () => {
    it("F27: Arbitrum's chains take no source, and without a source nothing is shown, captured or sampled", async () => {
      for (const chainId of [42_161, 42_170, 421_614]) {
        const chain = await network.create({ override: { chainId } });
        const deployer = (source: number) => chain.ethers.deployContract("SampleBeacon", [hash("registry").slice(0, 42), source, WITHIN, DISTANCE]) as Promise<unknown>;
        for (const source of [BLOCK_HASH, PREVRANDAO]) await refused(deployer(source), "SampleBeacon_NoRandomness", chainId);
        await deployer(NONE);
        await chain.close();
      }
      const f = await load();
      const none = await beacon(f, NONE);
      await refused(none.getFunction("show")(f.words, f.path) as Promise<unknown>, "SampleBeacon_NoRandomness", 31_337);
      await refused(none.getFunction("capture")(f.block, "0x") as Promise<unknown>, "SampleBeacon_NoRandomness", 31_337);
      expect(await failing(ask(none, "sampleOf", f.headerHash, 10, 4))).to.equal("SampleBeacon_NotFixed");
    });

    it("and the deploy script knows them", () => {
      expect(beaconOf(1)).to.deep.equal({ source: "prevrandao", showWithin: 64, distance: 192 });
      expect(beaconOf(8453, "blockhash").source).to.equal("blockhash");
      expect(beaconOf(31_337, "none").source).to.equal("none");
      for (const chainId of [42_161, 42_170, 421_614]) {
        expect([beaconOf(chainId).source, beaconOf(chainId, "none").source]).to.deep.equal(["none", "none"]);
        for (const asked of ["blockhash", "prevrandao"] as const) expect(() => beaconOf(chainId, asked)).to.throw().with.property("code", "DEPLOY_REFUSED");
      }
    });

    it("and a show must end two blocks before the sample block", async () => {
      const f = await load();
      for (const [within, distance] of [[11, 12], [12, 12], [0, 1], [1, 257]] as const) await refused(beacon(f, BLOCK_HASH, within, distance), "SampleBeacon_BadDistance", within, distance);
      await beacon(f, BLOCK_HASH, 10, 12);
      await beacon(f, BLOCK_HASH, 1, 256);
    });
  });

  describe("block headers", () => {
    it("are read in the form that every chain's headers have, and in no other", async () => {
      await load();
      const probe = await ethers.deployContract("HeaderProbe");
      const read = (bytes: string) => ask(probe, "mixHashOf", bytes);
      const good = await blockHeader(ethers.provider, await blockNumber());
      const fields = decodeRlp(good) as string[];
      expect(await read(good)).to.equal(fields[13]);
      // Longer fields, as later forks or other chains may have them before the mix hash.
      const long = fields.with(12, `0x${"ab".repeat(100)}`).with(8, "0x");
      expect(await read(encodeRlp(long))).to.equal(fields[13]);
      const bytes = getBytes(good);
      const broken: Record<string, string> = {
        empty: "0x",
        "a string": encodeRlp(good),
        "a short list": encodeRlp(["0x01", "0x02"]),
        "one byte less": good.slice(0, -2),
        "one byte more": `${good}00`,
        "too few fields": encodeRlp([...fields.slice(0, 12), `0x${"00".repeat(60)}`]),
        "a mix hash of 31 bytes": encodeRlp(fields.with(13, `0x${"11".repeat(31)}`)),
        "a list before the mix hash": encodeRlp(fields.with(3, ["0x01"] as unknown as string)),
        "a length without its bytes": "0xfa0102",
        "a field longer than the header": hexOf(bytes.with(3, 0xbf)),
      };
      for (const [what, given] of Object.entries(broken)) expect(await failing(read(given)), what).to.equal("BlockHeaders_Malformed");
    });

    it("are told apart from what the node says of them", async () => {
      await load();
      const raw = async (change: object) => ({ ...((await ethers.provider.send("eth_getBlockByNumber", ["latest", false])) as object), ...change });
      const said = async (answer: unknown) => blockHeader({ send: () => Promise.resolve(answer) }, 7).then(() => null, (error: unknown) => (error as QoodError).code);
      expect(await said(await raw({}))).to.equal(null);
      expect(await said(await raw({ gasUsed: "0x123456" }))).to.equal("BLOCK_HEADER");
      expect(await said(await raw({ mixHash: undefined }))).to.equal("BLOCK_HEADER");
      expect(await said(null)).to.equal("NO_SUCH_BLOCK");
    });
  });
});

const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
