/** The dictionary of schemas on the chain, and the shipped schemas in it. */
import { expect } from "chai";
import { AbiCoder, concat, getBytes, id as keccakOfText, keccak256, toBeHex, ZeroAddress, type Signer } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { fromHex } from "../../sdk/bytes/index.ts";
import { eventIn, readEvents, send } from "../../sdk/client/index.ts";
import { checkSchemaFile, type SchemaFile, type SchemaWords, shippedSchemas } from "../../sdk/dictionary/index.ts";
import { cidToDigest } from "../../sdk/formats/index.ts";
import { publishDictionary } from "../../scripts/dictionary/publish.ts";
import { SCHEMA_DEPOSIT } from "../../scripts/deploy/plan.ts";
import { ask, contractAt, DAY, deployed, ethers, networkHelpers, now, tx } from "./support/chain.ts";
import { hash } from "./support/world.ts";

const DEPOSIT = SCHEMA_DEPOSIT.first;
const REVIEW = 30 * DAY;
const MOST_GAS = { propose: 61_000n, accept: 115_000n };
const SCHEMA: SchemaWords = { name: "trip-gps", version: "1", digest: hash("digest"), fileHash: hash("file"), fields: 3 };
const ID = keccakOfText("trip-gps@1") as Hex;

const keyOf = (schema: SchemaWords, proposer: Hex): Hex =>
  keccak256(AbiCoder.defaultAbiCoder().encode(["tuple(string,string,bytes32,bytes32,uint8)", "address"], [[schema.name, schema.version, schema.digest, schema.fileHash, schema.fields], proposer])) as Hex;

/** As chai's matchers see the struct in an event. */
const words = ({ name, version, digest, fileHash, fields }: SchemaWords) => [name, version, digest, fileHash, BigInt(fields)];

async function fixture() {
  const client = await deployed();
  const dictionary = await contractAt("DataDictionary", client.deployment.addresses.dataDictionary);
  return { ...client, dictionary, at: client.deployment.addresses.dataDictionary, curator: client.who.foundation };
}
type Fixture = Awaited<ReturnType<typeof fixture>>;

const pay = (signer: Signer, { to, data, value }: ReturnType<Fixture["calls"]["proposeSchema"]>) => signer.sendTransaction({ to, data, value: value ?? 0n });
const propose = (f: Fixture, signer: Signer, change: Partial<SchemaWords> = {}, value = DEPOSIT) => pay(signer, f.calls.proposeSchema({ ...SCHEMA, ...change }, value));

/** One proposal by the owner. */
async function proposed() {
  const f = await fixture();
  await propose(f, f.who.owner);
  return f;
}

/** Accepted. */
async function accepted() {
  const f = await proposed();
  await tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.owner));
  return f;
}

describe("DataDictionary", () => {
  describe("deployment", () => {
    it("takes a deposit up to the most that is fixed with it", async () => {
      const { deployment, dictionary, curator } = await networkHelpers.loadFixture(fixture);
      expect([await ask(dictionary, "deposit"), await ask(dictionary, "MAX_DEPOSIT"), await ask(dictionary, "REVIEW_TIME")]).to.deep.equal([DEPOSIT, SCHEMA_DEPOSIT.most, BigInt(REVIEW)]);
      const { accessManager } = deployment.addresses;
      const other = await ethers.deployContract("DataDictionary", [accessManager, 5n, 5n], curator);
      await expect(other.deploymentTransaction()).to.emit(other, "DepositSet").withArgs(5);
      await expect(ethers.deployContract("DataDictionary", [accessManager, 6n, 5n])).to.be.revertedWithCustomError(dictionary, "DataDictionary_DepositTooHigh").withArgs(6, 5);
    });
  });

  describe("propose", () => {
    it("is open to anyone, keeps time and deposit, and tells everything in its event", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const sent = await propose(f, f.who.stranger);
      const key = keyOf(SCHEMA, f.who.at.stranger);
      await expect(sent).to.emit(f.dictionary, "SchemaProposed").withArgs(ID, f.who.at.stranger, key, words(SCHEMA), DEPOSIT);
      expect(await f.reads.schemaProposalOf(SCHEMA, f.who.at.stranger)).to.deep.equal({ deposit: DEPOSIT, proposedAt: await now() });
      expect(await ethers.provider.getBalance(f.at)).to.equal(DEPOSIT);
      expect(await f.reads.schemaOf(ID)).to.deep.equal({ digest: `0x${"00".repeat(32)}`, acceptedAt: 0, deprecatedAt: 0, fields: 0 });
      expect([await ask(f.dictionary, "schemaId", "trip-gps", "1"), await ask(f.dictionary, "proposalKey", SCHEMA, f.who.at.stranger)]).to.deep.equal([ID, key]);
      const event = eventIn(f.deployment, "SchemaProposed", (await sent.wait())!);
      expect(event).to.deep.equal({ id: ID, proposer: f.who.at.stranger, key, schema: SCHEMA, deposit: DEPOSIT });
    });

    it("takes exactly the deposit", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      for (const value of [0n, DEPOSIT - 1n, DEPOSIT + 1n]) {
        await expect(propose(f, f.who.owner, {}, value)).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_WrongDeposit").withArgs(value, DEPOSIT);
      }
    });

    it("takes names and versions of 1 to 64 characters", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      for (const field of ["name", "version"] as const) {
        for (const [length, good] of [[0, false], [1, true], [64, true], [65, false]] as const) {
          const sent = propose(f, f.who.owner, { [field]: "a".repeat(length) });
          if (good) await expect(sent).to.emit(f.dictionary, "SchemaProposed");
          else await expect(sent).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_BadLength").withArgs(length);
        }
      }
    });

    it("takes a-z, 0-9, dot and hyphen, and no other byte at any place", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const good = new Set(Buffer.from("abcdefghijklmnopqrstuvwxyz0123456789.-"));
      const face = f.dictionary.interface;
      // Built by hand: what is no UTF-8 cannot be written as a string.
      const template = face.encodeFunctionData("propose", [{ ...SCHEMA, name: "aaZ" }]);
      for (let byte = 0; byte < 256; byte++) {
        const data = template.replace(Buffer.from("aaZ").toString("hex"), `6161${toBeHex(byte, 1).slice(2)}`);
        const call = f.who.owner.call({ to: f.at, data, value: DEPOSIT });
        if (good.has(byte)) expect(await call, String(byte)).to.have.length(66);
        else await expect(call).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_BadCharacter").withArgs(2, toBeHex(byte, 1));
      }
      await expect(propose(f, f.who.owner, { version: "1@2" })).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_BadCharacter").withArgs(1, "0x40");
      await expect(propose(f, f.who.owner, { name: "Trip" })).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_BadCharacter").withArgs(0, "0x54");
    });

    it("needs both hashes of the file, and knows four search fields", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const zero: Hex = `0x${"00".repeat(32)}`;
      await expect(propose(f, f.who.owner, { digest: zero })).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoFile");
      await expect(propose(f, f.who.owner, { fileHash: zero })).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoFile");
      await expect(propose(f, f.who.owner, { fields: 0 })).to.emit(f.dictionary, "SchemaProposed");
      await expect(propose(f, f.who.owner, { fields: 15 })).to.emit(f.dictionary, "SchemaProposed");
      for (const fields of [16, 255]) await expect(propose(f, f.who.owner, { fields })).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_UnknownFields").withArgs(fields);
    });

    it("refuses the caller's own open proposal a second time, and nothing that differs in one word", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await expect(propose(f, f.who.owner)).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_ProposedAlready").withArgs(keyOf(SCHEMA, f.who.at.owner));
      for (const change of [{ name: "trip" }, { version: "2" }, { digest: hash("other") }, { fileHash: hash("other") }, { fields: 1 }]) {
        await expect(propose(f, f.who.owner, change)).to.emit(f.dictionary, "SchemaProposed");
      }
      expect(await ethers.provider.getBalance(f.at)).to.equal(6n * DEPOSIT);
    });

    it("cannot be blocked by who squats the name or copies the proposal", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      // The same text by another, the same name with another file by a third: all three are open.
      await propose(f, f.who.stranger);
      await propose(f, f.who.buyer, { digest: hash("squat") });
      await tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.stranger));
      expect((await f.reads.schemaOf(ID)).digest).to.equal(SCHEMA.digest);
      // What lost stays open, and its deposit comes back by itself or by the curators.
      await tx(f.who.owner, f.calls.retractSchema(SCHEMA));
      await tx(f.curator, f.calls.rejectSchema({ ...SCHEMA, digest: hash("squat") }, f.who.at.buyer));
      for (const account of [f.who.at.owner, f.who.at.stranger, f.who.at.buyer]) expect(await f.reads.schemaCreditOf(account)).to.equal(DEPOSIT);
    });

    it("is refused for ever once the name and version were accepted", async () => {
      const f = await networkHelpers.loadFixture(accepted);
      for (const change of [{}, { digest: hash("other") }, { fields: 0 }]) {
        await expect(propose(f, f.who.buyer, change)).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_Taken").withArgs(ID);
      }
      await tx(f.curator, f.calls.deprecateSchema(ID));
      await expect(propose(f, f.who.buyer)).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_Taken").withArgs(ID);
      await propose(f, f.who.buyer, { version: "2" });
    });
  });

  describe("retract", () => {
    it("gives the proposer the deposit, and anyone may propose the same again", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await expect(tx(f.who.owner, f.calls.retractSchema(SCHEMA))).to.emit(f.dictionary, "ProposalRetracted").withArgs(ID, f.who.at.owner, keyOf(SCHEMA, f.who.at.owner));
      expect(await f.reads.schemaCreditOf(f.who.at.owner)).to.equal(DEPOSIT);
      expect((await f.reads.schemaProposalOf(SCHEMA, f.who.at.owner)).proposedAt).to.equal(0);
      await propose(f, f.who.owner);
      await propose(f, f.who.stranger);
    });

    it("is the proposer's, of an open proposal, once", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await expect(tx(f.who.stranger, f.calls.retractSchema(SCHEMA))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoProposal").withArgs(keyOf(SCHEMA, f.who.at.stranger));
      await tx(f.who.owner, f.calls.retractSchema(SCHEMA));
      await expect(tx(f.who.owner, f.calls.retractSchema(SCHEMA))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoProposal").withArgs(keyOf(SCHEMA, f.who.at.owner));
      expect(await f.reads.schemaCreditOf(f.who.at.owner)).to.equal(DEPOSIT);
    });
  });

  describe("reclaim", () => {
    it("gives the deposit back when no curator has acted, to the second, and leaves the proposal open", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      const until = (await f.reads.schemaProposalOf(SCHEMA, f.who.at.owner)).proposedAt + REVIEW;
      await networkHelpers.time.setNextBlockTimestamp(until);
      await expect(tx(f.who.owner, f.calls.reclaimSchemaDeposit(SCHEMA))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_UnderReview").withArgs(until);
      await networkHelpers.time.setNextBlockTimestamp(until + 1);
      const key = keyOf(SCHEMA, f.who.at.owner);
      await expect(tx(f.who.owner, f.calls.reclaimSchemaDeposit(SCHEMA))).to.emit(f.dictionary, "DepositReclaimed").withArgs(ID, f.who.at.owner, key, DEPOSIT);
      expect(await f.reads.schemaCreditOf(f.who.at.owner)).to.equal(DEPOSIT);
      expect(await f.reads.schemaProposalOf(SCHEMA, f.who.at.owner)).to.deep.equal({ deposit: 0n, proposedAt: until - REVIEW });
      await expect(tx(f.who.owner, f.calls.reclaimSchemaDeposit(SCHEMA))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NothingToReclaim").withArgs(key);
      // Still to be decided on, and nothing is paid a second time.
      await tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.owner));
      expect(await f.reads.schemaCreditOf(f.who.at.owner)).to.equal(DEPOSIT);
    });

    it("is the proposer's alone", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await networkHelpers.time.increase(REVIEW + 1);
      await expect(tx(f.who.stranger, f.calls.reclaimSchemaDeposit(SCHEMA))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoProposal").withArgs(keyOf(SCHEMA, f.who.at.stranger));
    });
  });

  describe("accept", () => {
    it("writes the entry for ever, tells everything in its event, and credits the deposit", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      const key = keyOf(SCHEMA, f.who.at.owner);
      const sent = tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.owner));
      await expect(sent).to.emit(f.dictionary, "SchemaAccepted").withArgs(ID, f.who.at.owner, key, words(SCHEMA), f.who.at.foundation);
      expect(await f.reads.schemaOf(ID)).to.deep.equal({ digest: SCHEMA.digest, acceptedAt: await now(), deprecatedAt: 0, fields: 3 });
      expect((await f.reads.schemaProposalOf(SCHEMA, f.who.at.owner)).proposedAt).to.equal(0);
      expect(await f.reads.schemaCreditOf(f.who.at.owner)).to.equal(DEPOSIT);
      const [event] = await readEvents(f.deployment, ethers.provider, "SchemaAccepted", { fromBlock: 0, toBlock: "latest", indexed: [ID] });
      expect(event).to.deep.include({ id: ID, proposer: f.who.at.owner, key, schema: SCHEMA, curator: f.who.at.foundation });
    });

    it("is the curators', of an open proposal with exactly these words and this proposer", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await expect(tx(f.who.owner, f.calls.acceptSchema(SCHEMA, f.who.at.owner))).to.be.revertedWithCustomError(f.dictionary, "AccessManagedUnauthorized").withArgs(f.who.at.owner);
      for (const change of [{ name: "trip" }, { version: "2" }, { digest: hash("other") }, { fileHash: hash("other") }, { fields: 1 }]) {
        const other = { ...SCHEMA, ...change };
        await expect(tx(f.curator, f.calls.acceptSchema(other, f.who.at.owner))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoProposal").withArgs(keyOf(other, f.who.at.owner));
      }
      await expect(tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.stranger))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoProposal").withArgs(keyOf(SCHEMA, f.who.at.stranger));
    });

    it("never changes an entry: a second proposal of the name cannot be accepted", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      const other = { ...SCHEMA, digest: hash("other"), fields: 0 };
      await propose(f, f.who.stranger, other);
      await tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.owner));
      const before = await f.reads.schemaOf(ID);
      await expect(tx(f.curator, f.calls.acceptSchema(other, f.who.at.stranger))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_Taken").withArgs(ID);
      await tx(f.curator, f.calls.deprecateSchema(ID));
      await expect(tx(f.curator, f.calls.acceptSchema(other, f.who.at.stranger))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_Taken").withArgs(ID);
      expect(await f.reads.schemaOf(ID)).to.deep.equal({ ...before, deprecatedAt: (await f.reads.schemaOf(ID)).deprecatedAt });
    });
  });

  describe("reject", () => {
    it("credits the deposit and lets anyone propose the same again", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      const key = keyOf(SCHEMA, f.who.at.owner);
      await expect(tx(f.curator, f.calls.rejectSchema(SCHEMA, f.who.at.owner))).to.emit(f.dictionary, "ProposalRejected").withArgs(ID, f.who.at.owner, key, f.who.at.foundation);
      expect(await f.reads.schemaCreditOf(f.who.at.owner)).to.equal(DEPOSIT);
      expect((await f.reads.schemaOf(ID)).acceptedAt).to.equal(0);
      await propose(f, f.who.owner);
      await tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.owner));
      expect(await f.reads.schemaCreditOf(f.who.at.owner)).to.equal(2n * DEPOSIT);
    });

    it("is the curators', of an open proposal", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await expect(tx(f.who.stranger, f.calls.rejectSchema(SCHEMA, f.who.at.owner))).to.be.revertedWithCustomError(f.dictionary, "AccessManagedUnauthorized").withArgs(f.who.at.stranger);
      await tx(f.curator, f.calls.rejectSchema(SCHEMA, f.who.at.owner));
      await expect(tx(f.curator, f.calls.rejectSchema(SCHEMA, f.who.at.owner))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoProposal").withArgs(keyOf(SCHEMA, f.who.at.owner));
    });
  });

  describe("deprecate", () => {
    it("marks an entry once, without touching its words", async () => {
      const f = await networkHelpers.loadFixture(accepted);
      const before = await f.reads.schemaOf(ID);
      await expect(tx(f.curator, f.calls.deprecateSchema(ID))).to.emit(f.dictionary, "SchemaDeprecated").withArgs(ID, f.who.at.foundation);
      expect(await f.reads.schemaOf(ID)).to.deep.equal({ ...before, deprecatedAt: await now() });
      await expect(tx(f.curator, f.calls.deprecateSchema(ID))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_Deprecated").withArgs(ID);
    });

    it("is the curators', of an accepted schema", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await expect(tx(f.curator, f.calls.deprecateSchema(ID))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_UnknownSchema").withArgs(ID);
      await expect(tx(f.who.owner, f.calls.deprecateSchema(ID))).to.be.revertedWithCustomError(f.dictionary, "AccessManagedUnauthorized").withArgs(f.who.at.owner);
    });
  });

  describe("setDeposit", () => {
    it("counts for later proposals only, and never goes above the most", async () => {
      const f = await networkHelpers.loadFixture(proposed);
      await expect(tx(f.who.treasurer, f.calls.setSchemaDeposit(SCHEMA_DEPOSIT.most))).to.emit(f.dictionary, "DepositSet").withArgs(SCHEMA_DEPOSIT.most);
      await expect(propose(f, f.who.buyer)).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_WrongDeposit").withArgs(DEPOSIT, SCHEMA_DEPOSIT.most);
      await propose(f, f.who.buyer, {}, SCHEMA_DEPOSIT.most);
      await tx(f.who.treasurer, f.calls.setSchemaDeposit(0n));
      await propose(f, f.who.stranger, {}, 0n);
      for (const signer of [f.who.owner, f.who.buyer, f.who.stranger]) await tx(signer, f.calls.retractSchema(SCHEMA));
      expect(await Promise.all([f.who.at.owner, f.who.at.buyer, f.who.at.stranger].map((a) => f.reads.schemaCreditOf(a)))).to.deep.equal([DEPOSIT, SCHEMA_DEPOSIT.most, 0n]);
      const most = SCHEMA_DEPOSIT.most;
      await expect(tx(f.who.treasurer, f.calls.setSchemaDeposit(most + 1n))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_DepositTooHigh").withArgs(most + 1n, most);
      expect(await f.reads.schemaDeposit()).to.equal(0n);
    });

    it("is the treasurers'", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await expect(tx(f.who.guardian, f.calls.setSchemaDeposit(1n))).to.be.revertedWithCustomError(f.dictionary, "AccessManagedUnauthorized").withArgs(f.who.at.guardian);
    });
  });

  describe("withdraw", () => {
    it("pays any part of the credit to any address", async () => {
      const f = await networkHelpers.loadFixture(accepted);
      const to = "0x000000000000000000000000000000000000bEEF";
      await expect(tx(f.who.owner, f.calls.withdrawSchemaCredit(to, 1n))).to.emit(f.dictionary, "Withdrawn").withArgs(f.who.at.owner, to, 1);
      await tx(f.who.owner, f.calls.withdrawSchemaCredit(to, DEPOSIT - 1n));
      expect([await ethers.provider.getBalance(to), await f.reads.schemaCreditOf(f.who.at.owner), await ethers.provider.getBalance(f.at)]).to.deep.equal([DEPOSIT, 0n, 0n]);
    });

    it("pays nobody more than the credit, whatever the contract holds, and not to nobody", async () => {
      const f = await networkHelpers.loadFixture(accepted);
      await propose(f, f.who.buyer, { version: "2" });
      await expect(tx(f.who.owner, f.calls.withdrawSchemaCredit(f.who.at.owner, DEPOSIT + 1n))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NotEnough").withArgs(f.who.at.owner, DEPOSIT, DEPOSIT + 1n);
      await expect(tx(f.who.stranger, f.calls.withdrawSchemaCredit(f.who.at.owner, 1n))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NotEnough").withArgs(f.who.at.stranger, 0, 1);
      await expect(tx(f.who.owner, f.calls.withdrawSchemaCredit(ZeroAddress as Hex, 1n))).to.be.revertedWithCustomError(f.dictionary, "DataDictionary_NoReceiver");
    });

    it("takes no coins but deposits", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await expect(f.who.stranger.sendTransaction({ to: f.at, value: 1n })).to.be.revertedWithoutReason(ethers);
    });
  });

  describe("hostile proposers", () => {
    /** A contract that has proposed and may withdraw one deposit; the owner's deposit lies beside it. */
    async function hostile() {
      const f = await proposed();
      const attacker = await ethers.deployContract("AwkwardReceiver");
      const account = (await attacker.getAddress()) as Hex;
      const act = (call: { to: Hex; data: Hex }, value = 0n) => attacker.getFunction("act")(call.to, call.data, { value });
      await act(f.calls.proposeSchema(SCHEMA, DEPOSIT), DEPOSIT);
      return { ...f, attacker, account, act };
    }

    it("calling back while they are paid, get what they have once", async () => {
      const f = await networkHelpers.loadFixture(hostile);
      await tx(f.curator, f.calls.rejectSchema(SCHEMA, f.account));
      const again = f.calls.withdrawSchemaCredit(f.account, DEPOSIT);
      await f.attacker.getFunction("setCallBack")(f.at, again.data);
      await f.act(again);
      expect(await ask(f.attacker, "calledBack")).to.equal(false);
      expect(await ask(f.attacker, "answer")).to.equal(f.dictionary.interface.encodeErrorResult("DataDictionary_NotEnough", [f.account, 0n, DEPOSIT]));
      expect([await ethers.provider.getBalance(f.account), await ethers.provider.getBalance(f.at)]).to.deep.equal([DEPOSIT, DEPOSIT]);
    });

    it("calling back with a new proposal, or one that they take back, gain nothing", async () => {
      const f = await networkHelpers.loadFixture(hostile);
      await f.act(f.calls.proposeSchema({ ...SCHEMA, version: "2" }, DEPOSIT), DEPOSIT);
      await tx(f.curator, f.calls.acceptSchema(SCHEMA, f.account));
      await f.attacker.getFunction("setCallBack")(f.at, f.calls.retractSchema({ ...SCHEMA, version: "2" }).data);
      await f.act(f.calls.withdrawSchemaCredit(f.account, DEPOSIT));
      // The call back is an honest retraction: it goes through, and credits exactly the second deposit.
      expect(await ask(f.attacker, "calledBack")).to.equal(true);
      expect([await f.reads.schemaCreditOf(f.account), await ethers.provider.getBalance(f.at)]).to.deep.equal([DEPOSIT, 2n * DEPOSIT]);
    });

    it("refusing coins, hold up neither curators nor others, and lose nothing", async () => {
      const f = await networkHelpers.loadFixture(hostile);
      await f.attacker.getFunction("set")(1);
      await tx(f.curator, f.calls.rejectSchema(SCHEMA, f.account));
      await tx(f.curator, f.calls.acceptSchema(SCHEMA, f.who.at.owner));
      await tx(f.who.owner, f.calls.withdrawSchemaCredit(f.who.at.owner, DEPOSIT));
      const own = f.calls.withdrawSchemaCredit(f.account, DEPOSIT);
      await expect(f.act(own)).to.be.revertedWithCustomError(f.attacker, "AwkwardReceiver_No");
      await f.attacker.getFunction("set")(2);
      await expect(f.act(own)).to.be.revertedWithCustomError(f.dictionary, "FailedCall");
      expect(await f.reads.schemaCreditOf(f.account)).to.equal(DEPOSIT);
      await f.act(f.calls.withdrawSchemaCredit(f.who.at.stranger, DEPOSIT));
      expect(await ethers.provider.getBalance(f.at)).to.equal(0n);
    });
  });

  describe("the shipped schemas", () => {
    it("are proposed, accepted, and read back by id with the digest of their file", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const shipped = shippedSchemas();
      expect(shipped.length).to.be.at.least(9);
      const deposit = await f.reads.schemaDeposit();
      const published = await publishDictionary({ deployment: f.deployment, proposer: f.who.stranger, curator: f.curator });
      expect([published.proposed.length, published.accepted.length]).to.deep.equal([shipped.length, shipped.length]);
      for (const { id, bytes, cid, words: schema } of shipped) {
        const entry = await f.reads.schemaOf(id);
        expect([entry.digest, entry.fields, entry.deprecatedAt]).to.deep.equal([schema.digest, schema.fields, 0]);
        checkSchemaFile(bytes, fromHex(entry.digest, 32));
        expect(() => checkSchemaFile(getBytes(concat([bytes, "0x20"])), fromHex(entry.digest, 32))).to.throw().with.property("code", "SCHEMA_FILE");
        expect(cidToDigest(cid)).to.deep.equal(fromHex(entry.digest, 32));
      }
      expect(await f.reads.schemaCreditOf(f.who.at.stranger)).to.equal(BigInt(shipped.length) * deposit);
      for (const { words: schema, id } of shipped) expect(await ask(f.dictionary, "schemaId", schema.name, schema.version)).to.equal(id);
      const events = await readEvents(f.deployment, ethers.provider, "SchemaAccepted", { fromBlock: 0, toBlock: "latest" });
      expect(events.map(({ schema }) => schema)).to.deep.equal(shipped.map(({ words: schema }) => schema));
    });

    it("are left alone where they stand, go on where a run was stopped, and never stand in for another text", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const [first, second, third] = shippedSchemas() as [SchemaFile, SchemaFile, SchemaFile];
      const all = shippedSchemas().length;
      const options = { deployment: f.deployment, proposer: f.who.stranger };
      // Stopped after two proposals, of which one was accepted.
      await send(f.who.stranger, f.calls.proposeSchema(first.words, DEPOSIT));
      await send(f.who.stranger, f.calls.proposeSchema(second.words, DEPOSIT));
      await send(f.curator, f.calls.acceptSchema(first.words, f.who.at.stranger));
      const lines: string[] = [];
      const without = await publishDictionary({ ...options, onProgress: (line) => lines.push(line) });
      expect([without.proposed.length, without.accepted.length, lines.length]).to.deep.equal([all - 2, 0, all - 2]);
      const rest = await publishDictionary({ ...options, curator: f.curator });
      expect([rest.proposed.length, rest.accepted.length]).to.deep.equal([0, all - 1]);
      expect(await publishDictionary({ ...options, curator: f.curator })).to.deep.equal({ proposed: [], accepted: [] });

      const other = await networkHelpers.loadFixture(fixture);
      const squat = { ...third.words, digest: hash("another file") };
      await send(other.who.buyer, other.calls.proposeSchema(squat, DEPOSIT));
      await send(other.curator, other.calls.acceptSchema(squat, other.who.at.buyer));
      const refused = await publishDictionary({ deployment: other.deployment, proposer: other.who.stranger }).then(() => null, (error: unknown) => error);
      expect(refused).to.have.property("code", "SCHEMA_OTHER");
    });

    it("cost little gas to propose and to accept", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { words: schema } = shippedSchemas()[0]!;
      const proposing = await send(f.who.stranger, f.calls.proposeSchema(schema, DEPOSIT));
      const accepting = await send(f.curator, f.calls.acceptSchema(schema, f.who.at.stranger));
      // 21,000 for the transaction and 22,100 a new slot: one to propose; the entry's two and the credit to accept.
      expect(proposing.gasUsed, "propose").to.be.at.most(MOST_GAS.propose);
      expect(accepting.gasUsed, "accept").to.be.at.most(MOST_GAS.accept);
    });
  });
});
