/** To pay in nothing asks no token: one that refuses every transfer, and there are those that revert at zero, stops nobody who owes nothing. */
import { expect } from "chai";
import type { Hex } from "../../sdk/bytes/index.ts";
import { contractAt, ethers, networkHelpers, tx } from "./support/chain.ts";
import { refused } from "./support/deal.ts";
import { world } from "./support/world.ts";

const SAYS_FALSE = 2;

describe("The ledger and a token that moves nothing", () => {
  it("takes a deposit of nothing, and no other", async () => {
    const { who, calls, deployment } = await networkHelpers.loadFixture(world);
    const exchange = await contractAt("Escrow", deployment.addresses.escrow);
    const token = await ethers.deployContract("AwkwardToken");
    const address = (await token.getAddress()) as Hex;
    await tx(who.treasurer, calls.setToken(address, { listed: true, stopped: false, scale: 0, feeBps: 0, deposit1: 0, deposit8: 0, deposit32: 0, bond1: 0, bond8: 0, bond32: 0, exact: false }));
    await token.getFunction("setMood")(SAYS_FALSE);
    await expect(tx(who.buyer, calls.deposit(address, who.at.stranger, 0n))).to.emit(exchange, "Deposited").withArgs(who.at.stranger, address, who.at.buyer, 0);
    await refused(tx(who.buyer, calls.deposit(address, who.at.stranger, 1n)), "SafeERC20FailedOperation", address);
  });
});
