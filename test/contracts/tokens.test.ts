import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { ask, contractAt, DAY, deployed, ethers, networkHelpers, now, tx } from "./support/chain.ts";
import { hash } from "./support/world.ts";

async function fixture() {
  const client = await deployed();
  const { addresses } = client.deployment;
  return { ...client, feed: await contractAt("AttestedReserveFeed", addresses.reserveFeed), qdd: await contractAt("QDD", addresses.qdd) };
}

describe("AttestedReserveFeed", () => {
  it("keeps every attestation as a round with its document", async () => {
    const { who, calls, feed } = await networkHelpers.loadFixture(fixture);
    const at = await now();
    await expect(tx(who.auditor, calls.attest(hash("doc 1"), at - 10, 5n))).to.emit(feed, "ReserveAttested").withArgs(1, who.at.auditor, hash("doc 1"), at - 10, 5);
    await tx(who.auditor, calls.attest(hash("doc 2"), at - 10, 7n));
    const [id, answer, startedAt, updatedAt, answeredIn] = (await ask(feed, "latestRoundData")) as bigint[];
    expect([id, answer, updatedAt, answeredIn]).to.deep.equal([2n, 7n, BigInt(at - 10), 2n]);
    expect(Number(startedAt)).to.equal(await now());
    expect(((await ask(feed, "getRoundData", 1)) as bigint[])[1]).to.equal(5n);
    expect(await ask(feed, "documentOf", 1)).to.equal(hash("doc 1"));
    expect([await ask(feed, "decimals"), await ask(feed, "version"), await ask(feed, "description")]).to.deep.equal([6n, 1n, "QDD reserve, attested"]);
  });

  it("is the auditor's, with a document, not from the future, not older than the last", async () => {
    const { who, calls, feed } = await networkHelpers.loadFixture(fixture);
    const at = await now();
    await expect(tx(who.issuer, calls.attest(hash("d"), at, 5n))).to.be.revertedWithCustomError(feed, "AccessManagedUnauthorized").withArgs(who.at.issuer);
    await expect(tx(who.auditor, calls.attest(`0x${"00".repeat(32)}`, at, 5n))).to.be.revertedWithCustomError(feed, "AttestedReserveFeed_NoDocument");
    await networkHelpers.time.setNextBlockTimestamp(at + 10);
    await expect(tx(who.auditor, calls.attest(hash("d"), at + 11, 5n))).to.be.revertedWithCustomError(feed, "AttestedReserveFeed_InFuture").withArgs(at + 11, at + 10);
    await expect(tx(who.auditor, calls.attest(hash("d"), at, 2n ** 128n))).to.be.revertedWithCustomError(feed, "AttestedReserveFeed_AmountTooLarge").withArgs(2n ** 128n);
    await tx(who.auditor, calls.attest(hash("d"), at, 2n ** 128n - 1n));
    expect(((await ask(feed, "latestRoundData")) as bigint[])[1]).to.equal(2n ** 128n - 1n);
    await expect(tx(who.auditor, calls.attest(hash("d"), at - 1, 5n))).to.be.revertedWithCustomError(feed, "AttestedReserveFeed_OlderThanLast").withArgs(at - 1, at);
    await expect(ask(feed, "getRoundData", 2)).to.be.revertedWithCustomError(feed, "AttestedReserveFeed_UnknownRound").withArgs(2);
  });
});

describe("QDD", () => {
  it("is minted by the issuer up to the reserve and not one unit past it", async () => {
    const { who, calls, reads, qdd } = await networkHelpers.loadFixture(fixture);
    await tx(who.auditor, calls.attest(hash("d"), await now(), 1_000n));
    await expect(tx(who.foundation, calls.mintQdd(who.at.owner, 1n))).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at.foundation);
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 600n))).to.emit(qdd, "Minted").withArgs(who.at.issuer, who.at.owner, 600, 600, 1000);
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 401n))).to.be.revertedWithCustomError(qdd, "QDD_ReserveTooSmall").withArgs(1001, 1000);
    await tx(who.issuer, calls.mintQdd(who.at.owner, 400n));
    expect(await reads.qddSupply()).to.equal(await reads.qddReserve());
    await tx(who.auditor, calls.attest(hash("less"), await now(), 900n));
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 0n))).to.be.revertedWithCustomError(qdd, "QDD_ReserveTooSmall").withArgs(1000, 900);
    expect([await ask(qdd, "decimals"), await ask(qdd, "symbol")]).to.deep.equal([6n, "QDD"]);
  });

  it("refuses a stale reserve, to the second", async () => {
    const { who, calls, qdd } = await networkHelpers.loadFixture(fixture);
    const at = await now();
    await tx(who.auditor, calls.attest(hash("d"), at, 1_000n));
    await networkHelpers.time.setNextBlockTimestamp(at + 35 * DAY);
    await tx(who.issuer, calls.mintQdd(who.at.owner, 1n));
    await networkHelpers.time.setNextBlockTimestamp(at + 35 * DAY + 1);
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 1n))).to.be.revertedWithCustomError(qdd, "QDD_ReserveStale").withArgs(at, 35 * DAY);
  });

  it("scales other feeds down, and refuses answers that are not positive or from the future", async () => {
    const { deployment } = await networkHelpers.loadFixture(fixture);
    const at = await now();
    for (const [decimals, answer, reserve] of [[8, 199n, 1n], [6, 7n, 7n], [2, 3n, 30_000n]] as const) {
      const feed = await ethers.deployContract("FixedFeed", [decimals]);
      const qdd = await ethers.deployContract("QDD", [deployment.addresses.accessManager, await feed.getAddress(), 1000]);
      await feed.getFunction("set")(answer, at);
      expect(await ask(qdd, "reserve")).to.equal(reserve);
      for (const bad of [0n, -1n]) {
        await feed.getFunction("set")(bad, at);
        await expect(ask(qdd, "reserve")).to.be.revertedWithCustomError(qdd, "QDD_ReserveNotPositive").withArgs(bad);
      }
      await feed.getFunction("set")(answer, at + 10_000);
      await expect(ask(qdd, "reserve")).to.be.revertedWithCustomError(qdd, "QDD_ReserveInFuture");
    }
    const { qdd } = await networkHelpers.loadFixture(fixture);
    await expect(ethers.deployContract("QDD", [deployment.addresses.accessManager, ZeroAddress as Hex, 1])).to.be.revertedWithCustomError(qdd, "QDD_ZeroAddress");
  });
});
