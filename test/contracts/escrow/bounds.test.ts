/** Bounds that no other room asks for: all flags at once, the shortest window of a public chain, payments of nothing, what is told of a page. */
import { expect } from "chai";
import { network } from "hardhat";
import { QDD_TERMS } from "../../../scripts/deploy/plan.ts";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { DAY, ethers, networkHelpers, tx } from "../support/chain.ts";
import { ALL_OR_NOTHING, delivered, EXCLUSIVE, market, NO_COPY_KEPT, PROVEN_ONLY, refused, RESALE } from "../support/deal.ts";

describe("Escrow, bounds", () => {
  it("takes an order with every flag there is, and none with a further one", async () => {
    const { who, buy, sold } = await networkHelpers.loadFixture(market);
    const flags = ALL_OR_NOTHING | RESALE | EXCLUSIVE | PROVEN_ONLY | NO_COPY_KEPT;
    const single = { ...sold, repeatable: false, royaltyBps: 10_000 };
    await refused(tx(who.buyer, await buy({ ...single, flags: flags + 1 })), "Escrow_UnknownFlags", 32);
    await tx(who.buyer, await buy({ ...single, flags }));
  });

  it("asks a token for nothing where nothing is paid: one that moves nothing hinders no payment of nothing", async () => {
    const { who, calls, reads, escrow } = await networkHelpers.loadFixture(market);
    const token = await ethers.deployContract("AwkwardToken");
    const at = (await token.getAddress()) as Hex;
    await tx(who.treasurer, calls.setToken(at, { ...QDD_TERMS, feeBps: 0 }));
    await (token.getFunction("setMood")(2) as Promise<unknown>);
    await refused(tx(who.buyer, calls.deposit(at, who.at.buyer, 1n)), "SafeERC20FailedOperation", at);
    await expect(tx(who.buyer, calls.deposit(at, who.at.buyer, 0n))).to.emit(escrow, "Deposited").withArgs(who.at.buyer, at, who.at.buyer, 0);
    expect(await reads.creditOf(who.at.buyer, at)).to.equal(0n);
  });

  it("tells of a page what it tells of its deal, without what only looks like fields", async () => {
    const { reads, terms, dealId } = await networkHelpers.loadFixture(delivered);
    const { deal } = await reads.pageOf(terms, 0);
    expect(deal).to.include({ state: "DeliveredUnproven", purchasedAt: 0, versionStart: 0, delivered: 0 });
    expect(deal).to.deep.equal(await reads.dealOf(dealId));
  });

  it("keeps windows of seconds to the local chain: on any other both halves ask for two days at least", async () => {
    const { deployment: { addresses: a } } = await networkHelpers.loadFixture(market);
    const parts = (leastWindow: number): unknown[] => [
      ...[a.accessManager, a.vehicleRegistry, a.dataRegistry, a.qoodShares],
      ...[a.keyDelivery1Verifier, a.keyDelivery8Verifier, a.keyDelivery32Verifier, a.complaintVerifier, leastWindow],
    ];
    const elsewhere = await network.create({ override: { chainId: 8453 } });
    const deploy = async (name: string, ...args: unknown[]): Promise<string> => (await elsewhere.ethers.deployContract(name, args)).getAddress();
    for (const window of [1, 2 * DAY - 1]) {
      await refused(deploy("EscrowDisputes", parts(window)), "Escrow_WindowTooShort", window, 2 * DAY);
      await refused(deploy("Escrow", parts(window), a.escrowDisputes), "Escrow_WindowTooShort", window, 2 * DAY);
    }
    await deploy("Escrow", parts(2 * DAY), await deploy("EscrowDisputes", parts(2 * DAY)));
    await elsewhere.close();
  });
});
