import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { concat, dataSlice, keccak256, toBeHex, ZeroAddress, ZeroHash } from "ethers";
import hre from "hardhat";
import type { Hex } from "../../sdk/bytes/index.ts";
import { deliveryContext } from "../../sdk/delivery/index.ts";
import { agreementData, hashTypedData, signTypedData } from "../../sdk/eip712/index.ts";
import { hashHeader, streamHandle } from "../../sdk/formats/index.ts";
import { type Agreement, agreementId, packShares, sixPairs, tokensHash, unpackShares, versionDigest, versionTerms } from "../../sdk/market/index.ts";
import { ask, contractAt, DAY, ethers, networkHelpers, now, tx } from "./support/chain.ts";
import { agree, agreementText, anchorLot, hash, header, mintVehicle, rightsProof, SCHEMA, world } from "./support/world.ts";

async function fixture() {
  const w = await world();
  const shares = await contractAt("QoodShares", w.deployment.addresses.qoodShares);
  const vehicles = await contractAt("VehicleRegistry", w.deployment.addresses.vehicleRegistry);
  /** A signed call, each principal's signature made by whom we say. */
  const call = async (text: Agreement, by: { owner?: "owner" | "owner2"; oem?: "oem" | "stranger" } = {}) => {
    const data = agreementData(w.domain("qoodShares"), text);
    return w.calls.agree(text, await signTypedData(w.who[by.owner ?? "owner"], data), await signTypedData(w.who[by.oem ?? "oem"], data));
  };
  return { ...w, shares, vehicles, call, next: { ...w.text, nonce: 1 } };
}

describe("QoodShares", () => {
  describe("agree", () => {
    it("records digest, start, nonce and notice, and tells the text", async () => {
      const { reads, shares, agreement, text, vehicle } = await networkHelpers.loadFixture(fixture);
      expect(await ask(shares, "agreementId", vehicle, 1)).to.equal(agreement);
      expect(await reads.headOf(agreement)).to.deep.equal({ latest: 1, nonce: 1, noticePeriod: 7 * DAY });
      const { start, digest } = await reads.versionOf(agreement, 1);
      expect(digest).to.equal(versionDigest(agreement, 1, versionTerms(text)));
      expect(await reads.currentVersion(agreement)).to.deep.equal({ version: 1, denied: 0, start, digest });
    });

    it("refuses late texts and texts of another nonce", async () => {
      const { who, shares, call, next } = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 10;
      const late = await call({ ...next, deadline: at });
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await expect(tx(who.tsp, late)).to.be.revertedWithCustomError(shares, "QoodShares_Expired").withArgs(at, at + 1);
      await expect(tx(who.tsp, await call({ ...next, nonce: 0 }))).to.be.revertedWithCustomError(shares, "QoodShares_WrongNonce").withArgs(0, 1);
    });

    it("takes a text in its last second", async () => {
      const { who, shares, call, next } = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 10;
      const last = await call({ ...next, deadline: at });
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(tx(who.tsp, last)).to.emit(shares, "Agreed");
    });

    it("leaves start and digest of the version before as they were", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const before = await f.reads.versionOf(f.agreement, 1);
      await networkHelpers.time.increase(DAY);
      await agree(f, f.next);
      expect(await f.reads.versionOf(f.agreement, 1)).to.deep.equal(before);
      expect((await f.reads.versionOf(f.agreement, 2)).start).to.equal(await now());
    });

    it("takes the most tokens and the longest notice", async () => {
      const { who, reads, call, next, agreement } = await networkHelpers.loadFixture(fixture);
      const tokens = Array(8).fill(next.tokens[0]!) as Agreement["tokens"];
      await tx(who.tsp, await call({ ...next, tokens, noticePeriod: 180 * DAY }));
      expect((await reads.headOf(agreement)).noticePeriod).to.equal(180 * DAY);
    });

    it("refuses wrong parties", async () => {
      const { who, shares, vehicles, call, next } = await networkHelpers.loadFixture(fixture);
      await expect(tx(who.tsp, await call({ ...next, owner: who.at.owner2 }))).to.be.revertedWithCustomError(shares, "QoodShares_NotOwnerInEpoch").withArgs(who.at.owner2, who.at.owner);
      await expect(tx(who.tsp, await call({ ...next, oem: who.at.oem2 }))).to.be.revertedWithCustomError(shares, "QoodShares_NotOem").withArgs(who.at.oem2, who.at.oem);
      await expect(tx(who.tsp, await call({ ...next, agent: who.at.stranger }))).to.be.revertedWithCustomError(shares, "QoodShares_NotAccreditedAgent").withArgs(who.at.stranger);
      await expect(tx(who.tsp, await call({ ...next, epoch: 2, nonce: 0 }))).to.be.revertedWithCustomError(vehicles, "VehicleRegistry_UnknownEpoch");
      await expect(tx(who.tsp, await call({ ...next, vehicle: 1n, nonce: 0 }))).to.be.revertedWithCustomError(vehicles, "VehicleRegistry_UnknownEpoch");
    });

    it("refuses without both signatures of this very text", async () => {
      const { who, calls, shares, call, next, domain } = await networkHelpers.loadFixture(fixture);
      await expect(tx(who.tsp, await call(next, { owner: "owner2" }))).to.be.revertedWithCustomError(shares, "QoodShares_BadOwnerSignature").withArgs(who.at.owner);
      await expect(tx(who.tsp, await call(next, { oem: "stranger" }))).to.be.revertedWithCustomError(shares, "QoodShares_BadOemSignature").withArgs(who.at.oem);
      const elsewhere = agreementData({ ...domain("qoodShares"), chainId: 1 }, next);
      const replay = calls.agree(next, await signTypedData(who.owner, elsewhere), await signTypedData(who.oem, elsewhere));
      await expect(tx(who.tsp, replay)).to.be.revertedWithCustomError(shares, "QoodShares_BadOwnerSignature");
    });

    it("refuses shares that are not a whole, out of order, or nobody's", async () => {
      const { who, shares, call, next } = await networkHelpers.loadFixture(fixture);
      const pairs = next.pairs;
      const cases: [Partial<Agreement>, string, unknown[]][] = [
        [{ pairs: pairs.slice(1) }, "QoodShares_PairCount", [5]],
        [{ pairs: [pairs[1]!, pairs[0]!, ...pairs.slice(2)] }, "QoodShares_PairOutOfOrder", [0]],
        [{ pairs: [pairs[2]!, pairs[1]!, pairs[0]!, ...pairs.slice(3)] }, "QoodShares_PairOutOfOrder", [0]],
        [{ pairs: pairs.with(2, { ...pairs[2]!, ownerBps: 6001 }) }, "QoodShares_SharesDoNotSum", [2, 10_001]],
        [{ pairs: pairs.with(2, { ...pairs[2]!, ownerBps: 5999 }) }, "QoodShares_SharesDoNotSum", [2, 9_999]],
        [{ pairs: pairs.with(3, { ...pairs[3]!, ownerBps: 1 }) }, "QoodShares_DeniedPairHasShares", [3]],
        [{ pairs: pairs.with(3, { ...pairs[3]!, authorised: true, storageBps: 10_000 }) }, "QoodShares_StorageTakesAll", [3]],
        [{ storagePayee: ZeroAddress as Hex }, "QoodShares_NoStoragePayee", [0]],
        [{ tokens: [] }, "QoodShares_TokenCount", [0]],
        [{ tokens: Array(9).fill(next.tokens[0]!) as Agreement["tokens"] }, "QoodShares_TokenCount", [9]],
        [{ noticePeriod: 180 * DAY + 1 }, "QoodShares_NoticeTooLong", [180 * DAY + 1, 180 * DAY]],
      ];
      for (const [change, error, args] of cases) {
        await expect(tx(who.tsp, await call({ ...next, ...change })), error).to.be.revertedWithCustomError(shares, error).withArgs(...args);
      }
      await tx(who.tsp, await call({ ...next, storagePayee: ZeroAddress as Hex, pairs: sixPairs([{ dataClass: 3, privacy: 2, ownerBps: 10_000, oemBps: 0, agentBps: 0, storageBps: 0 }]) }));
    });

    it("takes contract wallets as principals, and texts for a closed epoch from its owner", async () => {
      const { who, calls, reads, shares, call, next, agreement, vehicle, ...rest } = await networkHelpers.loadFixture(fixture);
      await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
      await expect(tx(who.tsp, await call({ ...next, owner: who.at.owner2 }, { owner: "owner2" }))).to.be.revertedWithCustomError(shares, "QoodShares_NotOwnerInEpoch");
      await tx(who.tsp, await call({ ...next, agent: who.at.tsp2 }));
      expect((await reads.currentVersion(agreement)).version).to.equal(2);

      const wallet = (await (await ethers.deployContract("Wallet1271", [who.at.owner2])).getAddress()) as Hex;
      await tx(who.owner2, calls.transferVehicle(who.at.owner2, wallet, vehicle));
      const text = agreementText({ who, calls, reads, ...rest }, vehicle, { epoch: 3, owner: wallet });
      await expect(tx(who.tsp, await call(text))).to.be.revertedWithCustomError(shares, "QoodShares_BadOwnerSignature");
      await tx(who.tsp, await call(text, { owner: "owner2" }));
    });
  });

  describe("deny", () => {
    it("takes one pair out at once, for either side, until both agree anew", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, reads, shares, agreement, vehicle, call, next } = f;
      for (const [i, dataClass, privacy] of [[0, 1, 1], [1, 1, 2], [2, 2, 1], [3, 2, 2], [4, 3, 1], [5, 3, 2]] as const) {
        const who_ = i % 2 === 0 ? "owner" : "oem";
        await expect(tx(who[who_], calls.deny(vehicle, 1, dataClass, privacy))).to.emit(shares, "Denied").withArgs(agreement, who.at[who_], dataClass, privacy);
        expect((await reads.currentVersion(agreement)).denied).to.equal(2 ** (i + 1) - 1);
        await expect(tx(who.owner, calls.deny(vehicle, 1, dataClass, privacy))).to.be.revertedWithCustomError(shares, "QoodShares_AlreadyDenied").withArgs(dataClass, privacy);
      }
      // A text signed before the denials does not undo them.
      await expect(tx(who.tsp, await call(next))).to.be.revertedWithCustomError(shares, "QoodShares_WrongNonce").withArgs(1, 7);
      await agree(f, { ...next, nonce: 7 });
    });

    it("is the principals' of that epoch only, for pairs and agreements that exist", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, shares, vehicle } = f;
      for (const role of ["tsp", "stranger", "foundation", "owner2"] as const) {
        await expect(tx(who[role], calls.deny(vehicle, 1, 1, 1))).to.be.revertedWithCustomError(shares, "QoodShares_NotPrincipal").withArgs(who.at[role]);
        await expect(tx(who[role], calls.end(vehicle, 1))).to.be.revertedWithCustomError(shares, "QoodShares_NotPrincipal").withArgs(who.at[role]);
      }
      for (const [dataClass, privacy] of [[0, 1], [4, 1], [1, 0], [1, 3]] as const) {
        await expect(tx(who.owner, calls.deny(vehicle, 1, dataClass, privacy))).to.be.revertedWithCustomError(shares, "QoodShares_UnknownPair").withArgs(dataClass, privacy);
      }
      const bare = await mintVehicle(f, hash("bare"));
      await expect(tx(who.owner, calls.deny(bare, 1, 1, 1))).to.be.revertedWithCustomError(shares, "QoodShares_NoAgreement").withArgs(agreementId(bare, 1));
      await expect(tx(who.owner, calls.end(bare, 1))).to.be.revertedWithCustomError(shares, "QoodShares_NoAgreement").withArgs(agreementId(bare, 1));
      await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
      await expect(tx(who.owner2, calls.deny(vehicle, 1, 1, 1))).to.be.revertedWithCustomError(shares, "QoodShares_NotPrincipal");
      await tx(who.owner, calls.deny(vehicle, 1, 1, 1));
    });
  });

  describe("end", () => {
    it("ends after the notice, to the second, and leaves every version readable", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, reads, shares, agreement, vehicle, text } = f;
      await expect(tx(who.oem, calls.end(vehicle, 1))).to.emit(shares, "Ended");
      const ends = (await now()) + 7 * DAY;
      await expect(tx(who.owner, calls.end(vehicle, 1))).to.be.revertedWithCustomError(shares, "QoodShares_AlreadyEnded").withArgs(agreement);
      await networkHelpers.time.increaseTo(ends - 1);
      expect((await reads.currentVersion(agreement)).version).to.equal(1);
      await networkHelpers.time.increaseTo(ends);
      expect(await reads.currentVersion(agreement)).to.deep.equal({ version: 0, denied: 0, start: 0, digest: `0x${"00".repeat(27)}` });
      const agentAt = (version: number, time: number) => ask(shares, "agentAt", agreement, version, versionTerms(text), time);
      const { start } = await reads.versionOf(agreement, 1);
      expect(await agentAt(1, start - 1)).to.equal(ZeroAddress);
      expect(await agentAt(1, start)).to.equal(who.at.tsp);
      expect(await agentAt(1, ends - 1)).to.equal(who.at.tsp);
      expect(await agentAt(1, ends)).to.equal(ZeroAddress);
      expect(await agentAt(2, ends)).to.equal(ZeroAddress);
    });

    it("leaves the version that it ends in force by its number to the last second, as a new text leaves none before it", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, reads, shares, agreement, vehicle, next } = f;
      const inForce = async (version: number) => {
        const [denied, start, digest] = (await ask(shares, "inForce", agreement, version)) as [bigint, bigint, string];
        return { denied: Number(denied), start: Number(start), digest };
      };
      const none = { denied: 0, start: 0, digest: `0x${"00".repeat(27)}` };
      const { start, digest } = await reads.versionOf(agreement, 1);
      await tx(who.owner, calls.deny(vehicle, 1, 1, 2));
      await tx(who.oem, calls.end(vehicle, 1));
      const ends = (await now()) + 7 * DAY;
      // A denial while the notice runs counts for the version that is in force.
      await tx(who.owner, calls.deny(vehicle, 1, 2, 1));
      await networkHelpers.time.increaseTo(ends - 1);
      expect(await inForce(1)).to.deep.equal({ denied: 0b110, start, digest });
      await networkHelpers.time.increaseTo(ends);
      for (const version of [0, 1, 2, 3]) expect(await inForce(version)).to.deep.equal(none);
      await agree(f, { ...next, nonce: 4 });
      expect((await inForce(3)).denied).to.equal(0);
      expect((await inForce(3)).digest).to.equal((await reads.versionOf(agreement, 3)).digest);
      await agree(f, { ...next, nonce: 5 });
      for (const version of [1, 2, 3]) expect(await inForce(version)).to.deep.equal(none);
    });

    it("is overtaken by a new text, and a text signed before it cannot undo it", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, reads, shares, agreement, vehicle, call, next } = f;
      await tx(who.owner, calls.end(vehicle, 1));
      await networkHelpers.time.increase(5);
      await expect(tx(who.tsp, await call(next))).to.be.revertedWithCustomError(shares, "QoodShares_WrongNonce").withArgs(1, 2);
      await agree(f, { ...next, nonce: 2, agent: who.at.tsp2 });
      const at = await now();
      expect((await reads.currentVersion(agreement)).version).to.equal(3);
      const agentAt = (version: number, text: Agreement, time: number) => ask(shares, "agentAt", agreement, version, versionTerms(text), time);
      // Exactly one version is in force at every second.
      expect(await agentAt(1, f.text, at - 1)).to.equal(who.at.tsp);
      expect(await agentAt(1, f.text, at)).to.equal(ZeroAddress);
      expect(await agentAt(3, { ...next, nonce: 2, agent: who.at.tsp2 }, at)).to.equal(who.at.tsp2);
      expect(await agentAt(3, { ...next, nonce: 2, agent: who.at.tsp2 }, at - 1)).to.equal(ZeroAddress);
      expect(await agentAt(3, { ...next, nonce: 2, agent: who.at.tsp }, at)).to.equal(ZeroAddress);
      await networkHelpers.time.increase(30 * DAY);
      expect((await reads.currentVersion(agreement)).version).to.equal(3);
    });
  });
});

describe("Hashes of SDK and contracts", () => {
  it("are the same for texts, versions, headers, handles", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const probe = await ethers.deployContract("HashProbe");
    const { text, agreement, deployment } = f;
    const terms = versionTerms(text);
    expect([...((await ask(probe, "text", text)) as string[])]).to.deep.equal([tokensHash(text.tokens), terms.textHash]);
    expect(await ask(probe, "digest", agreement, 3, terms)).to.equal(versionDigest(agreement, 3, terms));
    const words = header(f);
    expect(await ask(probe, "header", words)).to.equal(hashHeader(words));
    const rights = { vehicle: f.vehicle, epoch: 1, dataClass: 2, privacy: 1, schema: SCHEMA };
    expect(await ask(probe, "handle", deployment.addresses.vehicleRegistry, rights)).to.equal(words.stream);
    expect(hashTypedData(agreementData(f.domain("qoodShares"), text))).to.have.length(66);
  });

  it("agree on the context of a delivery, by the frozen vectors", async () => {
    const { vectors } = JSON.parse(readFileSync(join(import.meta.dirname, "../vectors/context.json"), "utf8")) as {
      vectors: { chainId: string; exchange: Hex; dealId: Hex; page: number; context: Hex }[];
    };
    const { deployedBytecode } = await hre.artifacts.readArtifact("HashProbe");
    let compared = 0;
    for (const { chainId, exchange, dealId, page, context } of vectors) {
      expect(deliveryContext({ chainId: BigInt(chainId), exchange, dealId, page })).to.equal(BigInt(context));
      if (!Number.isSafeInteger(Number(chainId))) continue; // no chain of such an id can be started here
      const elsewhere = await hre.network.create({ override: { chainId: Number(chainId) } });
      await elsewhere.networkHelpers.setCode(exchange, deployedBytecode);
      const probe = await elsewhere.ethers.getContractAt("HashProbe", exchange);
      expect(await ask(probe, "contextOf", dealId, page)).to.equal(BigInt(context));
      await elsewhere.close();
      compared += 1;
    }
    expect(compared).to.be.greaterThan(1);
  });

  it("agree on packed shares for splits at their limits", async () => {
    const probe = await ethers.deployContract("HashProbe");
    const splits = [
      [10_000, 0, 0, 0],
      [0, 10_000, 0, 0],
      [0, 0, 10_000, 0],
      [1, 0, 0, 9_999],
      [2_500, 2_500, 2_500, 2_500],
    ] as const;
    for (const [ownerBps, oemBps, agentBps, storageBps] of splits) {
      for (let i = 0; i < 6; i += 1) {
        const pair = { dataClass: Math.floor(i / 2) + 1, privacy: (i % 2) + 1, ownerBps, oemBps, agentBps, storageBps };
        const word = packShares(sixPairs([pair]));
        expect(word).to.equal(((await ask(probe, "pack", { ...pair, authorised: true })) as bigint) << BigInt(42 * i));
        expect(unpackShares(word, i)).to.deep.equal({ ownerBps, oemBps, agentBps, storageBps });
        expect(await ask(probe, "sharesOf", word, i)).to.deep.equal([BigInt(oemBps), BigInt(agentBps), BigInt(storageBps)]);
        expect(unpackShares(word, (i + 1) % 6)).to.equal(null);
      }
    }
  });
});

describe("DataRegistry", () => {
  it("anchors a root once for each who vouches for it, and tells where its list is", async () => {
    const { who, calls, reads, deployment } = await networkHelpers.loadFixture(fixture);
    const registry = await contractAt("DataRegistry", deployment.addresses.dataRegistry);
    const root = hash("root");
    const anchor = calls.anchor(root, 7, hash("leaves"), hash("list"));
    await expect(tx(who.tsp, anchor)).to.emit(registry, "Anchored").withArgs(who.at.tsp, root, 7, hash("leaves"), hash("list"));
    const anchored = await reads.anchorOf(who.at.tsp, root);
    expect([anchored.sequence, anchored.time, anchored.blockNumber]).to.deep.equal([7, await now(), await ethers.provider.getBlockNumber()]);
    await networkHelpers.time.increase(5);
    await expect(tx(who.tsp, calls.anchor(root, 8, hash("leaves"), hash("list")))).to.be.revertedWithCustomError(registry, "DataRegistry_AlreadyAnchored").withArgs(who.at.tsp, root);
    await expect(tx(who.stranger, anchor)).to.emit(registry, "Anchored").withArgs(who.at.stranger, root, 7, hash("leaves"), hash("list"));
  });

  it("opens a header at the end of the longest path", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const registry = await contractAt("DataRegistry", f.deployment.addresses.dataRegistry);
    const words = header(f);
    const path = Array.from({ length: 20 }, (_, i) => hash(`sibling ${i}`));
    const root = path.reduce((node, sibling) => keccak256(concat(node < sibling ? [node, sibling] : [sibling, node])) as Hex, hashHeader(words));
    await tx(f.who.tsp, f.calls.anchor(root, 1, hash("leaves"), hash("list")));
    const [headerHash] = (await ask(registry, "openHeader", words, path)) as [string];
    expect(headerHash).to.equal(hashHeader(words));
  });

  it("resolves proofs of the known kind and length only", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const registry = await contractAt("DataRegistry", f.deployment.addresses.dataRegistry);
    const { stream } = header(f);
    const proof = rightsProof(f);
    const otherKind = concat([toBeHex(2, 32), dataSlice(proof, 32)]);
    for (const wrong of [otherKind, concat([proof, ZeroHash]), dataSlice(proof, 0, 160), "0x"]) {
      await expect(ask(registry, "resolve", stream, wrong), wrong).to.be.revertedWithCustomError(registry, "DataRegistry_UnknownHandle").withArgs(stream);
    }
  });

  it("opens a header under its TSP's anchor and resolves its handle", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const registry = await contractAt("DataRegistry", f.deployment.addresses.dataRegistry);
    const words = header(f);
    const lot = await anchorLot(f, words, { others: 5, sequence: 4 });
    const [headerHash, anchored] = (await ask(registry, "openHeader", words, lot.path)) as [string, { sequence: bigint; time: bigint }];
    expect(headerHash).to.equal(hashHeader(words));
    expect([anchored.sequence, anchored.time]).to.deep.equal([4n, BigInt(await now())]);
    await expect(ask(registry, "openHeader", { ...words, tsp: f.who.at.tsp2 }, lot.path)).to.be.revertedWithCustomError(registry, "DataRegistry_NotAnchored");
    await expect(ask(registry, "openHeader", words, Array(21).fill(ZeroHash))).to.be.revertedWithCustomError(registry, "DataRegistry_PathTooLong").withArgs(21);
    expect(await ask(registry, "resolve", words.stream, rightsProof(f))).to.deep.equal([f.vehicle, 1n, 2n, 1n, SCHEMA]);
    const foreign = streamHandle({ chainId: 1n, registry: f.who.at.tsp, vehicle: 1n, epoch: 1, dataClass: "OEM", privacy: "PRIVATE", schema: SCHEMA });
    await expect(ask(registry, "resolve", foreign, rightsProof(f))).to.be.revertedWithCustomError(registry, "DataRegistry_UnknownHandle").withArgs(foreign);
  });
});
