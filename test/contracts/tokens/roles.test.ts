/** The waits of the deploy plan, on an access manager as the deploy script leaves it on a public chain. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Signer } from "ethers";
import { deploy, type DeployOptions } from "../../../scripts/deploy/deploy.ts";
import { DELAYS, LONGEST_DELAY, NO_DELAYS, PERMISSIONS, type RoleName, ROLES, SLOW_CONTRACTS } from "../../../scripts/deploy/plan.ts";
import { type Call, type Client, type ContractKey, createClient, INTERFACES } from "../../../sdk/client/index.ts";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { accounts, type Accounts, artifacts, ask, contractAt, DAY, deployed, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { act, type Deployed } from "../support/tokens.ts";
import { hash } from "../support/world.ts";

/** The access manager takes a wait that is set for the first time after so long. */
const SETBACK = 5 * DAY;
const NAMES = Object.keys(ROLES) as RoleName[];

interface Public extends Client {
  who: Accounts;
  manager: Deployed;
  qdd: Deployed;
}

async function options(change: Partial<DeployOptions> = {}): Promise<DeployOptions & { who: Accounts }> {
  const who = await accounts();
  const { at } = who;
  return {
    who,
    foundation: who.foundation,
    roles: {
      ...{ guardian: [at.guardian], treasurer: [at.treasurer, at.foundation], issuer: [at.issuer], auditor: [at.auditor] },
      ...{ emission: [at.emission], lister: [at.lister], steward: [at.steward], canceller: [at.canceller] },
    },
    ...{ leastWindow: 10, artifacts, developmentKey: true, delays: DELAYS },
    ...change,
  };
}

async function publicly(): Promise<Public> {
  const { who, ...rest } = await options();
  const deployment = await deploy(rest);
  const { addresses } = deployment;
  return { ...createClient(deployment, ethers.provider), who, manager: await contractAt("AccessManager", addresses.accessManager), qdd: await contractAt("QDD", addresses.qdd) };
}

/** The same with a reserve, once the waits are in force. */
async function settled(): Promise<Public> {
  const p = await publicly();
  await tx(p.who.auditor, p.calls.attest(hash("audit"), await now(), 1_000n));
  await networkHelpers.time.increase(SETBACK + 1);
  return p;
}

const administer = (p: Public, method: string, ...args: unknown[]): Call => ({
  to: p.deployment.addresses.accessManager,
  data: INTERFACES.accessManager.encodeFunctionData(method, args) as Hex,
  what: method,
});

/** An act that must be scheduled, and then may be done from the given delay on. */
async function waits(p: Public, by: Signer, call: Call, delay: number, done: () => Promise<unknown>): Promise<void> {
  const caller = (await by.getAddress()) as Hex;
  await expect(tx(by, call), "without a schedule").to.be.revertedWithCustomError(p.manager, "AccessManagerNotScheduled");
  const from = (await now()) + delay;
  await expect(tx(by, p.calls.schedule(call, from - 1)), "sooner than allowed").to.be.revertedWithCustomError(p.manager, "AccessManagerUnauthorizedCall");
  await tx(by, p.calls.schedule(call));
  const ready = await p.reads.scheduledFor(caller, call);
  expect(ready).to.equal((await now()) + delay);
  await networkHelpers.time.setNextBlockTimestamp(ready - 1);
  await expect(tx(by, call), "one second early").to.be.revertedWithCustomError(p.manager, "AccessManagerNotReady");
  await networkHelpers.time.setNextBlockTimestamp(ready);
  await tx(by, p.calls.execute(call));
  await done();
}

describe("The deploy plan's waits", () => {
  it("are the longest for the feed, and for whoever could make the feed say something else", () => {
    const all = NAMES.flatMap((role) => [DELAYS.roles[role].execution, DELAYS.roles[role].grant]);
    expect(Math.max(...all, DELAYS.contracts)).to.equal(LONGEST_DELAY);
    expect(DELAYS.roles.steward).to.deep.equal({ execution: LONGEST_DELAY, grant: LONGEST_DELAY });
    expect([DELAYS.roles.auditor.grant, DELAYS.contracts]).to.deep.equal([LONGEST_DELAY, LONGEST_DELAY]);
    expect(SLOW_CONTRACTS).to.include.members(["qdd", "reserveFeed"]);
    // Without a wait to be named, a new member would pass by the wait of the old ones.
    for (const role of NAMES) expect(DELAYS.roles[role].grant, role).to.be.at.least(DELAYS.roles[role].execution);
    for (const role of ["guardian", "canceller"] as const) expect(DELAYS.roles[role].execution, role).to.equal(0);
  });

  it("stand on the chain after the deployment, for every role and slow contract", async () => {
    const p = await networkHelpers.loadFixture(settled);
    for (const role of NAMES) {
      const account = p.who.at[role === "registrar" || role === "curator" ? "foundation" : role];
      expect([...((await ask(p.manager, "hasRole", ROLES[role], account)) as unknown[])], role).to.deep.equal([true, BigInt(DELAYS.roles[role].execution)]);
      expect(await ask(p.manager, "getRoleGrantDelay", ROLES[role]), role).to.equal(BigInt(DELAYS.roles[role].grant));
      expect(await ask(p.manager, "getRoleGuardian", ROLES[role]), role).to.equal(ROLES.canceller);
    }
    for (const contract of SLOW_CONTRACTS) expect(await ask(p.manager, "getTargetAdminDelay", p.deployment.addresses[contract]), contract).to.equal(BigInt(DELAYS.contracts));
    for (const { contract, method, role } of PERMISSIONS) {
      const selector = INTERFACES[contract].getFunction(method)!.selector;
      expect(await ask(p.manager, "getTargetFunctionRole", p.deployment.addresses[contract], selector), `${contract}.${method}`).to.equal(ROLES[role]);
    }
  });

  it("are none on a local chain", async () => {
    const { deployment, who } = await networkHelpers.loadFixture(deployed);
    const manager = await contractAt("AccessManager", deployment.addresses.accessManager);
    expect(NAMES.every((role) => NO_DELAYS.roles[role].execution === 0 && NO_DELAYS.roles[role].grant === 0)).to.equal(true);
    expect([...((await ask(manager, "hasRole", ROLES.steward, who.at.steward)) as unknown[])]).to.deep.equal([true, 0n]);
    expect(await ask(manager, "getRoleGuardian", ROLES.steward)).to.equal(ROLES.canceller);
  });

  it("are set once: a second run sends nothing, neither before they are in force nor after", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qood-deploy-"));
    try {
      const { who: _, ...rest } = await options({ folder });
      const first = await deploy(rest);
      expect(first.transactions.at(-1)!.what).to.equal("bind delays");
      expect((await deploy(rest)).transactions).to.deep.equal([]);
      await networkHelpers.time.increase(SETBACK + 1);
      expect((await deploy(rest)).transactions).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("An act with a wait", () => {
  it("changes the feed after the longest one", async () => {
    const p = await networkHelpers.loadFixture(settled);
    const feed = await ethers.deployContract("FixedFeed", [6]);
    const at = (await feed.getAddress()) as Hex;
    await feed.getFunction("set")(7, await now());
    await waits(p, p.who.steward, p.calls.setFeed(at), LONGEST_DELAY, async () => expect([await p.reads.qddFeed(), await p.reads.qddReserve()]).to.deep.equal([at, 7n]));
  });

  it("ends a pause after a day, while the pause itself is at once", async () => {
    const p = await networkHelpers.loadFixture(settled);
    await tx(p.who.guardian, p.calls.pauseQdd());
    await waits(p, p.who.treasurer, p.calls.unpauseQdd(), DAY, async () => expect(await p.reads.qddPaused()).to.equal(false));
  });

  it("is not scheduled by who may not do it", async () => {
    const p = await networkHelpers.loadFixture(settled);
    const call = p.calls.setFeed(p.deployment.addresses.reserveFeed);
    for (const name of ["foundation", "issuer", "auditor", "guardian", "canceller", "stranger"] as const) {
      await expect(tx(p.who[name], p.calls.schedule(call)), name).to.be.revertedWithCustomError(p.manager, "AccessManagerUnauthorizedCall").withArgs(p.who.at[name], call.to, call.data.slice(0, 10));
    }
  });
});

describe("The admin", () => {
  it("cannot pass by the wait for the feed: neither by a new steward or auditor, nor by another role, nor by another manager", async () => {
    const p = await networkHelpers.loadFixture(settled);
    const { who, deployment } = p;
    const { addresses } = deployment;
    const selector = (contract: ContractKey, method: string) => INTERFACES[contract].getFunction(method)!.selector;
    const since = async (role: RoleName) => Number(((await ask(p.manager, "getAccess", ROLES[role], who.at.stranger)) as bigint[])[0]);

    for (const role of ["steward", "auditor", "emission"] as const) {
      await tx(who.foundation, administer(p, "grantRole", ROLES[role], who.at.stranger, 0));
      expect(await since(role), role).to.equal((await now()) + LONGEST_DELAY);
    }
    await expect(tx(who.stranger, p.calls.attest(hash("d"), 1, 1n))).to.be.revertedWithCustomError(p.qdd, "AccessManagedUnauthorized").withArgs(who.at.stranger);

    await tx(who.foundation, administer(p, "grantRole", ROLES.steward, who.at.steward, 0));
    await expect(tx(who.steward, p.calls.setFeed(addresses.reserveFeed)), "a lowered wait waits as long as it was").to.be.revertedWithCustomError(p.manager, "AccessManagerNotScheduled");

    for (const call of [
      administer(p, "setTargetFunctionRole", addresses.qdd, [selector("qdd", "setFeed")], ROLES.issuer),
      administer(p, "setTargetFunctionRole", addresses.reserveFeed, [selector("reserveFeed", "attest")], ROLES.issuer),
      administer(p, "updateAuthority", addresses.qdd, addresses.accessManager),
    ]) {
      await expect(tx(who.foundation, call), call.what).to.be.revertedWithCustomError(p.manager, "AccessManagerNotScheduled");
    }
    await tx(who.foundation, administer(p, "setGrantDelay", ROLES.steward, 0));
    await tx(who.foundation, administer(p, "setTargetAdminDelay", addresses.qdd, 0));
    await networkHelpers.time.increase(LONGEST_DELAY - 10);
    expect([await ask(p.manager, "getRoleGrantDelay", ROLES.steward), await ask(p.manager, "getTargetAdminDelay", addresses.qdd)]).to.deep.equal([BigInt(LONGEST_DELAY), BigInt(LONGEST_DELAY)]);
    await expect(act(p.qdd, who.foundation, "setAuthority", addresses.accessManager)).to.be.revertedWithCustomError(p.qdd, "AccessManagedUnauthorized");
  });

  it("is not yet bound in the first five days", async () => {
    const p = await networkHelpers.loadFixture(publicly);
    expect(await ask(p.manager, "getRoleGrantDelay", ROLES.steward)).to.equal(0n);
    await networkHelpers.time.increase(SETBACK);
    expect(await ask(p.manager, "getRoleGrantDelay", ROLES.steward)).to.equal(BigInt(LONGEST_DELAY));
  });
});

describe("The canceller", () => {
  it("cancels what others have scheduled", async () => {
    const p = await networkHelpers.loadFixture(settled);
    const { who, calls, manager, reads } = p;
    for (const [by, call] of [[who.steward, calls.setFeed(p.deployment.addresses.reserveFeed)], [who.treasurer, calls.setFeeRecipient(who.at.feeTaker)]] as const) {
      await tx(by, calls.schedule(call));
      const caller = by.address as Hex;
      for (const name of ["guardian", "issuer", "auditor", "lister", "stranger"] as const) {
        await expect(tx(who[name], calls.cancelScheduled(caller, call)), name).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCancel");
      }
      const ready = await reads.scheduledFor(caller, call);
      await expect(tx(who.canceller, calls.cancelScheduled(caller, call))).to.emit(manager, "OperationCanceled");
      await networkHelpers.time.setNextBlockTimestamp(ready);
      await expect(tx(by, call)).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
    }
  });

  it("can do nothing else", async () => {
    const p = await networkHelpers.loadFixture(settled);
    const { who, calls, manager, qdd, deployment } = p;
    const { addresses } = deployment;
    for (const { contract, method } of PERMISSIONS) {
      const fragment = INTERFACES[contract].getFunction(method)!;
      const [allowed, delay] = (await ask(manager, "canCall", who.at.canceller, addresses[contract], fragment.selector)) as [boolean, bigint];
      expect([allowed, delay], `${contract}.${method}`).to.deep.equal([false, 0n]);
    }
    for (const call of [
      administer(p, "grantRole", ROLES.canceller, who.at.stranger, 0),
      administer(p, "grantRole", ROLES.issuer, who.at.canceller, 0),
      administer(p, "revokeRole", ROLES.issuer, who.at.issuer),
      administer(p, "setRoleGuardian", ROLES.issuer, 0),
      administer(p, "setGrantDelay", ROLES.steward, 0),
      administer(p, "setTargetClosed", addresses.qdd, true),
      administer(p, "setTargetFunctionRole", addresses.qdd, [INTERFACES.qdd.getFunction("mint")!.selector], ROLES.canceller),
    ]) {
      await expect(tx(who.canceller, call), call.what).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedAccount");
    }
    await expect(tx(who.canceller, calls.pauseQdd())).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at.canceller);
    const call = calls.setFeed(addresses.reserveFeed);
    await tx(who.steward, calls.schedule(call));
    await expect(tx(who.canceller, calls.execute(call))).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCall");
  });
});
