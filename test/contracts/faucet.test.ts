import { expect } from "chai";
import { decodeError, claimFaucet, faucetState, faucetTerms } from "../../sdk/client/index.ts";
import type { Hex } from "../../sdk/bytes/index.ts";
import { deploy } from "../../scripts/deploy/deploy.ts";
import { CLAIMS_PER_DAY, refuseFaucet } from "../../scripts/deploy/faucet.ts";
import { accounts, artifacts, ask, contractAt, DAY, ethers, networkHelpers, now, tx } from "./support/chain.ts";
import { bareTokens, heldTokens } from "./support/tokens.ts";

const AMOUNT = 100_000_000n;
const CLAIMS = 3n;

/** A faucet of three claims a day with ten in it, an hour after the beginning of a day. */
async function filled() {
  const t = await heldTokens();
  const faucet = await ethers.deployContract("Faucet", [t.qdd.target, AMOUNT, CLAIMS]);
  const at = (await faucet.getAddress()) as Hex;
  await tx(t.who.owner, t.calls.transferToken(t.qdd.target as Hex, at, 10n * AMOUNT));
  const day = Math.floor((await now()) / DAY) + 1;
  await networkHelpers.time.increaseTo(day * DAY + 3600);
  return { ...t, faucet, at, end: (day + 1) * DAY, balance: (account: Hex) => t.reads.balanceOf(t.qdd.target as Hex, account) };
}

describe("Faucet", () => {
  it("is made with a token, an amount and a number of claims, of which neither may be nothing", async () => {
    const { qdd, faucet, at } = await networkHelpers.loadFixture(filled);
    expect([await ask(faucet, "token"), await ask(faucet, "amount"), await ask(faucet, "claimsPerDay")]).to.deep.equal([qdd.target, AMOUNT, CLAIMS]);
    expect(await faucetTerms(ethers.provider, at)).to.deep.equal({ amount: AMOUNT, claimsPerDay: CLAIMS });
    for (const [amount, claims] of [[0n, CLAIMS], [AMOUNT, 0n]]) {
      await expect(ethers.deployContract("Faucet", [qdd.target, amount, claims])).to.be.revertedWithCustomError(faucet, "Faucet_BadTerms").withArgs(amount, claims);
    }
    const least = await ethers.deployContract("Faucet", [qdd.target, 1n, 1n]);
    expect([await ask(least, "amount"), await ask(least, "claimsLeft")]).to.deep.equal([1n, 1n]);
  });

  it("gives the amount to whoever asks, from its own balance, and says so", async () => {
    const { who, faucet, at, qdd, balance, end } = await networkHelpers.loadFixture(filled);
    expect(await ask(faucet, "nextClaimAt", who.at.stranger)).to.equal(BigInt(await now()));
    const claim = tx(who.stranger, claimFaucet(at));
    await expect(claim).to.emit(faucet, "FaucetClaimed").withArgs(who.at.stranger, AMOUNT);
    await expect(claim).to.emit(qdd, "Transfer").withArgs(at, who.at.stranger, AMOUNT);
    expect([await balance(who.at.stranger), await balance(at)]).to.deep.equal([AMOUNT, 9n * AMOUNT]);
    expect(await faucetState(ethers.provider, at, who.at.stranger)).to.deep.equal({ token: qdd.target, amount: AMOUNT, claimsPerDay: CLAIMS, claimsLeft: 2n, nextClaimAt: end });
    expect(await ask(faucet, "nextClaimAt", who.at.oem)).to.equal(BigInt(await now()));
  });

  it("gives an account nothing more until the day of UTC is over, and then again", async () => {
    const { who, faucet, at, balance, end } = await networkHelpers.loadFixture(filled);
    await tx(who.stranger, claimFaucet(at));
    await expect(tx(who.stranger, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "Faucet_AlreadyClaimed").withArgs(who.at.stranger, end);
    await networkHelpers.time.setNextBlockTimestamp(end - 1);
    await expect(tx(who.stranger, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "Faucet_AlreadyClaimed").withArgs(who.at.stranger, end);
    await networkHelpers.time.setNextBlockTimestamp(end);
    await tx(who.stranger, claimFaucet(at));
    expect(await balance(who.at.stranger)).to.equal(2n * AMOUNT);
    expect(await ask(faucet, "nextClaimAt", who.at.stranger)).to.equal(BigInt(end + DAY));
  });

  it("gives all accounts together no more than the day's claims, which are all there again the next day", async () => {
    const { who, faucet, at, balance, end } = await networkHelpers.loadFixture(filled);
    for (const account of [who.oem, who.oem2, who.stranger]) await tx(account, claimFaucet(at));
    expect(await ask(faucet, "claimsLeft")).to.equal(0n);
    expect(await ask(faucet, "nextClaimAt", who.at.storage)).to.equal(BigInt(end));
    await expect(tx(who.storage, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "Faucet_DayExhausted").withArgs(CLAIMS, end);
    // Who has had its own is told that, and not of the others.
    await expect(tx(who.oem, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "Faucet_AlreadyClaimed").withArgs(who.at.oem, end);
    await networkHelpers.time.increaseTo(end);
    expect([await ask(faucet, "claimsLeft"), await ask(faucet, "nextClaimAt", who.at.storage)]).to.deep.equal([CLAIMS, BigInt(end)]);
    await tx(who.storage, claimFaucet(at));
    expect([await ask(faucet, "claimsLeft"), await balance(who.at.storage)]).to.deep.equal([CLAIMS - 1n, AMOUNT]);
  });

  it("refuses when it has less than it gives, takes no claim away by that, and gives its last", async () => {
    const { who, calls, qdd, at: full } = await networkHelpers.loadFixture(filled);
    const faucet = await ethers.deployContract("Faucet", [qdd.target, AMOUNT, CLAIMS]);
    const at = (await faucet.getAddress()) as Hex;
    expect(full).not.to.equal(at);
    await expect(tx(who.stranger, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "Faucet_Empty").withArgs(0, AMOUNT);
    await tx(who.owner, calls.transferToken(qdd.target as Hex, at, AMOUNT - 1n));
    await expect(tx(who.stranger, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "Faucet_Empty").withArgs(AMOUNT - 1n, AMOUNT);
    await tx(who.owner, calls.transferToken(qdd.target as Hex, at, 1n));
    await tx(who.stranger, claimFaucet(at));
    await expect(tx(who.storage, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "Faucet_Empty").withArgs(0, AMOUNT);
    expect(await ask(faucet, "claimsLeft")).to.equal(CLAIMS - 1n);
  });

  it("takes a token that says false for a refusal, and keeps the account's claim", async () => {
    const { stranger } = await accounts();
    const token = await ethers.deployContract("AwkwardToken");
    const faucet = await ethers.deployContract("Faucet", [token.target, 5n, 1n]);
    await token.getFunction("mint")(faucet.target, 5n);
    await token.getFunction("setMood")(2);
    const at = (await faucet.getAddress()) as Hex;
    await expect(tx(stranger, claimFaucet(at))).to.be.revertedWithCustomError(faucet, "SafeERC20FailedOperation").withArgs(token.target);
    expect(await ask(faucet, "claimsLeft")).to.equal(1n);
  });

  it("lets a token that calls back claim no second time", async () => {
    const { stranger } = await accounts();
    const token = await ethers.deployContract("AwkwardToken");
    const faucet = await ethers.deployContract("Faucet", [token.target, 5n, 1n]);
    const at = (await faucet.getAddress()) as Hex;
    await token.getFunction("mint")(at, 10n);
    await token.getFunction("callBack")(at, claimFaucet(at).data);
    await token.getFunction("setMood")(3);
    await tx(stranger, claimFaucet(at));
    expect(await ask(token, "calledBackWell")).to.equal(false);
    expect(decodeError({ data: await ask(token, "answer") })?.name).to.equal("Faucet_DayExhausted");
    expect([await ask(token, "balanceOf", stranger.address), await ask(token, "balanceOf", at)]).to.deep.equal([5n, 5n]);
  });

  it("costs no more than its slots and a transfer, within 2 %", async () => {
    const { who, at } = await networkHelpers.loadFixture(filled);
    const used = async (by: typeof who.oem): Promise<bigint> => (await (await tx(by, claimFaucet(at))).wait())!.gasUsed;
    // The day's first claim to an account without QDD makes three slots new; one more changes the day's.
    expect(await used(who.oem)).to.be.at.most(105_800n);
    expect(await used(who.oem2)).to.be.at.most(88_500n);
  });
});

describe("Faucet in a deployment", () => {
  const options = async () => ({ foundation: (await accounts()).foundation, artifacts, developmentKey: true });

  it("is there where it was asked for, for QDD, and read back like the rest", async () => {
    const faucet = { amount: AMOUNT, claimsPerDay: CLAIMS };
    const done = await deploy({ ...(await options()), faucet });
    expect(done.transactions.filter(({ what }) => what === "deploy Faucet").length).to.equal(1);
    expect(await faucetTerms(ethers.provider, done.faucet!)).to.deep.equal(faucet);
    expect(await ask(await contractAt("Faucet", done.faucet!), "token")).to.equal(done.addresses.qdd);
    expect((await bareTokens()).deployment.faucet).to.equal(undefined);
  });

  it("may be on testnets and local chains, on unknown networks when told, on main networks never", () => {
    for (const chain of [31_337, 11_155_111, 84_532, 11_155_420, 421_614]) refuseFaucet(chain, false);
    for (const chain of [1, 10, 8453, 42_161, 137]) {
      for (const isAllowed of [false, true]) expect(() => refuseFaucet(chain, isAllowed), String(chain)).to.throw(/is a main network/).with.property("code", "DEPLOY_REFUSED");
    }
    expect(() => refuseFaucet(1337, false)).to.throw(/not known as a testnet.*--allow-faucet/);
    refuseFaucet(1337, true);
    expect(CLAIMS_PER_DAY).to.equal(1000n);
  });
});
