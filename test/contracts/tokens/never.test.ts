/** What every role of QDD together cannot do. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { PERMISSIONS, ROLES } from "../../../scripts/deploy/plan.ts";
import { ask, networkHelpers, tx } from "../support/chain.ts";
import { act, HELD, heldTokens, LEAST, requested, TO_OBJECT, TO_PAY } from "../support/tokens.ts";
import { hash } from "../support/world.ts";

/** Everything of QDD that changes state, with who may call it. A new function must be thought over here. */
const ANYBODY = ["approve", "transfer", "transferFrom", "permit", "transferWithAuthorization", "receiveWithAuthorization", "cancelAuthorization"];
const HOLDERS = ["queueRedemption", "confirmRedemption", "confirmRedemptionFor", "disputeRedemption", "takeBackRedemption", "settleRedemption"];
const RESTRICTED = PERMISSIONS.filter(({ contract }) => contract === "qdd").map(({ method }) => method);
const STAFF = ["foundation", "registrar", "guardian", "treasurer", "issuer", "auditor", "emission", "lister", "steward", "canceller"] as const;

describe("What QDD's issuer can never do", () => {
  it("is all that the list of its functions leaves out", async () => {
    const { qdd } = await networkHelpers.loadFixture(heldTokens);
    const names = new Set<string>();
    qdd.interface.forEachFunction(({ name, constant }) => {
      if (!constant) names.add(name);
    });
    expect([...names].sort()).to.deep.equal([...ANYBODY, ...HOLDERS, ...RESTRICTED, "setAuthority"].sort());
    expect(RESTRICTED.sort()).to.deep.equal(["attestRedemption", "freeze", "mint", "pause", "sendBackRedemption", "setFeed", "unfreeze", "unpause"]);
  });

  it("move, burn or take anybody's tokens: no restricted act lowers a balance", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd, deployment } = t;
    const token = qdd.target as Hex;
    await tx(who.guardian, calls.pauseQdd());
    await tx(who.treasurer, calls.unpauseQdd());
    await tx(who.lister, calls.freeze(who.at.owner, hash("order")));
    await tx(who.steward, calls.setFeed(deployment.addresses.reserveFeed));
    await tx(who.lister, calls.unfreeze(who.at.owner, hash("end")));
    await tx(who.issuer, calls.mintQdd(who.at.tsp, 1n));
    for (const name of STAFF) await expect(act(qdd, who[name], "transferFrom", who.at.owner, who.at[name], 1)).to.be.revertedWithCustomError(qdd, "ERC20InsufficientAllowance").withArgs(who.at[name], 0, 1);
    expect([await reads.balanceOf(token, who.at.owner), await reads.balanceOf(token, who.at.buyer)]).to.deep.equal([HELD, HELD]);
  });

  it("burn a queued token without receipt or attestation, or send it to anybody but the redeemer", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id } = await requested(t);
    for (const when of [0, TO_PAY + 1, TO_OBJECT]) {
      await networkHelpers.time.increase(when);
      for (const name of STAFF) {
        for (const call of [calls.confirmRedemption(id), calls.takeBackRedemption(id), calls.disputeRedemption(id)]) {
          await expect(tx(who[name], call)).to.be.revertedWithCustomError(qdd, "Redemptions_NotRedeemer").withArgs(who.at[name], who.at.owner);
        }
        await expect(tx(who[name], calls.settleRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotAttested").withArgs(id);
      }
    }
    await expect(tx(who.auditor, calls.sendBackRedemption(id, hash("d")))).to.emit(qdd, "Transfer").withArgs(qdd.target, who.at.owner, LEAST);
  });

  it("have one role do another's act", async () => {
    const { who, calls, qdd, feed, qdt, deployment } = await networkHelpers.loadFixture(heldTokens);
    const doer = Object.fromEntries(PERMISSIONS.map(({ contract, method, role }) => [`${contract}.${method}`, role]));
    const acts = [
      calls.mintQdd(who.at.tsp, 1n), calls.attestRedemption(1n, hash("d")), calls.sendBackRedemption(1n, hash("d")), calls.pauseQdd(), calls.unpauseQdd(),
      calls.freeze(who.at.owner, hash("o")), calls.unfreeze(who.at.owner, hash("o")), calls.setFeed(deployment.addresses.reserveFeed), calls.mintQdt(who.at.tsp, 1n), calls.attest(hash("d"), 1, 1n),
    ];
    expect(acts.length).to.equal(PERMISSIONS.filter(({ contract }) => ["qdd", "qdt", "reserveFeed"].includes(contract)).length);
    const contracts = { qdd, qdt, reserveFeed: feed };
    for (const call of acts) {
      for (const name of [...STAFF, "stranger"] as const) {
        // The deployer is treasurer too: it has listed QDD.
        if (name === doer[call.what] || (name === "foundation" && doer[call.what] === "treasurer")) continue;
        const contract = contracts[call.what.split(".")[0] as keyof typeof contracts];
        await expect(tx(who[name], call), `${call.what} by ${name}`).to.be.revertedWithCustomError(contract, "AccessManagedUnauthorized").withArgs(who.at[name]);
      }
    }
    expect(Object.keys(ROLES)).to.include.members(Object.values(doer));
  });

  it("change decimals, name, times or code: they are constants of the code, and there is no proxy", async () => {
    const { qdd } = await networkHelpers.loadFixture(heldTokens);
    expect([await ask(qdd, "decimals"), await ask(qdd, "redemptionTime"), await ask(qdd, "objectionTime"), await ask(qdd, "leastRedemption")]).to.deep.equal([6n, BigInt(TO_PAY), BigInt(TO_OBJECT), LEAST]);
    const code = await qdd.getDeployedCode();
    // EIP-1967's slots of implementation and beacon do not stand in the code.
    for (const slot of ["360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc", "a3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50"]) expect(code).not.to.include(slot);
  });
});
