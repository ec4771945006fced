/** Grants: who may give them, what ends them, and what nobody can take back. */
import { expect } from "chai";
import { AbiCoder, keccak256, ZeroAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { GrantRange } from "../../../sdk/client/index.ts";
import { ask, contractAt, DAY, networkHelpers, now, type Role, tx } from "../support/chain.ts";
import { openedHeader } from "../support/device.ts";
import { FAR, hash, header, rightsProof, world } from "../support/world.ts";

const [OEM, USER, DISPUTED] = [1, 2, 3] as const;
const NAMES = { [OEM]: "OEM", [USER]: "USER", [DISPUTED]: "DISPUTED" } as const;

describe("Grants", () => {
  async function fixture() {
    const w = await world();
    const registry = await contractAt("DataRegistry", w.deployment.addresses.dataRegistry);
    const streamOf = (dataClass: 1 | 2 | 3) => ({ stream: header(w, {}, { dataClass: NAMES[dataClass] }).stream, proof: rightsProof(w, { dataClass }) });
    const rangeOf = (dataClass: 1 | 2 | 3, change: Partial<GrantRange> = {}): GrantRange => ({ stream: streamOf(dataClass).stream, party: w.who.at.stranger, first: 3, last: 9, expiry: FAR, paid: false, ...change });
    const { proof } = streamOf(USER);
    const isGranted = (range: GrantRange, sequence = 5, dataClass: 1 | 2 | 3 = USER) => w.reads.isGranted(range, streamOf(dataClass).proof, sequence);
    return { ...w, registry, streamOf, rangeOf, range: rangeOf(USER), proof, isGranted };
  }

  describe("free", () => {
    it("are given by the class's principal: USER the owner, OEM the maker, DISPUTED both", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, registry, rangeOf, streamOf, isGranted } = f;
      const principals: [1 | 2 | 3, Role[], Role[]][] = [[USER, ["owner"], ["oem", "tsp", "owner2"]], [OEM, ["oem"], ["owner", "tsp", "oem2"]], [DISPUTED, ["owner", "oem"], ["tsp"]]];
      for (const [dataClass, yes, no] of principals) {
        const range = rangeOf(dataClass);
        const call = calls.grantFree(range, streamOf(dataClass).proof, hash("service"));
        for (const role of no) await expect(tx(who[role], call)).to.be.revertedWithCustomError(registry, "Grants_NotPrincipal").withArgs(who.at[role]);
        for (const [i, role] of yes.entries()) {
          expect(await isGranted(range, 5, dataClass)).to.equal(false);
          await expect(tx(who[role], call))
            .to.emit(registry, "Granted")
            .withArgs(range.stream, range.party, who.at[role], [range.stream, range.party, 3, 9, FAR, false], hash("service"));
          expect(await isGranted(range, 5, dataClass)).to.equal(i === yes.length - 1);
        }
      }
    });

    it("hold for their sequences, party and time, and for nothing else", async () => {
      const { who, calls, reads, range, proof, isGranted, streamOf, ...w } = await networkHelpers.loadFixture(fixture);
      const otherProof = rightsProof({ who, calls, reads, ...w }, { schema: hash("another schema") });
      const until = { ...range, expiry: (await now()) + DAY };
      await tx(who.owner, calls.grantFree(until, proof, hash("s")));
      expect(await Promise.all([2, 3, 9, 10].map((sequence) => isGranted(until, sequence)))).to.deep.equal([false, true, true, false]);
      for (const change of [{ party: who.at.tsp }, { first: 2 }, { last: 10 }, { expiry: until.expiry + 1 }, { paid: true }, { stream: streamOf(OEM).stream }]) expect(await isGranted({ ...until, ...change })).to.equal(false);
      expect(await reads.isGranted(until, streamOf(OEM).proof, 5)).to.equal(false);
      expect(await reads.isGranted(until, "0x", 5)).to.equal(false);
      // Another stream of the same class asks for the same consent, and is another stream.
      expect(await reads.isGranted(until, otherProof, 5)).to.equal(false);
      await networkHelpers.time.increaseTo(until.expiry);
      expect(await isGranted(until)).to.equal(true);
      await networkHelpers.time.increaseTo(until.expiry + 1);
      expect(await isGranted(until)).to.equal(false);
    });

    it("are kept in one slot under the hash of their words", async () => {
      const { who, calls, registry, range, proof } = await networkHelpers.loadFixture(fixture);
      const types = ["bytes32", "address", "uint64", "uint64", "uint64", "bool"];
      const id = keccak256(AbiCoder.defaultAbiCoder().encode(types, [range.stream, range.party, range.first, range.last, range.expiry, range.paid]));
      expect(await ask(registry, "grantId", range)).to.equal(id);
      expect(await ask(registry, "grantOf", id)).to.deep.equal([0n, 0n]);
      await tx(who.owner, calls.beginKeyEpoch(range.stream, proof));
      await tx(who.owner, calls.grantFree(range, proof, hash("s")));
      expect(await ask(registry, "grantOf", id)).to.deep.equal([1n, 1n]);
    });

    it("refuse nobody, an empty range, a time that is over, an unknown stream, and the words of a paid one", async () => {
      const { who, calls, registry, range, proof } = await networkHelpers.loadFixture(fixture);
      const grant = (change: Partial<GrantRange>, by: Hex = proof) => tx(who.owner, calls.grantFree({ ...range, ...change }, by, hash("s")));
      await expect(grant({ party: ZeroAddress as Hex })).to.be.revertedWithCustomError(registry, "Grants_ZeroAddress");
      await expect(grant({ first: 10 })).to.be.revertedWithCustomError(registry, "Grants_EmptyRange").withArgs(10, 9);
      await grant({ first: 9 });
      const at = (await now()) + 10;
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(grant({ expiry: at - 1 })).to.be.revertedWithCustomError(registry, "Grants_Expired").withArgs(at - 1, at);
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await grant({ expiry: at + 1 });
      await expect(grant({ stream: hash("x") })).to.be.revertedWithCustomError(registry, "DataRegistry_UnknownHandle").withArgs(hash("x"));
      await expect(grant({ paid: true })).to.be.revertedWithCustomError(registry, "Grants_WrongKind").withArgs(true);
    });

    it("end by a principal's word, of DISPUTED data by either's", async () => {
      const { who, calls, registry, rangeOf, streamOf, isGranted } = await networkHelpers.loadFixture(fixture);
      const range = rangeOf(DISPUTED);
      const { proof } = streamOf(DISPUTED);
      const revoke = calls.revokeGrant(range, proof);
      await expect(tx(who.oem, revoke)).to.be.revertedWithCustomError(registry, "Grants_NotGranted").withArgs(await ask(registry, "grantId", range));
      for (const role of ["owner", "oem"] as const) await tx(who[role], calls.grantFree(range, proof, hash("s")));
      await expect(tx(who.stranger, revoke)).to.be.revertedWithCustomError(registry, "Grants_NotPrincipal").withArgs(who.at.stranger);
      await expect(tx(who.oem, revoke)).to.emit(registry, "Revoked").withArgs(range.stream, range.party, who.at.oem, [range.stream, range.party, 3, 9, FAR, false]);
      expect(await isGranted(range, 5, DISPUTED)).to.equal(false);
      // One principal alone does not bring it back.
      await tx(who.owner, calls.grantFree(range, proof, hash("s")));
      expect(await isGranted(range, 5, DISPUTED)).to.equal(false);
    });

    it("all of a stream end with its next key epoch, by one write", async () => {
      const { who, calls, reads, registry, range, proof, rangeOf, streamOf, isGranted } = await networkHelpers.loadFixture(fixture);
      const second = { ...range, party: who.at.buyer };
      for (const each of [range, second]) await tx(who.owner, calls.grantFree(each, proof, hash("s")));
      await tx(who.oem, calls.grantFree(rangeOf(OEM), streamOf(OEM).proof, hash("s")));
      for (const role of ["oem", "tsp"] as const) {
        await expect(tx(who[role], calls.beginKeyEpoch(range.stream, proof))).to.be.revertedWithCustomError(registry, "Grants_NotPrincipal").withArgs(who.at[role]);
      }
      await expect(tx(who.owner, calls.beginKeyEpoch(range.stream, proof))).to.emit(registry, "KeyEpochBegun").withArgs(range.stream, who.at.owner, 1);
      expect([await reads.keyEpochOf(range.stream), await reads.keyEpochOf(rangeOf(OEM).stream)]).to.deep.equal([1, 0]);
      expect([await isGranted(range), await isGranted(second), await isGranted(rangeOf(OEM), 5, OEM)]).to.deep.equal([false, false, true]);
      await tx(who.owner, calls.grantFree(range, proof, hash("s")));
      expect([await isGranted(range), await isGranted(second)]).to.deep.equal([true, false]);
    });

    it("of a former key epoch count nothing for DISPUTED data: both consent anew", async () => {
      const { who, calls, rangeOf, streamOf, isGranted } = await networkHelpers.loadFixture(fixture);
      const range = rangeOf(DISPUTED);
      const { proof } = streamOf(DISPUTED);
      await tx(who.owner, calls.grantFree(range, proof, hash("s")));
      await tx(who.oem, calls.beginKeyEpoch(range.stream, proof));
      await tx(who.oem, calls.grantFree(range, proof, hash("s")));
      expect(await isGranted(range, 5, DISPUTED)).to.equal(false);
      await tx(who.owner, calls.grantFree(range, proof, hash("s")));
      expect(await isGranted(range, 5, DISPUTED)).to.equal(true);
    });

    it("are the owner's of the stream's epoch: a new owner neither gives nor takes those of the former's data", async () => {
      const { who, calls, registry, vehicle, range, proof, isGranted } = await networkHelpers.loadFixture(fixture);
      await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
      await expect(tx(who.owner2, calls.grantFree(range, proof, hash("s")))).to.be.revertedWithCustomError(registry, "Grants_NotPrincipal").withArgs(who.at.owner2);
      await tx(who.owner, calls.grantFree(range, proof, hash("s")));
      expect(await isGranted(range)).to.equal(true);
      await expect(tx(who.owner2, calls.revokeGrant(range, proof))).to.be.revertedWithCustomError(registry, "Grants_NotPrincipal").withArgs(who.at.owner2);
    });
  });

  describe("paid", () => {
    /** The last batch of the range, anchored. */
    async function paid() {
      const f = await fixture();
      const words = header(f, { sequence: 9 });
      const opened = await openedHeader(f, words);
      const paidRange = { ...f.range, paid: true };
      return { ...f, words, opened, paidRange, grant: f.calls.grantPaid(paidRange, f.proof, hash("terms"), opened) };
    }

    it("F9: cover what is anchored, and outlive transfer, key epoch and every later wish of the owner", async () => {
      const { who, calls, registry, vehicle, proof, paidRange, grant, isGranted } = await networkHelpers.loadFixture(paid);
      await expect(tx(who.owner, grant))
        .to.emit(registry, "Granted")
        .withArgs(paidRange.stream, paidRange.party, who.at.owner, [paidRange.stream, paidRange.party, 3, 9, FAR, true], hash("terms"));
      expect(await isGranted(paidRange)).to.equal(true);
      await expect(tx(who.owner, calls.revokeGrant(paidRange, proof))).to.be.revertedWithCustomError(registry, "Grants_WrongKind").withArgs(true);
      await tx(who.owner, calls.beginKeyEpoch(paidRange.stream, proof));
      await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
      expect(await isGranted(paidRange)).to.equal(true);
      // Its words given freely are another grant, and end alone.
      const free = { ...paidRange, paid: false };
      await tx(who.owner, calls.grantFree(free, proof, hash("s")));
      await tx(who.owner, calls.revokeGrant(free, proof));
      expect(await isGranted(paidRange)).to.equal(true);
    });

    it("F9: do not reach past the anchored header that they are given over", async () => {
      const f = await networkHelpers.loadFixture(paid);
      const { who, calls, registry, proof, opened, paidRange, words } = f;
      const grant = (change: Partial<GrantRange>, by = opened) => tx(who.owner, calls.grantPaid({ ...paidRange, ...change }, proof, hash("t"), by));
      await expect(grant({ last: 10 })).to.be.revertedWithCustomError(registry, "Grants_NotTheLast").withArgs(9, 10);
      await expect(grant({ last: 8 })).to.be.revertedWithCustomError(registry, "Grants_NotTheLast").withArgs(9, 8);
      await expect(grant({}, { ...opened, header: { ...words, sequence: 10 } })).to.be.revertedWithCustomError(registry, "DataRegistry_NotAnchored");
      const foreign = await openedHeader(f, { ...words, stream: hash("x") });
      await expect(grant({}, foreign)).to.be.revertedWithCustomError(registry, "Grants_NotOfStream").withArgs(hash("x"), paidRange.stream);
      await expect(grant({ paid: false })).to.be.revertedWithCustomError(registry, "Grants_WrongKind").withArgs(false);
      await expect(grant({ party: ZeroAddress as Hex })).to.be.revertedWithCustomError(registry, "Grants_ZeroAddress");
    });

    it("of DISPUTED data need both consents, which no key epoch parts", async () => {
      const f = await networkHelpers.loadFixture(paid);
      const { stream, proof } = f.streamOf(DISPUTED);
      const opened = await openedHeader(f, header(f, { sequence: 9, stream }));
      const range = { ...f.paidRange, stream };
      const grant = f.calls.grantPaid(range, proof, hash("t"), opened);
      await tx(f.who.owner, grant);
      expect(await f.isGranted(range, 5, DISPUTED)).to.equal(false);
      await tx(f.who.oem, f.calls.beginKeyEpoch(stream, proof));
      await tx(f.who.oem, grant);
      expect(await f.isGranted(range, 5, DISPUTED)).to.equal(true);
    });
  });
});
