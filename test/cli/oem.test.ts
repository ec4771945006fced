import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { toHex } from "@qoodblock/sdk/bytes";
import { claimConsentData, signTypedData } from "@qoodblock/sdk/eip712";
import { hashHeader } from "@qoodblock/sdk/formats";
import { wmiBytes } from "@qoodblock/sdk/identity";
import { encodeOffer, vehicleId } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { checkBatch, openBatch } from "@qoodblock/sdk/sealing";
import { startMarket } from "../e2e/market.ts";
import type { Batch, Market } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { bytes32 } from "../workers/support/fleet.ts";
import { act } from "../workers/support/market.ts";
import { answerOf, mistake, writeKeyFile } from "./support.ts";

const temporary = temporaryFolder();
type Answer = Record<string, unknown>;
const FAR = 4_000_000_000;

describe("qood oem and owner, with offers", { concurrency: 1 }, () => {
  let market: Market;
  let at: readonly string[];
  let vehicle: string;
  const run = async (...args: string[]): Promise<Answer> => (await answerOf([...at, ...args])) as Answer;
  const refused = (args: string[], code: string, words: RegExp): Promise<void> => mistake([...at, ...args], code, words);
  const save = (name: string, offer: Offer): string => temporary.file(name, encodeOffer(offer));
  const sold = async (name: string, batch: Batch): Promise<string> => save(name, await market.offer(await market.lot(batch), batch));

  before(async () => {
    market = await startMarket();
    const keystores = temporary.path(".");
    for (const name of ["oem", "owner", "tsp", "buyer", "keeper"] as const) writeKeyFile(keystores, name, market.accounts[name], true);
    const { format, chainId, startBlock, addresses } = market.client.deployment;
    at = ["--keystores", keystores, "--deployment", temporary.file("deployment", JSON.stringify({ format, chainId, startBlock, addresses })), "--rpc", market.provider._getConnection().url];
    vehicle = market.car.config.vehicle;
  });
  after(async () => {
    await market.stop();
  });

  it("mint: of the maker's voucher and the owner's consent, by the TSP that it names", async () => {
    const { owner, tsp } = market.accounts;
    const write = (name: string, content: unknown): string => temporary.file(name, JSON.stringify(content));
    const voucher = write("voucher", await run("oem", "voucher", "--account", "oem", "--vin", "WDB2030461A123456", "--owner", owner.address, "--legal-hash", toHex(bytes32("terms")), "--deadline", "2090-01-01"));
    const consenting = (account: string, from = voucher, by: string = tsp.address): string[] => ["owner", "consent", "--account", account, "--voucher", from, "--tsp", by, "--deadline", "2090-01-01"];
    await refused(consenting("buyer"), "VOUCHER_OWNER", /names 0x\w+ as the owner and this account is 0x/);
    await refused(consenting("owner", write("none", { voucher: {} })), "MINT_FORM", /none is no voucher of .*: voucher\.oem: expected 0x and 20 bytes/);
    const consent = write("consent", await run(...consenting("owner")));
    const minting = (account: string, of = consent): string[] => ["tsp", "mint", "--account", account, "--voucher", voucher, "--consent", of];
    await refused(minting("tsp", voucher), "MINT_FORM", /voucher is no consent of .*: deadline/);
    await refused(minting("keeper"), "REVERT", /vehicleRegistry\.mint/);
    const { vehicle: minted } = await run(...minting("tsp"));
    assert.equal(await market.client.reads.ownerOf(BigInt(minted as string)), owner.address);
    await refused(minting("tsp"), "REVERT", /vehicleRegistry\.mint/);
  });

  describe("offers", { concurrency: 1 }, () => {
    it("are listed as they stand, and withdrawn for good", async () => {
      const batch = market.seal();
      const lot = await market.lot(batch);
      const files = [save("open", await market.offer(lot, batch)), save("over", await market.offer(lot, batch, { expiry: 1, nonce: 5n })), save("old", await market.offer(lot, batch, { version: 7, nonce: 6n }))];
      const states = async (): Promise<unknown[]> => ((await answerOf([...at, "owner", "offers", "list", ...files])) as Answer[]).map(({ state }) => state);
      assert.deepEqual(await states(), ["open", "expired", "not agreed"]);
      await refused(["oem", "offers", "cancel", "--account", "buyer", files[0]!], "OFFER_OF_ANOTHER", /is an offer of 0x/);
      const tried = (await answerOf([...at, "oem", "offers", "cancel", "--account", "tsp", ...files, "--dry-run"])) as Answer[];
      assert.deepEqual(tried.map(({ dryRun }) => dryRun), ["escrow.cancelOrder", "escrow.cancelOrder", "escrow.cancelOrder"]);
      assert.deepEqual(await states(), ["open", "expired", "not agreed"]);
      const { cancelled, before: earlier } = await run("oem", "offers", "cancel", "--account", "tsp", files[0]!, "--nonce", "6");
      assert.deepEqual([cancelled, earlier], [2, 0]);
      assert.deepEqual(await states(), ["cancelled", "expired", "cancelled"]);
      assert.deepEqual(await run("oem", "offers", "cancel", "--account", "tsp", files[0]!), { cancelled: 0, before: 1 });
      await refused(["oem", "offers", "cancel", "--account", "tsp"], "USAGE", /name offer files/);
    });

    it("that are none are refused in one line", async () => {
      await refused(["oem", "offers", "list", temporary.path("nowhere")], "FILE_UNREADABLE", /cannot be read \(ENOENT\)/);
      await refused(["oem", "offers", "list", temporary.file("text", "no offer")], "BAD_OFFER", /not JSON/);
    });
  });

  describe("headers", { concurrency: 1 }, () => {
    it("of one sequence are shown to contradict each other, and count so in the exchange", async () => {
      const [one, two] = [await sold("one", market.seal()), await sold("two", market.seal())];
      assert.deepEqual([(await run("oem", "headers", "show", one)).contradicted, (await run("oem", "headers", "show", `${two}#0`)).tspContradictions], [false, 0]);
      const proven = await run("oem", "headers", "contradict", "--account", "buyer", one, two);
      assert.deepEqual([proven.reason, proven.tspContradictions], ["two of one sequence", 1]);
      assert.equal((await run("oem", "headers", "show", one)).contradicted, true);
      await run("owner", "headers", "report", "--account", "keeper", one);
      await refused(["oem", "headers", "contradict", "--account", "buyer", one, one], "REVERT", /./);
      await refused(["oem", "headers", "show", `${one}#4`], "USAGE", /has lots 0 to 0/);
    });

    it("of a closed epoch are admitted where the device has signed them", async () => {
      const car = await market.newCar();
      const batch = market.seal({ car });
      await act(market, market.accounts.owner, market.client.calls.transferVehicle(market.accounts.owner.address as Hex, market.accounts.keeper.address as Hex, BigInt(car.config.vehicle)));
      await market.provider.send("evm_increaseTime", [10]);
      const file = save("late", await market.offer(await market.lot(batch), batch, {}, car));
      const { sealed, k } = batch;
      const { previous, rowsRoot } = openBatch(checkBatch({ ...sealed, anchor: null }), { k1: k }).lastLink;
      const args = ["owner", "headers", "admit", "--account", "buyer", file, "--previous", previous, "--rows-root"];
      await refused([...args, `0x${"00".repeat(32)}`], "REVERT", /./);
      const done = await run(...args, rowsRoot);
      assert.deepEqual([done.admitted, done.header], [true, hashHeader(sealed.header.words)]);
      assert.equal((await run("oem", "headers", "show", file)).admitted, true);
    });
  });

  describe("grants", { concurrency: 1 }, () => {
    it("that are paid name the range's last header", async () => {
      const file = await sold("paid", market.seal());
      const range = ["--vehicle", vehicle, "--schema", "carobd@1", "--party", market.accounts.buyer.address, "--first", "0", "--last", "0", "--until", String(FAR)];
      const done = await run("owner", "grants", "paid", "--account", "owner", ...range, "--payment", `0x${"ab".repeat(32)}`, "--header", file);
      assert.equal(done.holds, true);
      assert.deepEqual(((await answerOf([...at, "owner", "grants", "list", ...range.slice(0, 4)])) as Answer[]).map(({ paid, holds }) => [paid, holds]), [[true, true]]);
      // A paid grant cannot be taken back.
      await refused(["owner", "revoke", "--account", "owner", ...range], "REVERT", /./);
    });
  });

  describe("agreements", { concurrency: 1 }, () => {
    const parties = (): string[] => ["--agent", market.accounts.tsp.address, "--storage-payee", market.accounts.keeper.address, "--legal-hash", `0x${"1e".repeat(32)}`, "--deadline", "2090-01-01"];

    it("are drafted, signed by both, put in force, denied in part and ended", async () => {
      const text = temporary.path("text.json");
      const draft = ["oem", "agreements", "draft", "--vehicle", vehicle, ...parties(), "--pair", "user/ordinary=5000,2000,2500,500", "--pair", "oem/private=0,7000,2500,500", "--out", text];
      const { owner, oem } = market.accounts;
      assert.deepEqual(await run(...draft), { file: text, vehicle, epoch: 1, owner: owner.address, oem: oem.address, nonce: 1 });
      await refused(draft, "FILE_EXISTS", /text\.json exists already/);
      const sign = (account: string): Promise<Answer> => run("oem", "agreements", "sign", "--account", account, "--text", text);
      const [byOwner, byOem] = [await sign("owner"), await sign("oem")];
      assert.deepEqual([byOwner.role, byOem.role], ["owner", "oem"]);
      await refused(["oem", "agreements", "sign", "--account", "buyer", "--text", text], "AGREEMENT_PARTY", /is neither/);
      const submit = (first: unknown, second: unknown): string[] => ["owner", "agreements", "submit", "--account", "keeper", "--text", text, "--owner-signature", String(first), "--oem-signature", String(second)];
      await refused(submit(byOem.signature, byOwner.signature), "REVERT", /./);
      assert.equal((await run(...submit(byOwner.signature, byOem.signature))).version, 2);

      const show = (): Promise<Answer> => run("oem", "agreements", "show", "--vehicle", vehicle);
      const shown = await show();
      assert.deepEqual([shown.inForce, shown.version, shown.agent], [true, 2, market.accounts.tsp.address]);
      assert.deepEqual(shown.pairs, ["oem/private=0,7000,2500,500", "user/ordinary=5000,2000,2500,500"]);
      await refused(["oem", "agreements", "deny", "--account", "buyer", "--vehicle", vehicle, "--class", "oem", "--privacy", "private"], "REVERT", /./);
      assert.equal((await run("oem", "agreements", "deny", "--account", "oem", "--vehicle", vehicle, "--class", "oem", "--privacy", "private")).denied, "oem/private");
      assert.deepEqual((await show()).pairs, ["oem/private=0,7000,2500,500 (denied)", "user/ordinary=5000,2000,2500,500"]);
      await run("owner", "agreements", "end", "--account", "owner", "--vehicle", vehicle);
      assert.equal((await show()).inForce, false);
    });

    it("that are malformed are refused before anything is signed", async () => {
      const draft = (...pair: string[]): string[] => ["oem", "agreements", "draft", "--vehicle", vehicle, ...parties(), ...pair, "--out", temporary.path("none")];
      await refused(draft("--pair", "user=1"), "USAGE", /--pair user=1 must be/);
      await refused(draft("--pair", "user/ordinary=1,2,3,4"), "BAD_SHARES", /sum to 10, not 10000/);
      await refused(draft("--pair", "user/ordinary=10000,0,0,0", "--token", "0x12=1"), "USAGE", /--token .* must be an address/);
      const bad = JSON.parse(readFileSync(temporary.path("text.json"), "utf8")) as Answer;
      const file = temporary.file("bad.json", JSON.stringify({ ...bad, agent: "somebody" }));
      await refused(["oem", "agreements", "sign", "--account", "oem", "--text", file], "AGREEMENT_FORM", /bad\.json is no agreement: agent/);
    });
  });

  it("confirm lets an OEM vouch for a vehicle that was minted without it", async () => {
    const { oem, owner, tsp } = market.accounts;
    const { chainId, addresses } = market.client.deployment;
    const claim = { oem: oem.address as Hex, wmi: wmiBytes("WDB"), tag: toHex(bytes32("a TSP's tag")), owner: owner.address as Hex, legalHash: toHex(bytes32("legal")) };
    const consent = await signTypedData(owner, claimConsentData({ chainId, verifyingContract: addresses.vehicleRegistry }, { claim, tsp: tsp.address as Hex, deadline: FAR }));
    await act(market, tsp, market.client.calls.mintUnconfirmed(claim, FAR, consent));
    const minted = vehicleId(tsp.address as Hex, claim.tag).toString();
    const confirm = ["oem", "confirm", "--account", "oem", "--vehicle", minted, "--deadline", "2090-01-01"];
    await refused(confirm, "USAGE", /either --vin or --tag/);
    const done = await run(...confirm, "--vin", "WDB8E9C50GK646135");
    assert.deepEqual([done.oem, done.confirmed], [oem.address, true]);
    await refused([...confirm, "--tag", `0x${"77".repeat(32)}`], "REVERT", /./);
  });
});
