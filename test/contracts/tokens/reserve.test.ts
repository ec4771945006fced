import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { REDEMPTION } from "../../../scripts/deploy/plan.ts";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { ask, DAY, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { bareTokens, heldTokens, RESERVE } from "../support/tokens.ts";
import { hash } from "../support/world.ts";

async function fixedFeed(decimals: number, answer: bigint, updatedAt: number) {
  const feed = await ethers.deployContract("FixedFeed", [decimals]);
  const set = (answer: bigint, updatedAt: number) => feed.getFunction("set")(answer, updatedAt);
  await set(answer, updatedAt);
  return { at: (await feed.getAddress()) as Hex, set };
}

describe("QDD's mint", () => {
  it("is the issuer's, up to the reserve and not one unit past it", async () => {
    const { who, calls, reads, qdd } = await networkHelpers.loadFixture(bareTokens);
    await tx(who.auditor, calls.attest(hash("d"), await now(), 1_000n));
    await expect(tx(who.foundation, calls.mintQdd(who.at.owner, 1n))).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at.foundation);
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 600n))).to.emit(qdd, "Minted").withArgs(who.at.issuer, who.at.owner, 600, 600, 1000);
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 401n))).to.be.revertedWithCustomError(qdd, "QDD_ReserveTooSmall").withArgs(1001, 1000);
    await tx(who.issuer, calls.mintQdd(who.at.owner, 400n));
    expect(await reads.qddSupply()).to.equal(await reads.qddReserve());
    await tx(who.auditor, calls.attest(hash("less"), await now(), 900n));
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 0n))).to.be.revertedWithCustomError(qdd, "QDD_ReserveTooSmall").withArgs(1000, 900);
    expect([await ask(qdd, "decimals"), await ask(qdd, "symbol"), await ask(qdd, "name")]).to.deep.equal([6n, "QDD", "QoodBlock Dollar"]);
  });

  it("refuses a stale reserve, to the second", async () => {
    const { who, calls, qdd } = await networkHelpers.loadFixture(bareTokens);
    const at = await now();
    await tx(who.auditor, calls.attest(hash("d"), at, 1_000n));
    await networkHelpers.time.setNextBlockTimestamp(at + 35 * DAY);
    await tx(who.issuer, calls.mintQdd(who.at.owner, 1n));
    await networkHelpers.time.setNextBlockTimestamp(at + 35 * DAY + 1);
    await expect(tx(who.issuer, calls.mintQdd(who.at.owner, 1n))).to.be.revertedWithCustomError(qdd, "QDD_ReserveStale").withArgs(at, 35 * DAY);
    expect(await ask(qdd, "maxAge")).to.equal(BigInt(35 * DAY));
  });

  it("scales other feeds down, and refuses answers that are not positive or from the future", async () => {
    const { deployment } = await networkHelpers.loadFixture(bareTokens);
    const at = await now();
    for (const [decimals, answer, reserve] of [[8, 199n, 1n], [7, 19n, 1n], [6, 7n, 7n], [5, 3n, 30n], [2, 3n, 30_000n], [0, 3n, 3_000_000n]] as const) {
      const feed = await fixedFeed(decimals, answer, at);
      const qdd = await ethers.deployContract("QDD", [deployment.addresses.accessManager, feed.at, 1000, REDEMPTION]);
      expect(await ask(qdd, "reserve")).to.equal(reserve);
      for (const bad of [0n, -1n]) {
        await feed.set(bad, at);
        await expect(ask(qdd, "reserve")).to.be.revertedWithCustomError(qdd, "QDD_ReserveNotPositive").withArgs(bad);
      }
      await feed.set(answer, at + 10_000);
      await expect(ask(qdd, "reserve")).to.be.revertedWithCustomError(qdd, "QDD_ReserveInFuture");
    }
    const { qdd } = await networkHelpers.loadFixture(bareTokens);
    await expect(ethers.deployContract("QDD", [deployment.addresses.accessManager, ZeroAddress, 1, REDEMPTION])).to.be.revertedWithCustomError(qdd, "QDD_ZeroAddress");
  });

  it("takes an answer of this very second", async () => {
    const { deployment } = await networkHelpers.loadFixture(bareTokens);
    const at = (await now()) + 100;
    const feed = await fixedFeed(6, 5n, at);
    const qdd = await ethers.deployContract("QDD", [deployment.addresses.accessManager, feed.at, 1000, REDEMPTION]);
    await networkHelpers.time.increaseTo(at - 1);
    await expect(ask(qdd, "reserve")).to.be.revertedWithCustomError(qdd, "QDD_ReserveInFuture").withArgs(at, at - 1);
    await networkHelpers.time.increaseTo(at);
    expect(await ask(qdd, "reserve")).to.equal(5n);
  });
});

describe("QDD's feed", () => {
  it("is changed by the steward alone, with an event, and counts from then on", async () => {
    const { who, calls, reads, qdd, deployment } = await networkHelpers.loadFixture(heldTokens);
    const other = await fixedFeed(8, RESERVE * 200n, await now());
    for (const role of ["foundation", "issuer", "auditor", "guardian", "treasurer", "lister"] as const) {
      await expect(tx(who[role], calls.setFeed(other.at))).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at[role]);
    }
    await expect(tx(who.steward, calls.setFeed(other.at)))
      .to.emit(qdd, "FeedChanged")
      .withArgs(who.at.steward, deployment.addresses.reserveFeed, other.at, RESERVE * 2n);
    expect([await reads.qddFeed(), await reads.qddReserve()]).to.deep.equal([other.at, RESERVE * 2n]);
    await tx(who.issuer, calls.mintQdd(who.at.owner, RESERVE));
  });

  it("is never one that does not count now", async () => {
    const { who, calls, qdd } = await networkHelpers.loadFixture(heldTokens);
    const at = await now();
    await expect(tx(who.steward, calls.setFeed(ZeroAddress as Hex))).to.be.revertedWithCustomError(qdd, "QDD_ZeroAddress");
    const none = await fixedFeed(6, 0n, at);
    await expect(tx(who.steward, calls.setFeed(none.at))).to.be.revertedWithCustomError(qdd, "QDD_ReserveNotPositive").withArgs(0);
    const old = await fixedFeed(6, 5n, at - 36 * DAY);
    await expect(tx(who.steward, calls.setFeed(old.at))).to.be.revertedWithCustomError(qdd, "QDD_ReserveStale").withArgs(at - 36 * DAY, 35 * DAY);
  });
});
