/** Headers of a closed ownership epoch, anchored after the transfer: the boundary at the block, at the second and at 35 days. */
import { expect } from "chai";
import { ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { deviceDupData } from "../../../sdk/eip712/index.ts";
import { hashHeader, type HeaderRest, type HeaderWords, streamHandle } from "../../../sdk/formats/index.ts";
import { CHAIN_ID, contractAt, DAY, networkHelpers, now, tx } from "../support/chain.ts";
import { C, market, R, refused, unproven } from "../support/deal.ts";
import { type Key, keyOf } from "../support/device-keys.ts";
import { openedHeader, setUpDevice, signedBatch, type SignedBatch } from "../support/device.ts";
import { agree, agreementText, bought, FAR, hash, header, mintVehicle, order, purchase, rightsProof, SCHEMA } from "../support/world.ts";

const GRACE = 35 * DAY;

describe("Late headers", () => {
  async function fixture() {
    const w = await market();
    const registry = await contractAt("DataRegistry", w.deployment.addresses.dataRegistry);
    const device = keyOf("device");
    await setUpDevice(w, device);
    return { ...w, registry, device };
  }

  /** The vehicle sold: `epochEnd` is the second of the transfer. */
  async function sold() {
    const f = await fixture();
    await tx(f.who.owner, f.calls.transferVehicle(f.who.at.owner, f.who.at.owner2, f.vehicle));
    const epochEnd = await now();
    const batch = (rest: Partial<HeaderRest> = {}, words: Partial<HeaderWords> = {}, more: Parameters<typeof signedBatch>[2] = {}) =>
      signedBatch(f, f.device, { ...more, words: { sequence: 50, ...words }, rest: { lastTime: epochEnd * 1000, ...rest } });
    /** Anchors at a second, or ten after the last block, and makes the call that admits. */
    const anchored = async (made: SignedBatch, options: { at?: number; proof?: Hex; message?: Partial<SignedBatch["message"]>; rest?: Uint8Array } = {}) => {
      await networkHelpers.time.setNextBlockTimestamp(options.at ?? (await now()) + 10);
      const opened = await openedHeader(f, made.words);
      const call = f.calls.admitLateHeader(opened, options.proof ?? rightsProof(f), options.rest ?? made.restBytes, { ...made.message, ...options.message });
      return { opened, call };
    };
    return { ...f, epochEnd, batch, anchored };
  }
  type Sold = Awaited<ReturnType<typeof sold>>;
  const refuses = async (f: Sold, made: SignedBatch, options: Parameters<Sold["anchored"]>[1], error: string, ...args: unknown[]): Promise<void> => {
    const { call } = await f.anchored(made, options);
    const refusal = expect(tx(f.who.stranger, call)).to.be.revertedWithCustomError(f.registry, error);
    await (args.length === 0 ? refusal : refusal.withArgs(...args));
  };

  it("F9: are admitted by anyone where a device of that time has signed them, once", async () => {
    const f = await networkHelpers.loadFixture(sold);
    const made = f.batch();
    const { call } = await f.anchored(made);
    expect(await f.reads.isAdmitted(made.headerHash)).to.equal(false);
    await expect(tx(f.who.stranger, call)).to.emit(f.registry, "LateHeaderAdmitted").withArgs(made.headerHash, f.who.at.tsp, f.vehicle, 1);
    expect(await f.reads.isAdmitted(made.headerHash)).to.equal(true);
    await expect(tx(f.who.stranger, call)).to.be.revertedWithCustomError(f.registry, "LateHeaders_AlreadyAdmitted").withArgs(made.headerHash);
  });

  it("are admitted by a key on P-256 and by a device's further key as well", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const secure = keyOf("secure element", "P-256");
    await setUpDevice(f, secure);
    const further = keyOf("further");
    const domain = f.domain("deviceRegistry");
    const dup = deviceDupData(domain, { vehicle: f.vehicle, device: secure.deviceKey, deviceKey: further.deviceKey, deadline: FAR });
    const signed = (key: Key) => ({ publicKey: key.publicKey, signature: key.sign(dup) });
    await tx(f.who.stranger, f.calls.setupDeviceDup(signed(secure), signed(further), FAR));
    await tx(f.who.owner, f.calls.transferVehicle(f.who.at.owner, f.who.at.owner2, f.vehicle));
    await networkHelpers.time.increase(10);
    for (const key of [secure, further]) {
      const made = signedBatch(f, key, { rest: { lastTime: 1 } });
      const opened = await openedHeader(f, made.words);
      await expect(tx(f.who.stranger, f.calls.admitLateHeader(opened, rightsProof(f), made.restBytes, made.message))).to.emit(f.registry, "LateHeaderAdmitted");
    }
  });

  describe("by the second of the anchor", () => {
    it("are not late in the second of the transfer, and are in the next", async () => {
      const f = await networkHelpers.loadFixture(sold);
      // The chain of the tests takes several blocks of one second, as a transfer and an anchor in one block are.
      await refuses(f, f.batch(), { at: f.epochEnd }, "LateHeaders_NotLate", f.epochEnd, f.epochEnd);
      const next = f.batch({ sealNonce: hash("2") });
      const { call } = await f.anchored(next, { at: f.epochEnd + 1 });
      await expect(tx(f.who.stranger, call)).to.emit(f.registry, "LateHeaderAdmitted");
    });

    it("are not late while the epoch goes on", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const made = signedBatch(f, f.device, { rest: { lastTime: 1 } });
      const opened = await openedHeader(f, made.words);
      const at = await now();
      await expect(tx(f.who.stranger, f.calls.admitLateHeader(opened, rightsProof(f), made.restBytes, made.message)))
        .to.be.revertedWithCustomError(f.registry, "LateHeaders_NotLate")
        .withArgs(at, 0);
    });

    it("count up to 35 days after the transfer, to the second, and whenever they are admitted", async () => {
      const f = await networkHelpers.loadFixture(sold);
      const { call } = await f.anchored(f.batch(), { at: f.epochEnd + GRACE });
      await networkHelpers.time.increase(365 * DAY);
      await expect(tx(f.who.stranger, call)).to.emit(f.registry, "LateHeaderAdmitted");
    });

    it("do not count a second later", async () => {
      const f = await networkHelpers.loadFixture(sold);
      await refuses(f, f.batch(), { at: f.epochEnd + GRACE + 1 }, "LateHeaders_GraceOver", f.epochEnd + GRACE + 1, f.epochEnd + GRACE);
    });
  });

  it("F9: hold no record of after the transfer, to the millisecond", async () => {
    const f = await networkHelpers.loadFixture(sold);
    const last = f.epochEnd * 1000 + 1;
    await refuses(f, f.batch({ lastTime: last }), {}, "LateHeaders_RecordsAfterEpoch", last, f.epochEnd);
  });

  it("F9: cannot be the next owner's drives with an old date: the device has signed those for another stream", async () => {
    const f = await networkHelpers.loadFixture(sold);
    const next = streamHandle({ chainId: BigInt(CHAIN_ID), registry: f.deployment.addresses.vehicleRegistry, vehicle: f.vehicle, epoch: 2, dataClass: "USER", privacy: "ORDINARY", schema: SCHEMA });
    // The chain hash is the device's own over a message of the new epoch's stream.
    const made = f.batch({}, {}, { signedStream: next });
    await refuses(f, made, {}, "LateHeaders_NotTheMessage");
  });

  it("are held to the message that the header names: counter, predecessor and rows", async () => {
    const f = await networkHelpers.loadFixture(sold);
    await refuses(f, f.batch({ sealNonce: hash("1") }, {}, { signedCounter: 8 }), {}, "LateHeaders_NotTheMessage");
    await refuses(f, f.batch({ sealNonce: hash("2") }), { message: { previous: hash("x") } }, "LateHeaders_NotTheMessage");
    await refuses(f, f.batch({ sealNonce: hash("3") }), { message: { rowsRoot: hash("x") } }, "LateHeaders_NotTheMessage");
    await refuses(f, f.batch({ sealNonce: hash("4"), chainAfter: hash("x") }), {}, "LateHeaders_NotTheMessage");
  });

  it("are signed by the key that the header names, and by no other", async () => {
    const f = await networkHelpers.loadFixture(sold);
    const made = f.batch();
    const other = keyOf("another");
    const { opened } = await f.anchored(made);
    const admit = (message: Partial<SignedBatch["message"]>) => tx(f.who.stranger, f.calls.admitLateHeader(opened, rightsProof(f), made.restBytes, { ...made.message, ...message }));
    await expect(admit({ signature: other.signDigest(made.rest.chainAfter) })).to.be.revertedWithCustomError(f.registry, "LateHeaders_BadSignature").withArgs(f.device.deviceKey);
    await expect(admit({ publicKey: other.publicKey, signature: other.signDigest(made.rest.chainAfter) }))
      .to.be.revertedWithCustomError(f.registry, "LateHeaders_OtherDevice")
      .withArgs(other.deviceKey, f.device.deviceKey);
  });

  it("F16: are no TSP's word alone", async () => {
    const f = await networkHelpers.loadFixture(sold);
    const made = f.batch({}, { flags: 0n });
    await refuses(f, made, {}, "LateHeaders_NotDeviceSigned", made.headerHash);
    const exclusive = f.batch({ sealNonce: hash("1") }, { flags: 1n });
    await refuses(f, exclusive, {}, "LateHeaders_NotDeviceSigned", exclusive.headerHash);
    const sealed = f.batch({ sealNonce: hash("2") }, { flags: 4n });
    const { call } = await f.anchored(sealed);
    await tx(f.who.stranger, call);
  });

  describe("come from a device", () => {
    it("of the vehicle", async () => {
      const f = await networkHelpers.loadFixture(sold);
      const stranger = keyOf("never registered");
      await refuses(f, signedBatch(f, stranger, { rest: { lastTime: 1 } }), {}, "LateHeaders_UnknownDevice", stranger.deviceKey, f.vehicle);
      const elsewhere = keyOf("in another car");
      const vehicle = await mintVehicle(f, hash("another car"));
      await setUpDevice(f, elsewhere, { vehicle });
      await refuses(f, signedBatch(f, elsewhere, { rest: { lastTime: 1, sealNonce: hash("1") } }), {}, "LateHeaders_UnknownDevice", elsewhere.deviceKey, f.vehicle);
    });

    it("F36: that was set up before the transfer: a new owner's device knows nothing of former times", async () => {
      const f = await networkHelpers.loadFixture(sold);
      const young = keyOf("of the new owner");
      await networkHelpers.time.setNextBlockTimestamp(f.epochEnd + 5);
      await setUpDevice(f, young, { owner: "owner2", epoch: 2 });
      await refuses(f, signedBatch(f, young, { rest: { lastTime: 1 } }), {}, "LateHeaders_DeviceTooYoung", f.epochEnd + 5, f.epochEnd);
    });

    it("F36: that has not ended more than 35 days before the anchor, to the second", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await tx(f.who.owner, f.calls.retireDevice(f.device.deviceKey));
      const ended = await now();
      await networkHelpers.time.increase(5 * DAY);
      await tx(f.who.owner, f.calls.transferVehicle(f.who.at.owner, f.who.at.owner2, f.vehicle));
      const [last, late] = [1, 2].map((i) => signedBatch(f, f.device, { rest: { lastTime: 1, sealNonce: hash(`${i}`) } }));
      await networkHelpers.time.setNextBlockTimestamp(ended + GRACE);
      const opened = await openedHeader(f, last!.words);
      await tx(f.who.stranger, f.calls.admitLateHeader(opened, rightsProof(f), last!.restBytes, last!.message));
      await networkHelpers.time.setNextBlockTimestamp(ended + GRACE + 1);
      const lateOne = await openedHeader(f, late!.words);
      await expect(tx(f.who.stranger, f.calls.admitLateHeader(lateOne, rightsProof(f), late!.restBytes, late!.message)))
        .to.be.revertedWithCustomError(f.registry, "LateHeaders_DeviceEnded")
        .withArgs(ended, ended + GRACE + 1);
    });
  });

  it("are opened in whole: their anchor, their stream's rights, their second level", async () => {
    const f = await networkHelpers.loadFixture(sold);
    const made = f.batch();
    const { opened } = await f.anchored(made);
    const admit = (header: HeaderWords, proof: Hex, rest: Uint8Array) => tx(f.who.stranger, f.calls.admitLateHeader({ ...opened, header }, proof, rest, made.message));
    await expect(admit({ ...made.words, sequence: 51 }, rightsProof(f), made.restBytes)).to.be.revertedWithCustomError(f.registry, "DataRegistry_NotAnchored");
    await expect(admit(made.words, rightsProof(f, { epoch: 2 }), made.restBytes)).to.be.revertedWithCustomError(f.registry, "DataRegistry_UnknownHandle").withArgs(made.words.stream);
    await expect(admit(made.words, rightsProof(f), made.restBytes.slice(0, -1))).to.be.revertedWithCustomError(f.registry, "LateHeaders_WrongRest").withArgs(made.headerHash);
    await expect(admit(made.words, rightsProof(f), Uint8Array.from([...made.restBytes.slice(0, -1), made.restBytes.at(-1)! ^ 1])))
      .to.be.revertedWithCustomError(f.registry, "LateHeaders_WrongRest")
      .withArgs(made.headerHash);
  });

  describe("in the exchange", () => {
    it("F9: are delivered when they are admitted, under the old epoch's agreement, which pays the old owner", async () => {
      const f = await networkHelpers.loadFixture(sold);
      const made = f.batch();
      const { opened, call } = await f.anchored(made);
      const anchoredAt = await now();
      const o = order(f, [made.words], unproven([made.words]));
      const { dealId, terms } = await bought(f, await purchase(f, o));
      const opening = { lots: [{ ...opened, schema: SCHEMA, former: 0, path: [...opened.path] }], formers: [] };
      const deliver = f.calls.deliverUnproven(terms, 0, opening, R, C);
      await refused(tx(f.who.tsp, deliver), "Escrow_AnchoredAfterEpoch", anchoredAt, f.epochEnd);
      await tx(f.who.stranger, call);
      await tx(f.who.tsp, deliver);
      await networkHelpers.time.increase(1000);
      const { token } = terms.order;
      const before = await Promise.all([f.who.at.owner, f.who.at.owner2].map((account) => f.reads.creditOf(account, token)));
      await tx(f.who.stranger, f.calls.settle(terms, 0, f.pinned, [hashHeader(made.words)]));
      const after = await Promise.all([f.who.at.owner, f.who.at.owner2].map((account) => f.reads.creditOf(account, token)));
      expect(after[0]! > before[0]!).to.equal(true);
      expect(after[1]).to.equal(before[1]);
      expect((await f.reads.dealOf(dealId)).state).to.equal("Settled");
    });

    it("F9: of the new epoch are not the old agreement's, and those of the old one not the new agreement's", async () => {
      const f = await networkHelpers.loadFixture(sold);
      const text = agreementText(f, f.vehicle, { epoch: 2, owner: f.who.at.owner2 });
      await agree(f, text, "owner2");
      const agreement = (f.vehicle << 64n) | 2n;
      const made = f.batch();
      const { opened, call } = await f.anchored(made);
      await tx(f.who.stranger, call);
      const o = order(f, [made.words], { ...unproven([made.words]), agreementId: agreement });
      const { terms } = await bought(f, await purchase({ ...f, text }, o));
      const opening = { lots: [{ ...opened, schema: SCHEMA, former: 0, path: [...opened.path] }], formers: [] };
      await refused(tx(f.who.tsp, f.calls.deliverUnproven(terms, 0, opening, R, C)), "Escrow_StreamNotOfAgreement", made.words.stream, agreement);
    });

    it("F9: a transfer to oneself ends nothing, and there and back again does: neither makes new data old", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await tx(f.who.owner, f.calls.transferVehicle(f.who.at.owner, f.who.at.owner, f.vehicle));
      const words = header(f, { sequence: 60 });
      const opened = await openedHeader(f, words);
      const open = (o = order(f, [words], unproven([words])), lot = opened) => ({ o, opening: { lots: [{ ...lot, schema: SCHEMA, former: 0, path: [...lot.path] }], formers: [] } });
      const first = open();
      const deal = await bought(f, await purchase(f, first.o));
      await tx(f.who.tsp, f.calls.deliverUnproven(deal.terms, 0, first.opening, R, C));
      await tx(f.who.owner, f.calls.transferVehicle(f.who.at.owner, f.who.at.stranger, f.vehicle));
      const end = await now();
      await tx(f.who.stranger, f.calls.transferVehicle(f.who.at.stranger, f.who.at.owner, f.vehicle));
      await networkHelpers.time.increase(10);
      const later = header(f, { sequence: 61 });
      const openedLater = await openedHeader(f, later);
      const at = await now();
      const second = open(order(f, [later], { ...unproven([later]), nonce: 9n }), openedLater);
      const dealLater = await bought(f, await purchase(f, second.o, { nonce: 2n }));
      await refused(tx(f.who.tsp, f.calls.deliverUnproven(dealLater.terms, 0, second.opening, R, C)), "Escrow_AnchoredAfterEpoch", at, end);
    });
  });

  it("name no device where there is none", async () => {
    const f = await networkHelpers.loadFixture(sold);
    const made = f.batch({ deviceKey: ZeroHash as Hex });
    await refuses(f, made, {}, "LateHeaders_OtherDevice", f.device.deviceKey, ZeroHash);
  });
});
