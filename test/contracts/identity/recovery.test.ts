/** A device whose key is lost: the owner asks, the agent can put it off once, nobody can stop it. */
import { expect } from "chai";
import { ZeroAddress, ZeroHash } from "ethers";
import type { Call } from "../../../sdk/client/index.ts";
import { type DeviceRecovery, deviceRecoveryData, deviceResetData, deviceSetupData, signTypedData } from "../../../sdk/eip712/index.ts";
import { contractAt, DAY, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { type Key, keyOf } from "../support/device-keys.ts";
import { FAR, hash, world } from "../support/world.ts";

const DELAY = 7 * DAY;
const CONTEST = 14 * DAY;

describe("Recovery of a device", () => {
  async function fixture() {
    const w = await world();
    const registry = await contractAt("DeviceRegistry", w.deployment.addresses.deviceRegistry);
    const domain = w.domain("deviceRegistry");
    const lost = keyOf("lost", "P-256");
    const setup = { vehicle: w.vehicle, epoch: 1, deviceKey: lost.deviceKey, agent: w.who.at.tsp, deadline: FAR };
    const data = deviceSetupData(domain, setup);
    await tx(w.who.tsp, w.calls.setupDevice({ ...setup, publicKey: lost.publicKey, ownerSignature: await signTypedData(w.who.owner, data), deviceSignature: lost.sign(data) }));
    const asking = (key: Key, change: Partial<DeviceRecovery> = {}): Call => {
      const text = { vehicle: w.vehicle, device: lost.deviceKey, deviceKey: key.deviceKey, owner: w.who.at.owner, ...change };
      return w.calls.askDeviceRecovery(text.device, { publicKey: key.publicKey, signature: key.sign(deviceRecoveryData(domain, text)) });
    };
    return { ...w, registry, deviceDomain: domain, lost, fresh: keyOf("fresh"), asking };
  }

  /** Asked for by the owner. */
  async function asked() {
    const f = await fixture();
    await tx(f.who.owner, f.asking(f.fresh));
    const readyAt = (await now()) + DELAY;
    return { ...f, readyAt, finish: f.calls.finishDeviceRecovery(f.lost.deviceKey, f.fresh.publicKey) };
  }

  it("is asked for by the owner, with the new key's word", async () => {
    const { who, reads, registry, lost, fresh, asking } = await networkHelpers.loadFixture(fixture);
    await expect(tx(who.stranger, asking(fresh))).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotOwner").withArgs(who.at.stranger, who.at.owner);
    await expect(tx(who.tsp, asking(fresh))).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotOwner").withArgs(who.at.tsp, who.at.owner);
    for (const change of [{ vehicle: 1n }, { deviceKey: hash("x") }, { owner: who.at.stranger }]) {
      await expect(tx(who.owner, asking(fresh, change))).to.be.revertedWithCustomError(registry, "DeviceRegistry_BadDeviceSignature").withArgs(fresh.deviceKey);
    }
    await expect(tx(who.owner, asking(lost))).to.be.revertedWithCustomError(registry, "DeviceRegistry_KeyTaken").withArgs(lost.deviceKey);
    await expect(tx(who.owner, asking(fresh, { device: hash("no") }))).to.be.revertedWithCustomError(registry, "DeviceRegistry_UnknownDevice").withArgs(hash("no"));
    const at = (await now()) + 1;
    await networkHelpers.time.setNextBlockTimestamp(at);
    await expect(tx(who.owner, asking(fresh))).to.emit(registry, "RecoveryAsked").withArgs(lost.deviceKey, fresh.deviceKey, who.at.owner, at + DELAY);
    expect(await reads.deviceRecoveryOf(lost.deviceKey)).to.deep.equal({ newKey: fresh.deviceKey, owner: who.at.owner, readyAt: at + DELAY, contested: false });
    await expect(tx(who.owner, asking(fresh))).to.be.revertedWithCustomError(registry, "DeviceRegistry_RecoveryRunning").withArgs(lost.deviceKey, at + DELAY);
  });

  it("is finished by anyone after the delay, to the second, and ends the device", async () => {
    const { who, calls, reads, registry, vehicle, lost, fresh, finish, readyAt } = await networkHelpers.loadFixture(asked);
    await networkHelpers.time.setNextBlockTimestamp(readyAt - 1);
    await expect(tx(who.stranger, finish)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotYet").withArgs(readyAt, readyAt - 1);
    await networkHelpers.time.setNextBlockTimestamp(readyAt);
    await expect(tx(who.stranger, calls.finishDeviceRecovery(lost.deviceKey, keyOf("other").publicKey)))
      .to.be.revertedWithCustomError(registry, "DeviceRegistry_BadDeviceSignature")
      .withArgs(keyOf("other").deviceKey);
    await networkHelpers.time.setNextBlockTimestamp(readyAt + 1);
    const done = await tx(who.stranger, finish);
    await expect(done).to.emit(registry, "DeviceReset").withArgs(lost.deviceKey, fresh.deviceKey, vehicle, true);
    const [x, y] = [`0x${fresh.publicKey.slice(2, 66)}`, `0x${fresh.publicKey.slice(66)}`];
    await expect(done).to.emit(registry, "DeviceSetUp").withArgs(fresh.deviceKey, vehicle, who.at.tsp, ZeroHash, x, y);
    const block = await ethers.provider.getBlockNumber();
    expect([await reads.isDeviceValidAt(lost.deviceKey, vehicle, block + 1), await reads.isDeviceValidAt(fresh.deviceKey, vehicle, block)]).to.deep.equal([false, true]);
    expect(await reads.deviceRecoveryOf(lost.deviceKey)).to.deep.equal({ newKey: ZeroHash, owner: ZeroAddress, readyAt: 0, contested: false });
    await expect(tx(who.stranger, finish)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NoRecovery").withArgs(lost.deviceKey);
  });

  it("can be finished in the first second after the delay", async () => {
    const { who, registry, finish, readyAt } = await networkHelpers.loadFixture(asked);
    await networkHelpers.time.setNextBlockTimestamp(readyAt);
    await expect(tx(who.stranger, finish)).to.emit(registry, "DeviceReset");
  });

  it("F36: is put off by the agent once, by a fixed time, and never blocked", async () => {
    const { who, calls, reads, registry, lost, finish, readyAt } = await networkHelpers.loadFixture(asked);
    const contest = calls.contestDeviceRecovery(lost.deviceKey);
    await expect(tx(who.tsp2, contest)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotAgent").withArgs(who.at.tsp2, who.at.tsp);
    await networkHelpers.time.setNextBlockTimestamp(readyAt - 1);
    await expect(tx(who.tsp, contest)).to.emit(registry, "RecoveryContested").withArgs(lost.deviceKey, who.at.tsp, readyAt + CONTEST);
    expect(await reads.deviceRecoveryOf(lost.deviceKey)).to.include({ readyAt: readyAt + CONTEST, contested: true });
    await expect(tx(who.tsp, contest)).to.be.revertedWithCustomError(registry, "DeviceRegistry_AlreadyContested").withArgs(lost.deviceKey);
    await networkHelpers.time.setNextBlockTimestamp(readyAt + CONTEST - 1);
    await expect(tx(who.stranger, finish)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotYet").withArgs(readyAt + CONTEST, readyAt + CONTEST - 1);
    await networkHelpers.time.setNextBlockTimestamp(readyAt + CONTEST);
    await expect(tx(who.stranger, finish)).to.emit(registry, "DeviceReset");
  });

  it("F36: cannot be put off when it is ready, nor where none runs", async () => {
    const { who, calls, registry, lost, fresh, readyAt } = await networkHelpers.loadFixture(asked);
    await networkHelpers.time.setNextBlockTimestamp(readyAt);
    await expect(tx(who.tsp, calls.contestDeviceRecovery(lost.deviceKey))).to.be.revertedWithCustomError(registry, "DeviceRegistry_TooLate").withArgs(readyAt, readyAt);
    for (const call of [calls.contestDeviceRecovery(fresh.deviceKey), calls.cancelDeviceRecovery(fresh.deviceKey), calls.finishDeviceRecovery(fresh.deviceKey, fresh.publicKey)]) {
      await expect(tx(who.owner, call)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NoRecovery").withArgs(fresh.deviceKey);
    }
  });

  it("is called off by the owner, and by nobody else", async () => {
    const { who, calls, reads, registry, lost, fresh, asking } = await networkHelpers.loadFixture(asked);
    const cancel = calls.cancelDeviceRecovery(lost.deviceKey);
    await expect(tx(who.tsp, cancel)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotOwner").withArgs(who.at.tsp, who.at.owner);
    await expect(tx(who.owner, cancel)).to.emit(registry, "RecoveryCancelled").withArgs(lost.deviceKey, who.at.owner);
    expect((await reads.deviceRecoveryOf(lost.deviceKey)).readyAt).to.equal(0);
    await tx(who.owner, asking(fresh));
  });

  it("ends with the ownership: the new owner asks anew, and a former owner's leads nowhere", async () => {
    const { who, calls, reads, registry, vehicle, lost, fresh, asking, finish, readyAt } = await networkHelpers.loadFixture(asked);
    await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
    await networkHelpers.time.increaseTo(readyAt);
    await expect(tx(who.stranger, finish)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotOwner").withArgs(who.at.owner, who.at.owner2);
    await tx(who.owner2, asking(keyOf("of the new owner"), { owner: who.at.owner2 }));
    expect(await reads.deviceRecoveryOf(lost.deviceKey)).to.include({ owner: who.at.owner2, newKey: keyOf("of the new owner").deviceKey });
    await expect(tx(who.owner, asking(fresh))).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotOwner").withArgs(who.at.owner, who.at.owner2);
  });

  it("is overtaken by the device itself, which was not lost after all", async () => {
    const { who, calls, reads, registry, vehicle, deviceDomain, lost, fresh, finish, readyAt } = await networkHelpers.loadFixture(asked);
    const own = keyOf("its own next");
    const data = deviceResetData(deviceDomain, { vehicle, device: lost.deviceKey, deviceKey: own.deviceKey, deadline: FAR });
    await tx(who.stranger, calls.resetDevice({ publicKey: lost.publicKey, signature: lost.sign(data) }, { publicKey: own.publicKey, signature: own.sign(data) }, FAR));
    await networkHelpers.time.increaseTo(readyAt);
    await expect(tx(who.stranger, finish)).to.be.revertedWithCustomError(registry, "DeviceRegistry_NoRecovery").withArgs(lost.deviceKey);
    expect((await reads.deviceOf(fresh.deviceKey)).vehicle).to.equal(0n);
  });

  it("does not take a key that was registered in the meantime, nor a device that has ended", async () => {
    const { who, calls, registry, vehicle, deviceDomain, lost, fresh, asking, finish, readyAt } = await networkHelpers.loadFixture(asked);
    const setup = { vehicle, epoch: 1, deviceKey: fresh.deviceKey, agent: who.at.tsp, deadline: FAR };
    const data = deviceSetupData(deviceDomain, setup);
    await tx(who.tsp, calls.setupDevice({ ...setup, publicKey: fresh.publicKey, ownerSignature: await signTypedData(who.owner, data), deviceSignature: fresh.sign(data) }));
    await networkHelpers.time.increaseTo(readyAt);
    await expect(tx(who.stranger, finish)).to.be.revertedWithCustomError(registry, "DeviceRegistry_KeyTaken").withArgs(fresh.deviceKey);
    await tx(who.tsp, calls.retireDevice(lost.deviceKey));
    await expect(tx(who.owner, asking(keyOf("late")))).to.be.revertedWithCustomError(registry, "DeviceRegistry_AlreadyRetired");
  });
});
