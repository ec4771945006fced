import { expect } from "chai";
import { ask, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { bareTokens } from "../support/tokens.ts";
import { hash } from "../support/world.ts";

describe("AttestedReserveFeed", () => {
  it("keeps every attestation as a round with its document", async () => {
    const { who, calls, feed } = await networkHelpers.loadFixture(bareTokens);
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
    const { who, calls, feed } = await networkHelpers.loadFixture(bareTokens);
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

  it("takes a statement dated this very second, and has the decimals that it was made with", async () => {
    const { who, calls, feed, deployment } = await networkHelpers.loadFixture(bareTokens);
    const at = (await now()) + 10;
    await networkHelpers.time.setNextBlockTimestamp(at);
    await tx(who.auditor, calls.attest(hash("d"), at, 5n));
    expect(((await ask(feed, "latestRoundData")) as bigint[])[3]).to.equal(BigInt(at));
    const other = await ethers.deployContract("AttestedReserveFeed", [deployment.addresses.accessManager, 8]);
    expect(await ask(other, "decimals")).to.equal(8n);
    await expect(ask(other, "latestRoundData")).to.be.revertedWithCustomError(feed, "AttestedReserveFeed_UnknownRound").withArgs(0);
  });
});
