/** Devices: set-up, further keys, both curves, ends by retirement and by reset. */
import { expect } from "chai";
import { concat, keccak256, SigningKey, toBeHex, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { eventIn, type SignedKey } from "../../../sdk/client/index.ts";
import { type DeviceKeyChange, deviceDupData, deviceResetData, deviceSetupData, signTypedData, type TypedData } from "../../../sdk/eip712/index.ts";
import { ask, contractAt, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { type Key, keyOf } from "../support/device-keys.ts";
import { FAR, hash, world } from "../support/world.ts";

describe("DeviceRegistry", () => {
  async function fixture() {
    const w = await world();
    const registry = await contractAt("DeviceRegistry", w.deployment.addresses.deviceRegistry);
    const device = keyOf("device");
    const { publicKey, deviceKey } = device;
    const base = { vehicle: w.vehicle, epoch: 1, deviceKey, agent: w.who.at.tsp, deadline: FAR };
    const setup = async (change: Partial<typeof base> = {}, signers: { owner?: "owner" | "owner2" | "stranger"; device?: Key } = {}) => {
      const data = deviceSetupData(w.domain("deviceRegistry"), { ...base, ...change });
      const ownerSignature = await signTypedData(w.who[signers.owner ?? "owner"], data);
      const deviceSignature = (signers.device ?? device).sign(data);
      return { vehicle: base.vehicle, agent: base.agent, deadline: base.deadline, publicKey, ownerSignature, deviceSignature };
    };
    /** Sets up a device of a key of its own. */
    const enrol = async (key: Key) => {
      const data = deviceSetupData(w.domain("deviceRegistry"), { ...base, deviceKey: key.deviceKey });
      const signatures = { ownerSignature: await signTypedData(w.who.owner, data), deviceSignature: key.sign(data) };
      return tx(w.who.stranger, w.calls.setupDevice({ ...base, publicKey: key.publicKey, ...signatures }));
    };
    return { ...w, registry, device, publicKey, deviceKey, setup, enrol };
  }

  describe("setup", () => {
    it("registers a key from this block on, submitted by anyone", async () => {
      const { who, calls, reads, deployment, deviceKey, setup, vehicle, publicKey } = await networkHelpers.loadFixture(fixture);
      const receipt = await (await tx(who.stranger, calls.setupDevice(await setup()))).wait();
      expect(eventIn(deployment, "DeviceSetUp", receipt!)).to.deep.equal({ deviceKey, vehicle, agent: who.at.tsp, device: ZeroHash, publicKey });
      expect(await reads.deviceOf(deviceKey)).to.deep.equal({
        ...{ vehicle, validFrom: receipt!.blockNumber, validUntil: 0, agent: who.at.tsp },
        ...{ setUpAt: await now(), endedAt: 0, device: ZeroHash },
      });
      expect(await reads.isDeviceValidAt(deviceKey, vehicle, receipt!.blockNumber - 1)).to.equal(false);
      expect(await reads.isDeviceValidAt(deviceKey, vehicle, receipt!.blockNumber)).to.equal(true);
      expect(await reads.isDeviceValidAt(deviceKey, vehicle + 1n, receipt!.blockNumber)).to.equal(false);
      expect(await reads.isDeviceValidAt(hash("unknown"), 0n, receipt!.blockNumber)).to.equal(false);
    });

    it("refuses a key that was registered before, retired or not", async () => {
      const { who, calls, registry, deviceKey, setup } = await networkHelpers.loadFixture(fixture);
      await tx(who.tsp, calls.setupDevice(await setup()));
      await expect(tx(who.tsp, calls.setupDevice(await setup()))).to.be.revertedWithCustomError(registry, "DeviceRegistry_KeyTaken").withArgs(deviceKey);
      await tx(who.tsp, calls.retireDevice(deviceKey));
      await expect(tx(who.tsp, calls.setupDevice(await setup()))).to.be.revertedWithCustomError(registry, "DeviceRegistry_KeyTaken").withArgs(deviceKey);
    });

    it("refuses without the owner's or the device's signature", async () => {
      const { who, calls, registry, deviceKey, setup } = await networkHelpers.loadFixture(fixture);
      await expect(tx(who.tsp, calls.setupDevice(await setup({}, { owner: "stranger" }))))
        .to.be.revertedWithCustomError(registry, "DeviceRegistry_BadOwnerSignature")
        .withArgs(who.at.owner);
      const forged = await setup({}, { device: keyOf("another") });
      for (const deviceSignature of [forged.deviceSignature, "0x" as Hex]) {
        await expect(tx(who.tsp, calls.setupDevice({ ...(await setup()), deviceSignature })))
          .to.be.revertedWithCustomError(registry, "DeviceRegistry_BadDeviceSignature")
          .withArgs(deviceKey);
      }
    });

    it("binds agent, vehicle, deadline and epoch", async () => {
      const { who, calls, registry, setup } = await networkHelpers.loadFixture(fixture);
      for (const change of [{ agent: who.at.tsp2 }, { vehicle: 1n }, { deadline: FAR - 1 }, { epoch: 2 }, { deviceKey: hash("x") }]) {
        await expect(tx(who.tsp, calls.setupDevice(await setup(change)))).to.be.revertedWithCustomError(registry, "DeviceRegistry_BadOwnerSignature");
      }
    });

    it("ends a consent with the ownership", async () => {
      const { who, calls, registry, setup, vehicle } = await networkHelpers.loadFixture(fixture);
      const old = await setup();
      await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
      await tx(who.owner2, calls.transferVehicle(who.at.owner2, who.at.owner, vehicle));
      await expect(tx(who.tsp, calls.setupDevice(old))).to.be.revertedWithCustomError(registry, "DeviceRegistry_BadOwnerSignature").withArgs(who.at.owner);
    });

    it("takes a consent in its last second", async () => {
      const { who, calls, registry, setup } = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 10;
      const last = { ...(await setup({ deadline: at })), deadline: at };
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(tx(who.tsp, calls.setupDevice(last))).to.emit(registry, "DeviceSetUp");
    });

    it("refuses a late consent, an agent that is no TSP, an unknown vehicle", async () => {
      const { who, calls, registry, setup, deployment } = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 10;
      const late = { ...(await setup({ deadline: at })), deadline: at };
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await expect(tx(who.tsp, calls.setupDevice(late))).to.be.revertedWithCustomError(registry, "DeviceRegistry_Expired").withArgs(at, at + 1);
      await expect(tx(who.tsp, calls.setupDevice({ ...(await setup()), agent: who.at.stranger })))
        .to.be.revertedWithCustomError(registry, "DeviceRegistry_NotAccreditedAgent")
        .withArgs(who.at.stranger);
      const vehicles = await contractAt("VehicleRegistry", deployment.addresses.vehicleRegistry);
      await expect(tx(who.tsp, calls.setupDevice({ ...(await setup()), vehicle: 5n }))).to.be.revertedWithCustomError(vehicles, "VehicleRegistry_UnknownEpoch");
    });
  });

  describe("retire", () => {
    it("ends the key with its block, by owner or agent", async () => {
      const { who, calls, reads, registry, deviceKey, setup, vehicle } = await networkHelpers.loadFixture(fixture);
      await tx(who.tsp, calls.setupDevice(await setup()));
      await expect(tx(who.stranger, calls.retireDevice(deviceKey))).to.be.revertedWithCustomError(registry, "DeviceRegistry_NotOwnerOrAgent").withArgs(who.at.stranger);
      await expect(tx(who.owner, calls.retireDevice(deviceKey))).to.emit(registry, "DeviceRetired");
      const block = await ethers.provider.getBlockNumber();
      expect(await reads.deviceOf(deviceKey)).to.include({ validUntil: block, endedAt: await now() });
      expect(await reads.isDeviceValidAt(deviceKey, vehicle, block)).to.equal(true);
      expect(await reads.isDeviceValidAt(deviceKey, vehicle, block + 1)).to.equal(false);
      await expect(tx(who.tsp, calls.retireDevice(deviceKey))).to.be.revertedWithCustomError(registry, "DeviceRegistry_AlreadyRetired").withArgs(deviceKey, block);
    });

    it("refuses an unknown key", async () => {
      const { who, calls, registry } = await networkHelpers.loadFixture(fixture);
      await expect(tx(who.tsp, calls.retireDevice(hash("no")))).to.be.revertedWithCustomError(registry, "DeviceRegistry_UnknownDevice").withArgs(hash("no"));
    });
  });

  it("names a key by its 64 bytes, as the header does", async () => {
    const { publicKey, deviceKey } = await networkHelpers.loadFixture(fixture);
    expect(keccak256(concat([`0x${publicKey.slice(2, 66)}`, `0x${publicKey.slice(66)}`]))).to.equal(deviceKey);
  });

  describe("keys on P-256", () => {
    it("sign as those on secp256k1 do, by the precompile of the chain", async () => {
      const { who, calls, reads, enrol, vehicle, registry } = await networkHelpers.loadFixture(fixture);
      const key = keyOf("secure element", "P-256");
      await expect(enrol(key)).to.emit(registry, "DeviceSetUp");
      expect((await reads.deviceOf(key.deviceKey)).vehicle).to.equal(vehicle);
      await tx(who.owner, calls.retireDevice(key.deviceKey));
    });

    it("are not taken by another key's signature, nor in the upper half", async () => {
      const { registry } = await networkHelpers.loadFixture(fixture);
      for (const curve of ["secp256k1", "P-256"] as const) {
        const key = keyOf("device", curve);
        const digest = hash("digest");
        const signature = key.signDigest(digest);
        const signed = (x: Key, d: Hex, s: string) => ask(registry, "hasSigned", `0x${x.publicKey.slice(2, 66)}`, `0x${x.publicKey.slice(66)}`, d, s);
        expect(await signed(key, digest, signature), curve).to.equal(true);
        expect(await signed(key, digest, `${signature}1b`), curve).to.equal(true);
        const [r, s] = [signature.slice(2, 66), BigInt(`0x${signature.slice(66)}`)];
        const high = `0x${r}${(key.order - s).toString(16).padStart(64, "0")}`;
        for (const wrong of [high, `${signature.slice(0, -2)}00`, signature.slice(0, -2), `${signature}0000`, "0x", `0x${"00".repeat(64)}`]) {
          expect(await signed(key, digest, wrong), `${curve} ${wrong}`).to.equal(false);
        }
        expect(await signed(key, hash("other"), signature), curve).to.equal(false);
        expect(await signed(keyOf("another", curve), digest, signature), curve).to.equal(false);
      }
    });
  });

  it("takes a signature whose s is the last of the lower half", async () => {
    const { registry } = await networkHelpers.loadFixture(fixture);
    const digest = hash("digest");
    // Any point's x can be r; whose signature that is, is found from the signature itself.
    const [r, half] = ["0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", keyOf("any").order >> 1n];
    const key = SigningKey.recoverPublicKey(digest, { r, s: toBeHex(half, 32), v: 27 });
    const signed = (s: bigint) => ask(registry, "hasSigned", `0x${key.slice(4, 68)}`, `0x${key.slice(68)}`, digest, concat([r, toBeHex(s, 32)]));
    expect([await signed(half), await signed(half + 1n)]).to.deep.equal([true, false]);
  });

  /** A device with a key on P-256 in use. */
  async function enrolled() {
    const f = await fixture();
    const first = keyOf("first", "P-256");
    await f.enrol(first);
    const [second, third] = [keyOf("second"), keyOf("third", "P-256")];
    const change = (key: Key, of: Partial<DeviceKeyChange> = {}): DeviceKeyChange => ({ vehicle: f.vehicle, device: first.deviceKey, deviceKey: key.deviceKey, deadline: FAR, ...of });
    const pair = (data: TypedData, key: Key, by: { first?: Key; key?: Key } = {}): [SignedKey, SignedKey] => [
      { publicKey: first.publicKey, signature: (by.first ?? first).sign(data) },
      { publicKey: key.publicKey, signature: (by.key ?? key).sign(data) },
    ];
    const domain = f.domain("deviceRegistry");
    const dup = (key: Key, of: Partial<DeviceKeyChange> = {}, by = {}) => f.calls.setupDeviceDup(...pair(deviceDupData(domain, change(key, of)), key, by), FAR);
    const reset = (key: Key, of: Partial<DeviceKeyChange> = {}, by = {}) => f.calls.resetDevice(...pair(deviceResetData(domain, change(key, of)), key, by), FAR);
    return { ...f, first, second, third, dup, reset };
  }

  describe("setupDup", () => {
    it("gives a device a further key, with its vehicle and agent", async () => {
      const { who, reads, deployment, vehicle, first, second, dup } = await networkHelpers.loadFixture(enrolled);
      const receipt = (await (await tx(who.stranger, dup(second))).wait())!;
      expect(eventIn(deployment, "DeviceSetUp", receipt)).to.deep.equal({ deviceKey: second.deviceKey, vehicle, agent: who.at.tsp, device: first.deviceKey, publicKey: second.publicKey });
      expect(await reads.deviceOf(second.deviceKey)).to.include({ vehicle, agent: who.at.tsp, device: first.deviceKey, validUntil: 0 });
      expect(await reads.isDeviceValidAt(second.deviceKey, vehicle, receipt.blockNumber)).to.equal(true);
      expect(await reads.isDeviceValidAt(second.deviceKey, vehicle, receipt.blockNumber - 1)).to.equal(false);
    });

    it("ends a further key alone, and all of them with their device", async () => {
      const { who, calls, reads, registry, vehicle, first, second, third, dup } = await networkHelpers.loadFixture(enrolled);
      await tx(who.stranger, dup(second));
      await tx(who.stranger, dup(third));
      await tx(who.tsp, calls.retireDevice(third.deviceKey));
      const ended = await now();
      expect(await ask(registry, "validityOf", third.deviceKey, vehicle)).to.deep.equal([BigInt((await reads.deviceOf(third.deviceKey)).setUpAt), BigInt(ended)]);
      await networkHelpers.mine();
      const block = await ethers.provider.getBlockNumber();
      expect(await Promise.all([first, second, third].map(({ deviceKey }) => reads.isDeviceValidAt(deviceKey, vehicle, block)))).to.deep.equal([true, true, false]);
      expect(((await ask(registry, "validityOf", second.deviceKey, vehicle)) as bigint[])[1]).to.equal(0n);
      await networkHelpers.time.increase(10);
      await tx(who.owner, calls.retireDevice(first.deviceKey));
      const last = await ethers.provider.getBlockNumber();
      const endOfDevice = await now();
      expect(await reads.isDeviceValidAt(second.deviceKey, vehicle, last)).to.equal(true);
      expect(await reads.isDeviceValidAt(second.deviceKey, vehicle, last + 1)).to.equal(false);
      const endOf = async ({ deviceKey }: Key) => ((await ask(registry, "validityOf", deviceKey, vehicle)) as bigint[])[1];
      expect([await endOf(first), await endOf(second)]).to.deep.equal([BigInt(endOfDevice), BigInt(endOfDevice)]);
      // The earlier end counts, the key's own or its device's.
      expect(await endOf(third)).to.equal(BigInt(ended));
      await networkHelpers.time.increase(10);
      await tx(who.owner, calls.retireDevice(second.deviceKey));
      expect(await endOf(second)).to.equal(BigInt(endOfDevice));
      expect(await ask(registry, "validityOf", second.deviceKey, vehicle + 1n)).to.deep.equal([0n, 0n]);
    });

    it("asks both keys, a new one, a device in use, its first key, and time", async () => {
      const { who, calls, registry, first, second, third, dup, domain } = await networkHelpers.loadFixture(enrolled);
      await expect(tx(who.stranger, dup(second, {}, { first: third }))).to.be.revertedWithCustomError(registry, "DeviceRegistry_BadDeviceSignature").withArgs(first.deviceKey);
      await expect(tx(who.stranger, dup(second, {}, { key: first }))).to.be.revertedWithCustomError(registry, "DeviceRegistry_BadDeviceSignature").withArgs(second.deviceKey);
      for (const wrong of [{ vehicle: 1n }, { device: hash("x") }, { deviceKey: hash("x") }, { deadline: FAR - 1 }]) {
        await expect(tx(who.stranger, dup(second, wrong))).to.be.revertedWithCustomError(registry, "DeviceRegistry_BadDeviceSignature").withArgs(first.deviceKey);
      }
      await tx(who.stranger, dup(second));
      await expect(tx(who.stranger, dup(second))).to.be.revertedWithCustomError(registry, "DeviceRegistry_KeyTaken").withArgs(second.deviceKey);
      const data = deviceDupData(domain("deviceRegistry"), { vehicle: 1n, device: second.deviceKey, deviceKey: third.deviceKey, deadline: FAR });
      const signed = (key: Key): SignedKey => ({ publicKey: key.publicKey, signature: key.sign(data) });
      await expect(tx(who.stranger, calls.setupDeviceDup(signed(second), signed(third), FAR)))
        .to.be.revertedWithCustomError(registry, "DeviceRegistry_NotFirstKey")
        .withArgs(second.deviceKey, first.deviceKey);
      await expect(tx(who.stranger, calls.setupDeviceDup(signed(third), signed(second), FAR)))
        .to.be.revertedWithCustomError(registry, "DeviceRegistry_UnknownDevice")
        .withArgs(third.deviceKey);
      const at = (await now()) + 5;
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(tx(who.stranger, calls.setupDeviceDup(signed(first), signed(third), at - 1)))
        .to.be.revertedWithCustomError(registry, "DeviceRegistry_Expired")
        .withArgs(at - 1, at);
      await tx(who.owner, calls.retireDevice(first.deviceKey));
      await expect(tx(who.stranger, dup(third))).to.be.revertedWithCustomError(registry, "DeviceRegistry_AlreadyRetired");
    });
  });

  describe("reset", () => {
    it("ends a device and sets it up again under a new key, by both keys' word", async () => {
      const { who, reads, registry, deployment, vehicle, first, second, third, dup, reset } = await networkHelpers.loadFixture(enrolled);
      await tx(who.stranger, dup(third));
      const receipt = (await (await tx(who.stranger, reset(second))).wait())!;
      expect(eventIn(deployment, "DeviceReset", receipt)).to.deep.equal({ deviceKey: first.deviceKey, newKey: second.deviceKey, vehicle, recovered: false });
      expect(eventIn(deployment, "DeviceSetUp", receipt)).to.deep.equal({ deviceKey: second.deviceKey, vehicle, agent: who.at.tsp, device: ZeroHash, publicKey: second.publicKey });
      await networkHelpers.mine();
      const block = await ethers.provider.getBlockNumber();
      expect(await Promise.all([first, second, third].map(({ deviceKey }) => reads.isDeviceValidAt(deviceKey, vehicle, block)))).to.deep.equal([false, true, false]);
      await expect(tx(who.stranger, reset(keyOf("fourth")))).to.be.revertedWithCustomError(registry, "DeviceRegistry_AlreadyRetired").withArgs(first.deviceKey, receipt.blockNumber);
    });

    it("is no use of a word given for a further key, nor the other way round", async () => {
      const { who, calls, registry, vehicle, first, second, domain } = await networkHelpers.loadFixture(enrolled);
      const change = { vehicle, device: first.deviceKey, deviceKey: second.deviceKey, deadline: FAR };
      for (const [data, call] of [[deviceDupData, calls.resetDevice], [deviceResetData, calls.setupDeviceDup]] as const) {
        const text = data(domain("deviceRegistry"), change);
        const signed = (key: Key): SignedKey => ({ publicKey: key.publicKey, signature: key.sign(text) });
        await expect(tx(who.stranger, call(signed(first), signed(second), FAR))).to.be.revertedWithCustomError(registry, "DeviceRegistry_BadDeviceSignature").withArgs(first.deviceKey);
      }
    });
  });
});
