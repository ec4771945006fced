import { expect } from "chai";
import { concat, keccak256, SigningKey, Wallet } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { eventIn } from "../../sdk/client/index.ts";
import { deviceSetupData, hashTypedData, type MintConsent, mintConsentData, signTypedData, type Voucher, voucherData } from "../../sdk/eip712/index.ts";
import { vehicleId } from "../../sdk/market/index.ts";
import { ask, contractAt, deployed, ethers, networkHelpers, now, tx } from "./support/chain.ts";
import { FAR, hash, mintVehicle, world } from "./support/world.ts";

describe("VehicleRegistry", () => {
  async function fixture() {
    const client = await deployed();
    const { who, calls, deployment } = client;
    const address = deployment.addresses.vehicleRegistry;
    const registry = await contractAt("VehicleRegistry", address);
    const domain = { chainId: 31337, verifyingContract: address };
    const voucher: Voucher = { oem: who.at.oem, tag: hash("tag"), owner: who.at.owner, legalHash: hash("legal"), deadline: FAR };
    const sign = async (change: { voucher?: Partial<Voucher>; consent?: Partial<MintConsent> } = {}) => {
      const v = { ...voucher, ...change.voucher };
      const consent: MintConsent = { voucher: v, tsp: who.at.tsp, deadline: FAR, ...change.consent };
      return {
        v,
        oemSignature: await signTypedData(who.oem, voucherData(domain, v)),
        ownerSignature: await signTypedData(who.owner, mintConsentData(domain, consent)),
        deadline: consent.deadline,
      };
    };
    const mint = (s: Awaited<ReturnType<typeof sign>>) => calls.mint(s.v, s.deadline, s.oemSignature, s.ownerSignature);
    return { ...client, registry, domain, voucher, sign, mint };
  }

  describe("accreditation", () => {
    it("is the registrar's, and can be taken back", async () => {
      const { who, calls, reads, registry } = await networkHelpers.loadFixture(fixture);
      for (const [call, event, read] of [
        [calls.accreditOem(who.at.stranger, true), "OemAccredited", () => reads.isOem(who.at.stranger)],
        [calls.accreditTsp(who.at.stranger, true), "TspAccredited", () => reads.isTsp(who.at.stranger)],
      ] as const) {
        await expect(tx(who.stranger, call)).to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized").withArgs(who.at.stranger);
        await expect(tx(who.registrar, call)).to.emit(registry, event).withArgs(who.at.stranger, true);
        expect(await read()).to.equal(true);
      }
      await tx(who.registrar, calls.accreditTsp(who.at.tsp, false));
      expect(await reads.isTsp(who.at.tsp)).to.equal(false);
    });
  });

  describe("mint", () => {
    it("makes a token of (maker, tag) in its first epoch", async () => {
      const { who, reads, registry, sign, mint, voucher } = await networkHelpers.loadFixture(fixture);
      const id = vehicleId(voucher.oem, voucher.tag);
      expect(await ask(registry, "vehicleId", voucher.oem, voucher.tag)).to.equal(id);
      expect(id < 1n << 128n).to.equal(true);
      await expect(tx(who.tsp, mint(await sign())))
        .to.emit(registry, "VehicleMinted")
        .withArgs(id, who.at.oem, who.at.owner, voucher.tag, who.at.tsp, voucher.legalHash);
      expect(await reads.ownerOf(id)).to.equal(who.at.owner);
      expect(await reads.oemOf(id)).to.equal(who.at.oem);
      expect(await reads.epochOf(id)).to.equal(1);
      expect(await reads.ownerInEpoch(id, 1)).to.equal(who.at.owner);
      expect(await reads.epochEnd(id, 1)).to.equal(0);
      expect(await ask(registry, "legalHashOf", id)).to.equal(voucher.legalHash);
    });

    it("refuses a second mint of the same (maker, tag)", async () => {
      const { who, registry, sign, mint, voucher } = await networkHelpers.loadFixture(fixture);
      await tx(who.tsp, mint(await sign()));
      const again = await sign({ voucher: { legalHash: hash("other") } });
      await expect(tx(who.tsp, mint(again))).to.be.revertedWithCustomError(registry, "VehicleRegistry_AlreadyMinted").withArgs(vehicleId(voucher.oem, voucher.tag));
    });

    it("refuses a caller that is no accredited TSP, and a TSP that the owner has not named", async () => {
      const { who, registry, sign, mint } = await networkHelpers.loadFixture(fixture);
      const signed = await sign();
      await expect(tx(who.stranger, mint(signed))).to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedTsp").withArgs(who.at.stranger);
      await expect(tx(who.tsp2, mint(signed))).to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOwnerSignature").withArgs(who.at.owner);
    });

    it("refuses a maker that is not accredited", async () => {
      const { who, calls, registry, sign, mint } = await networkHelpers.loadFixture(fixture);
      await tx(who.registrar, calls.accreditOem(who.at.oem, false));
      await expect(tx(who.tsp, mint(await sign()))).to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedOem").withArgs(who.at.oem);
    });

    it("counts deadlines to their last second", async () => {
      const { who, registry, sign, mint } = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 100;
      const late = [await sign({ voucher: { deadline: at } }), await sign({ consent: { deadline: at } })];
      await networkHelpers.time.increaseTo(at);
      for (const signed of late) {
        await networkHelpers.time.setNextBlockTimestamp(at + 1);
        await expect(tx(who.tsp, mint(signed))).to.be.revertedWithCustomError(registry, "VehicleRegistry_Expired").withArgs(at, at + 1);
      }
    });

    it("takes a deadline in its last second", async () => {
      const { who, registry, sign, mint } = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 100;
      const signed = await sign({ voucher: { deadline: at }, consent: { deadline: at } });
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(tx(who.tsp, mint(signed))).to.emit(registry, "VehicleMinted");
    });

    it("refuses a voucher changed after signing, field by field", async () => {
      const { who, registry, sign, mint } = await networkHelpers.loadFixture(fixture);
      const signed = await sign();
      for (const change of [{ tag: hash("x") }, { legalHash: hash("x") }, { deadline: FAR + 1 }, { owner: who.at.owner2 }]) {
        await expect(tx(who.tsp, mint({ ...signed, v: { ...signed.v, ...change } })))
          .to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOemSignature")
          .withArgs(who.at.oem);
      }
      await expect(tx(who.tsp, mint({ ...signed, v: { ...signed.v, oem: who.at.oem2 } })))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOemSignature")
        .withArgs(who.at.oem2);
      await expect(tx(who.tsp, mint({ ...signed, deadline: FAR - 1 })))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOwnerSignature")
        .withArgs(who.at.owner);
    });

    it("refuses signatures made for another registry or another chain", async () => {
      const { who, registry, sign, mint, domain, voucher } = await networkHelpers.loadFixture(fixture);
      const signed = await sign();
      for (const other of [{ ...domain, chainId: 1 }, { ...domain, verifyingContract: who.at.stranger }]) {
        const oemSignature = await signTypedData(who.oem, voucherData(other, voucher));
        await expect(tx(who.tsp, mint({ ...signed, oemSignature }))).to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOemSignature");
      }
    });

    it("takes contract wallets as owner and maker (ERC-1271)", async () => {
      const { who, calls, reads, registry, domain, voucher } = await networkHelpers.loadFixture(fixture);
      const owner = (await (await ethers.deployContract("Wallet1271", [who.at.owner])).getAddress()) as Hex;
      const oem = (await (await ethers.deployContract("Wallet1271", [who.at.oem])).getAddress()) as Hex;
      await tx(who.registrar, calls.accreditOem(oem, true));
      const v = { ...voucher, owner, oem };
      const oemSignature = await signTypedData(who.oem, voucherData(domain, v));
      const ownerSignature = await signTypedData(who.owner, mintConsentData(domain, { voucher: v, tsp: who.at.tsp, deadline: FAR }));
      await expect(tx(who.tsp, calls.mint(v, FAR, ownerSignature, ownerSignature))).to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOemSignature");
      await tx(who.tsp, calls.mint(v, FAR, oemSignature, ownerSignature));
      expect(await reads.ownerOf(vehicleId(oem, v.tag))).to.equal(owner);
    });
  });

  describe("ownership epochs", () => {
    it("go up by one at every real transfer, and keep owner and end of the closed one", async () => {
      const { who, calls, reads, registry, ...client } = await networkHelpers.loadFixture(fixture);
      const id = await mintVehicle({ who, calls, reads, ...client });
      await expect(tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, id))).to.emit(registry, "EpochClosed");
      const end = await now();
      expect(await reads.epochOf(id)).to.equal(2);
      expect(await reads.ownerInEpoch(id, 1)).to.equal(who.at.owner);
      expect(await reads.epochEnd(id, 1)).to.equal(end);
      expect(await reads.ownerInEpoch(id, 2)).to.equal(who.at.owner2);
      expect(await reads.epochEnd(id, 2)).to.equal(0);
      await tx(who.owner2, calls.transferVehicle(who.at.owner2, who.at.owner, id));
      expect(await reads.epochOf(id)).to.equal(3);
      expect(await reads.ownerInEpoch(id, 2)).to.equal(who.at.owner2);
      expect(await reads.ownerInEpoch(id, 1)).to.equal(who.at.owner);
    });

    it("do not change by a transfer to oneself, nor by safeTransferFrom to oneself", async () => {
      const { who, calls, reads, registry, ...client } = await networkHelpers.loadFixture(fixture);
      const id = await mintVehicle({ who, calls, reads, ...client });
      await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner, id));
      await registry.connect(who.owner).getFunction("safeTransferFrom(address,address,uint256)")(who.at.owner, who.at.owner, id);
      expect(await reads.epochOf(id)).to.equal(1);
    });

    it("are closed by safeTransferFrom and by an approved operator alike", async () => {
      const { who, calls, reads, registry, ...client } = await networkHelpers.loadFixture(fixture);
      const id = await mintVehicle({ who, calls, reads, ...client });
      await registry.connect(who.owner).getFunction("approve")(who.at.stranger, id);
      await registry.connect(who.stranger).getFunction("safeTransferFrom(address,address,uint256)")(who.at.owner, who.at.owner2, id);
      expect(await reads.epochOf(id)).to.equal(2);
    });

    it("cannot be asked for before they begin", async () => {
      const { who, calls, reads, registry, ...client } = await networkHelpers.loadFixture(fixture);
      const id = await mintVehicle({ who, calls, reads, ...client });
      for (const epoch of [0, 2]) {
        await expect(ask(registry, "ownerInEpoch", id, epoch)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownEpoch").withArgs(id, epoch);
        await expect(ask(registry, "epochEnd", id, epoch)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownEpoch").withArgs(id, epoch);
      }
      await expect(ask(registry, "oemOf", 7)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownVehicle").withArgs(7);
      expect(await ask(registry, "epochOf", 7)).to.equal(0);
    });

    it("cannot be moved by a stranger", async () => {
      const { who, calls, registry, ...client } = await networkHelpers.loadFixture(fixture);
      const id = await mintVehicle({ who, calls, ...client });
      await expect(tx(who.stranger, calls.transferVehicle(who.at.owner, who.at.stranger, id))).to.be.revertedWithCustomError(registry, "ERC721InsufficientApproval");
    });
  });
});

describe("DeviceRegistry", () => {
  async function fixture() {
    const w = await world();
    const registry = await contractAt("DeviceRegistry", w.deployment.addresses.deviceRegistry);
    const device = new Wallet(hash("device"));
    const publicKey: Hex = `0x${new SigningKey(device.privateKey).publicKey.slice(4)}`;
    const deviceKey = keccak256(publicKey) as Hex;
    const base = { vehicle: w.vehicle, epoch: 1, deviceKey, agent: w.who.at.tsp, deadline: FAR };
    const setup = async (change: Partial<typeof base> = {}, signers: { owner?: "owner" | "owner2" | "stranger"; device?: Wallet } = {}) => {
      const data = deviceSetupData(w.domain("deviceRegistry"), { ...base, ...change });
      const ownerSignature = await signTypedData(w.who[signers.owner ?? "owner"], data);
      const deviceSignature = (signers.device ?? device).signingKey.sign(hashTypedData(data)).serialized as Hex;
      return { vehicle: base.vehicle, agent: base.agent, deadline: base.deadline, publicKey, ownerSignature, deviceSignature };
    };
    return { ...w, registry, device, publicKey, deviceKey, setup };
  }

  describe("setup", () => {
    it("registers a key from this block on, submitted by anyone", async () => {
      const { who, calls, reads, deployment, deviceKey, setup, vehicle, publicKey } = await networkHelpers.loadFixture(fixture);
      const receipt = await (await tx(who.stranger, calls.setupDevice(await setup()))).wait();
      expect(eventIn(deployment, "DeviceSetUp", receipt!)).to.deep.equal({ deviceKey, vehicle, agent: who.at.tsp, publicKey });
      expect(await reads.deviceOf(deviceKey)).to.deep.equal({ vehicle, validFrom: receipt!.blockNumber, validUntil: 0, agent: who.at.tsp });
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
      const forged = await setup({}, { device: new Wallet(hash("another")) });
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
});
