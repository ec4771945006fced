/** Vehicles: accreditation, the three ways to be minted and confirmed, the legal contract, ownership epochs. */
import { expect } from "chai";
import { hexlify, sha256, toUtf8Bytes, ZeroAddress } from "ethers";
import { base16 } from "multiformats/bases/base16";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { sha256 as sha2 } from "multiformats/hashes/sha2";
import type { Hex } from "../../../sdk/bytes/index.ts";
import {
  type Claim,
  type ClaimConsent,
  claimConsentData,
  type Confirmation,
  confirmationData,
  type MintConsent,
  mintConsentData,
  signTypedData,
  type Voucher,
  voucherData,
} from "../../../sdk/eip712/index.ts";
import { wmiBytes } from "../../../sdk/identity/index.ts";
import { sixPairs, vehicleId } from "../../../sdk/market/index.ts";
import { ask, contractAt, deployed, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { agree, agreementText, FAR, hash, mintVehicle } from "../support/world.ts";

describe("VehicleRegistry", () => {
  async function fixture() {
    const client = await deployed();
    const { who, calls, deployment } = client;
    const address = deployment.addresses.vehicleRegistry;
    const registry = await contractAt("VehicleRegistry", address);
    const domain = { chainId: 31337, verifyingContract: address };
    const voucher: Voucher = { oem: who.at.oem, wmi: wmiBytes("WDB"), tag: hash("tag"), owner: who.at.owner, legalHash: hash("legal"), deadline: FAR };
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
    const claim: Claim = { oem: who.at.oem, wmi: wmiBytes("WDB"), tag: hash("tag of the TSP"), owner: who.at.owner, legalHash: hash("legal") };
    const signClaim = async (change: Partial<Claim> = {}, consent: Partial<ClaimConsent> = {}) => {
      const c = { ...claim, ...change };
      const text: ClaimConsent = { claim: c, tsp: who.at.tsp, deadline: FAR, ...consent };
      return { c, ownerSignature: await signTypedData(who.owner, claimConsentData(domain, text)), deadline: text.deadline };
    };
    const mintUnconfirmed = (s: Awaited<ReturnType<typeof signClaim>>) => calls.mintUnconfirmed(s.c, s.deadline, s.ownerSignature);
    const signConfirmation = (change: Partial<Confirmation> = {}, by: "oem" | "oem2" = "oem") =>
      signTypedData(who[by], confirmationData(domain, { vehicle: vehicleId(who.at.tsp, claim.tag), tag: voucher.tag, deadline: FAR, ...change }));
    return { ...client, registry, domain, voucher, sign, mint, claim, signClaim, mintUnconfirmed, signConfirmation };
  }

  /** A vehicle that its maker has not confirmed. */
  async function unconfirmed() {
    const f = await fixture();
    await tx(f.who.tsp, f.mintUnconfirmed(await f.signClaim()));
    return { ...f, vehicle: vehicleId(f.who.at.tsp, f.claim.tag) };
  }

  describe("accreditation", () => {
    it("of TSPs is the registrar's, and can be taken back", async () => {
      const { who, calls, reads, registry } = await networkHelpers.loadFixture(fixture);
      const call = calls.accreditTsp(who.at.stranger, true);
      await expect(tx(who.stranger, call)).to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized").withArgs(who.at.stranger);
      await expect(tx(who.registrar, call)).to.emit(registry, "TspAccredited").withArgs(who.at.stranger, true);
      expect(await reads.isTsp(who.at.stranger)).to.equal(true);
      await expect(tx(who.registrar, calls.accreditTsp(who.at.tsp, false))).to.emit(registry, "TspAccredited").withArgs(who.at.tsp, false);
      expect(await reads.isTsp(who.at.tsp)).to.equal(false);
    });

    it("of makers is the registrar's, for each of their identifiers, and can be taken back", async () => {
      const { who, calls, reads, registry } = await networkHelpers.loadFixture(fixture);
      const wmi = wmiBytes("1A9004");
      for (const call of [calls.accreditOem(who.at.oem, wmi), calls.revokeOem(who.at.oem, wmiBytes("WDB"))]) {
        await expect(tx(who.stranger, call)).to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized").withArgs(who.at.stranger);
      }
      await expect(tx(who.registrar, calls.accreditOem(who.at.oem, wmi))).to.emit(registry, "OemAccredited").withArgs(who.at.oem, wmi, true);
      // Once more changes nothing.
      await tx(who.registrar, calls.accreditOem(who.at.oem, wmi));
      expect(await reads.oemOfWmi(wmi)).to.equal(who.at.oem);
      await expect(tx(who.registrar, calls.revokeOem(who.at.oem, wmi))).to.emit(registry, "OemAccredited").withArgs(who.at.oem, wmi, false);
      expect(await reads.oemOfWmi(wmi)).to.equal(ZeroAddress);
      expect(await reads.oemOfWmi(wmiBytes("WDB"))).to.equal(who.at.oem);
    });

    it("of makers: nobody but the holder of an identifier loses it, and nobody takes it over", async () => {
      const { who, calls, registry } = await networkHelpers.loadFixture(fixture);
      const wmi = wmiBytes("WDB");
      await expect(tx(who.registrar, calls.accreditOem(who.at.oem2, wmi))).to.be.revertedWithCustomError(registry, "VehicleRegistry_WmiTaken").withArgs(wmi, who.at.oem);
      await expect(tx(who.registrar, calls.accreditOem(ZeroAddress as Hex, wmiBytes("AAA")))).to.be.revertedWithCustomError(registry, "VehicleRegistry_ZeroAddress");
      for (const [oem, of] of [[who.at.oem2, wmi], [ZeroAddress as Hex, wmiBytes("AAA")]] as const) {
        await expect(tx(who.registrar, calls.revokeOem(oem, of))).to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedOem").withArgs(oem, of);
      }
    });

    it("of makers takes identifiers in their form only: every character of a VIN and no other, six where the third is a 9", async () => {
      const { who, calls, registry } = await networkHelpers.loadFixture(fixture);
      const ascii = (text: string): Hex => hexlify(toUtf8Bytes(text)) as Hex;
      const refused = ["WD\0", "\0\0\0", "WDb", "WD:", "WD/", "W@B", "WD[", "IDB", "WOB", "WDQ", "WDB004", "WD9\0\x001", "WD9I04", "WD90\0\0", "WD900`"];
      for (const text of refused) {
        const wmi = ascii(text.padEnd(6, "\0"));
        await expect(tx(who.registrar, calls.accreditOem(who.at.oem, wmi)), text).to.be.revertedWithCustomError(registry, "VehicleRegistry_BadWmi").withArgs(wmi);
      }
      for (const text of ["A0Z", "9ZA", "WD9", "WD9A0Z", "HJP", "RN8"]) await tx(who.registrar, calls.accreditOem(who.at.oem, wmiBytes(text)));
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
      expect(await ask(registry, "wmiOf", id)).to.equal(voucher.wmi);
      expect(await ask(registry, "statusOf", id)).to.equal(1);
      expect(await reads.makerOf(id)).to.deep.equal({ oem: who.at.oem, confirmed: true });
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

    it("F35: refuses a maker that is not accredited for the vehicle's identifier", async () => {
      const { who, calls, registry, sign, mint, voucher } = await networkHelpers.loadFixture(fixture);
      const foreign = await sign({ voucher: { wmi: wmiBytes("LBV") } });
      await expect(tx(who.tsp, mint(foreign))).to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedOem").withArgs(who.at.oem, wmiBytes("LBV"));
      await tx(who.registrar, calls.revokeOem(who.at.oem, voucher.wmi));
      await expect(tx(who.tsp, mint(await sign()))).to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedOem").withArgs(who.at.oem, voucher.wmi);
      await tx(who.tsp, mint(await sign({ voucher: { wmi: wmiBytes("WDD") } })));
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
      await expect(tx(who.tsp, mint({ ...signed, v: { ...signed.v, wmi: wmiBytes("WDD") } })))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOemSignature")
        .withArgs(who.at.oem);
      await expect(tx(who.tsp, mint({ ...signed, v: { ...signed.v, oem: who.at.oem2, wmi: wmiBytes("LBV") } })))
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
      const wmi = wmiBytes("AAA");
      await tx(who.registrar, calls.accreditOem(oem, wmi));
      const v = { ...voucher, owner, oem, wmi };
      const oemSignature = await signTypedData(who.oem, voucherData(domain, v));
      const ownerSignature = await signTypedData(who.owner, mintConsentData(domain, { voucher: v, tsp: who.at.tsp, deadline: FAR }));
      await expect(tx(who.tsp, calls.mint(v, FAR, ownerSignature, ownerSignature))).to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOemSignature");
      await tx(who.tsp, calls.mint(v, FAR, oemSignature, ownerSignature));
      expect(await reads.ownerOf(vehicleId(oem, v.tag))).to.equal(owner);
    });
  });

  describe("mint without the maker", () => {
    it("makes an unconfirmed token of (TSP, tag)", async () => {
      const { who, reads, registry, claim, signClaim, mintUnconfirmed } = await networkHelpers.loadFixture(fixture);
      const id = vehicleId(who.at.tsp, claim.tag);
      const minted = await tx(who.tsp, mintUnconfirmed(await signClaim()));
      await expect(minted).to.emit(registry, "VehicleMinted").withArgs(id, who.at.oem, who.at.owner, claim.tag, who.at.tsp, claim.legalHash);
      await expect(minted).to.emit(registry, "VehicleUnconfirmed").withArgs(id, who.at.oem);
      expect(await ask(registry, "wmiOf", id)).to.equal(claim.wmi);
      expect([await reads.ownerOf(id), await reads.epochOf(id), await ask(registry, "statusOf", id)]).to.deep.equal([who.at.owner, 1, 2n]);
      expect(await reads.makerOf(id)).to.deep.equal({ oem: who.at.oem, confirmed: false });
      expect(await ask(registry, "legalHashOf", id)).to.equal(claim.legalHash);
      await expect(tx(who.tsp, mintUnconfirmed(await signClaim({ legalHash: hash("other") }))))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_AlreadyMinted")
        .withArgs(id);
    });

    it("is an accredited TSP's that the owner has named, of an accredited maker's identifier, in time", async () => {
      const { who, registry, signClaim, mintUnconfirmed } = await networkHelpers.loadFixture(fixture);
      const signed = await signClaim();
      await expect(tx(who.stranger, mintUnconfirmed(signed))).to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedTsp").withArgs(who.at.stranger);
      await expect(tx(who.tsp2, mintUnconfirmed(signed))).to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOwnerSignature").withArgs(who.at.owner);
      await expect(tx(who.tsp, mintUnconfirmed(await signClaim({ oem: who.at.oem2 }))))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedOem")
        .withArgs(who.at.oem2, wmiBytes("WDB"));
      for (const change of [{ wmi: wmiBytes("WDD") }, { tag: hash("x") }, { legalHash: hash("x") }]) {
        await expect(tx(who.tsp, mintUnconfirmed({ ...signed, c: { ...signed.c, ...change } })))
          .to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOwnerSignature")
          .withArgs(who.at.owner);
      }
      const at = (await now()) + 10;
      const late = await signClaim({}, { deadline: at });
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await expect(tx(who.tsp, mintUnconfirmed(late))).to.be.revertedWithCustomError(registry, "VehicleRegistry_Expired").withArgs(at, at + 1);
      const last = await signClaim({}, { deadline: at + 5 });
      await networkHelpers.time.setNextBlockTimestamp(at + 5);
      await tx(who.tsp, mintUnconfirmed(last));
    });

    it("F35: sells no OEM and no DISPUTED data until its maker has confirmed it, USER data at once", async () => {
      const f = await networkHelpers.loadFixture(unconfirmed);
      const { who, calls, deployment, vehicle, claim, voucher, signConfirmation } = f;
      const shares = await contractAt("QoodShares", deployment.addresses.qoodShares);
      const pairsOf = (dataClass: number) => sixPairs([{ dataClass, privacy: 2, ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 }]);
      for (const dataClass of [1, 3]) {
        const text = agreementText(f, vehicle, { pairs: pairsOf(dataClass) });
        await expect(agree(f, text)).to.be.revertedWithCustomError(shares, "QoodShares_Unconfirmed").withArgs(vehicle, dataClass);
      }
      expect(await agree(f, agreementText(f, vehicle, { pairs: pairsOf(2) }))).to.equal(1);
      await tx(who.stranger, calls.confirmVehicle(vehicle, voucher.tag, FAR, await signConfirmation()));
      expect(await agree(f, agreementText(f, vehicle, { nonce: 1 }))).to.equal(2);
      expect(claim.tag).to.not.equal(voucher.tag);
    });
  });

  describe("confirm", () => {
    it("is the maker's word, submitted by anyone, and takes its own tag for ever", async () => {
      const { who, calls, reads, registry, vehicle, voucher, sign, mint, signConfirmation } = await networkHelpers.loadFixture(unconfirmed);
      const call = calls.confirmVehicle(vehicle, voucher.tag, FAR, await signConfirmation());
      await expect(tx(who.stranger, call)).to.emit(registry, "VehicleConfirmed").withArgs(vehicle, who.at.oem, voucher.tag);
      expect(await reads.makerOf(vehicle)).to.deep.equal({ oem: who.at.oem, confirmed: true });
      const taken = vehicleId(who.at.oem, voucher.tag);
      expect(await ask(registry, "statusOf", taken)).to.equal(3);
      await expect(tx(who.tsp, mint(await sign()))).to.be.revertedWithCustomError(registry, "VehicleRegistry_AlreadyMinted").withArgs(taken);
      // The tag's own id is no vehicle.
      await expect(ask(registry, "oemOf", taken)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownVehicle").withArgs(taken);
      expect(await reads.epochOf(taken)).to.equal(0);
      await expect(ask(registry, "ownerInEpoch", taken, 1)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownEpoch");
      for (const [id, status] of [[vehicle, 1], [taken, 3], [7n, 0]] as const) {
        await expect(tx(who.stranger, calls.confirmVehicle(id, hash("x"), FAR, "0x")))
          .to.be.revertedWithCustomError(registry, "VehicleRegistry_NotUnconfirmed")
          .withArgs(id, status);
      }
    });

    it("F35: does not make two vehicles of one: neither of a minted tag nor twice of the same", async () => {
      const { who, calls, registry, vehicle, voucher, sign, mint, signClaim, mintUnconfirmed, signConfirmation } = await networkHelpers.loadFixture(unconfirmed);
      const second = await signClaim({ tag: hash("second") });
      await tx(who.tsp, mintUnconfirmed(second));
      const other = vehicleId(who.at.tsp, hash("second"));
      await tx(who.tsp, mint(await sign()));
      const minted = vehicleId(who.at.oem, voucher.tag);
      await expect(tx(who.stranger, calls.confirmVehicle(vehicle, voucher.tag, FAR, await signConfirmation())))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_AlreadyMinted")
        .withArgs(minted);
      const tag = hash("another car");
      await tx(who.stranger, calls.confirmVehicle(vehicle, tag, FAR, await signConfirmation({ tag })));
      await expect(tx(who.stranger, calls.confirmVehicle(other, tag, FAR, await signConfirmation({ tag, vehicle: other }))))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_AlreadyMinted")
        .withArgs(vehicleId(who.at.oem, tag));
    });

    it("refuses another maker, one that is not accredited any more, another text, and what is late", async () => {
      const { who, calls, registry, vehicle, voucher, claim, signConfirmation } = await networkHelpers.loadFixture(unconfirmed);
      const at = (await now()) + 100;
      const bad = [
        calls.confirmVehicle(vehicle, voucher.tag, FAR, await signConfirmation({}, "oem2")),
        calls.confirmVehicle(vehicle, hash("x"), FAR, await signConfirmation()),
        calls.confirmVehicle(vehicle, voucher.tag, FAR - 1, await signConfirmation()),
        calls.confirmVehicle(vehicle, voucher.tag, FAR, await signConfirmation({ vehicle: 1n })),
      ];
      for (const call of bad) await expect(tx(who.stranger, call)).to.be.revertedWithCustomError(registry, "VehicleRegistry_BadOemSignature").withArgs(who.at.oem);
      const last = calls.confirmVehicle(vehicle, voucher.tag, at, await signConfirmation({ deadline: at }));
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await expect(tx(who.stranger, last)).to.be.revertedWithCustomError(registry, "VehicleRegistry_Expired").withArgs(at, at + 1);
      await tx(who.registrar, calls.revokeOem(who.at.oem, claim.wmi));
      await expect(tx(who.stranger, calls.confirmVehicle(vehicle, voucher.tag, FAR, await signConfirmation())))
        .to.be.revertedWithCustomError(registry, "VehicleRegistry_NotAccreditedOem")
        .withArgs(who.at.oem, claim.wmi);
    });

    it("takes a word in its last second, and that of a contract wallet (ERC-1271)", async () => {
      const { who, calls, reads, registry, domain, claim, signClaim, mintUnconfirmed } = await networkHelpers.loadFixture(fixture);
      const oem = (await (await ethers.deployContract("Wallet1271", [who.at.oem])).getAddress()) as Hex;
      await tx(who.registrar, calls.accreditOem(oem, wmiBytes("AAA")));
      await tx(who.tsp, mintUnconfirmed(await signClaim({ oem, wmi: wmiBytes("AAA") })));
      const vehicle = vehicleId(who.at.tsp, claim.tag);
      const at = (await now()) + 10;
      const signature = await signTypedData(who.oem, confirmationData(domain, { vehicle, tag: hash("t"), deadline: at }));
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(tx(who.stranger, calls.confirmVehicle(vehicle, hash("t"), at, signature))).to.emit(registry, "VehicleConfirmed");
      expect((await reads.makerOf(vehicle)).confirmed).to.equal(true);
    });
  });

  describe("the legal contract", () => {
    const DOCUMENT = toUtf8Bytes("Vehicle contract. The token that stands for this contract is named below.");

    it("is found by its hash, and its address is that of the file as one raw block", async () => {
      const { who, registry, sign, mint, voucher } = await networkHelpers.loadFixture(fixture);
      const id = vehicleId(voucher.oem, voucher.tag);
      await tx(who.tsp, mint(await sign({ voucher: { legalHash: sha256(DOCUMENT) as Hex } })));
      const cid = CID.createV1(raw.code, await sha2.digest(DOCUMENT)).toString(base16);
      expect(await ask(registry, "legalUriOf", id)).to.equal(`ipfs://${cid}`);
      await expect(ask(registry, "legalUriOf", 7)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownVehicle").withArgs(7);
    });

    it("can name the token before it is minted (dual integration)", async () => {
      const { registry, voucher, deployment } = await networkHelpers.loadFixture(fixture);
      const id = vehicleId(voucher.oem, voucher.tag);
      expect(await ask(registry, "referenceOf", id)).to.equal(`eip155:31337/erc721:${deployment.addresses.vehicleRegistry.toLowerCase()}/${id}`);
    });

    it("stands in the token's metadata, with the maker's identifier and whether it has confirmed", async () => {
      const { who, calls, registry, vehicle, voucher, claim, signConfirmation, signClaim, mintUnconfirmed } = await networkHelpers.loadFixture(unconfirmed);
      const read = async (id: bigint) => {
        const uri = (await ask(registry, "tokenURI", id)) as string;
        expect(uri.startsWith("data:application/json;base64,")).to.equal(true);
        return JSON.parse(Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64").toString()) as Record<string, unknown>;
      };
      expect(await read(vehicle)).to.deep.equal({
        name: `QoodBlock vehicle ${vehicle}`,
        description: "A vehicle that its maker has not confirmed.",
        external_url: `ipfs://f01551220${claim.legalHash.slice(2)}`,
        reference: await ask(registry, "referenceOf", vehicle),
        attributes: [{ trait_type: "wmi", value: "WDB" }],
      });
      await tx(who.stranger, calls.confirmVehicle(vehicle, voucher.tag, FAR, await signConfirmation()));
      expect((await read(vehicle)).description).to.equal("A vehicle, confirmed by its maker.");
      await tx(who.registrar, calls.accreditOem(who.at.oem, wmiBytes("1A9004")));
      await tx(who.tsp, mintUnconfirmed(await signClaim({ tag: hash("small"), wmi: wmiBytes("1A9004") })));
      expect((await read(vehicleId(who.at.tsp, hash("small")))).attributes).to.deep.equal([{ trait_type: "wmi", value: "1A9004" }]);
      await expect(ask(registry, "tokenURI", 7)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownVehicle").withArgs(7);
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
