/** ERC-1271 wherever the signature of an account is taken: a contract's answer counts if it is the magic value, and nothing else does. */
import { expect } from "chai";
import { AbiCoder, getAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { Call } from "../../../sdk/client/index.ts";
import { deviceSetupData, hashTypedData, receiptData, sellOrderData } from "../../../sdk/eip712/index.ts";
import { hashHeader } from "../../../sdk/formats/index.ts";
import { wmiBytes } from "../../../sdk/identity/index.ts";
import { agreementId, noExtras, page, type SellOrder, vehicleId } from "../../../sdk/market/index.ts";
import { contractAt, deployed, ethers, networkHelpers, tx } from "../support/chain.ts";
import { market, refused, signOrder, signReceipt } from "../support/deal.ts";
import { keyOf } from "../support/device-keys.ts";
import { agreementText, BOND, bought, FAR, hash, header, order, PRICE, purchase } from "../support/world.ts";

/** bytes4(keccak256("isValidSignature(bytes32,bytes)")). */
const MAGIC = "0x1626ba7e";
const word = (bytes: string): string => bytes.padEnd(66, "0");
/** What a wallet may answer, and whether it says yes by that. */
const ANSWERS: readonly (readonly [what: string, answer: string, reverts: boolean])[] = [
  ["the other value of the standard's example", word("0xffffffff"), false],
  ["zero", word("0x"), false],
  ["the magic value at the wrong end of the word", `0x${"0".repeat(56)}1626ba7e`, false],
  ["the magic value with dirty bytes behind it", `${word(MAGIC).slice(0, -1)}1`, false],
  ["true", AbiCoder.defaultAbiCoder().encode(["bool"], [true]), false],
  ["four bytes alone", MAGIC, false],
  ["a word that is one byte short", word(MAGIC).slice(0, -2), false],
  ["nothing", "0x", false],
  ["a revert", "0x", true],
  ["a revert with the magic value", word(MAGIC), true],
];
const SIGNATURE = "0x1234";

describe("ERC-1271", () => {
  async function fixture() {
    const client = await deployed();
    const { who, calls, deployment } = client;
    const wallet = await ethers.deployContract("Awkward1271");
    const oemWallet = await ethers.deployContract("Awkward1271");
    const [at, oem] = [(await wallet.getAddress()) as Hex, (await oemWallet.getAddress()) as Hex];
    const says = async (answer: string, reverts: boolean, by = wallet): Promise<unknown> => (await by.getFunction("set")(answer, reverts)) as unknown;
    await tx(who.registrar, calls.accreditOem(oem, wmiBytes("AAA")));
    await says(word(MAGIC), false, oemWallet);
    await says(word(MAGIC), false);
    // A vehicle of the two wallets, and one that its maker has not confirmed.
    const voucher = { oem, wmi: wmiBytes("AAA"), tag: hash("first"), owner: at, legalHash: hash("legal"), deadline: FAR };
    const { tag: _, deadline: __, ...claimed } = voucher;
    const claim = { ...claimed, tag: hash("claim") };
    await tx(who.tsp, calls.mint(voucher, FAR, SIGNATURE, SIGNATURE));
    await tx(who.tsp, calls.mintUnconfirmed(claim, FAR, SIGNATURE));
    const vehicle = vehicleId(oem, voucher.tag);
    const key = keyOf("device of a wallet");
    const setup = { vehicle, epoch: 1, deviceKey: key.deviceKey, agent: who.at.tsp, deadline: FAR };
    const deviceSignature = key.signDigest(hashTypedData(deviceSetupData({ chainId: 31337, verifyingContract: deployment.addresses.deviceRegistry }, setup)));
    const text = agreementText(client, vehicle, { owner: at, oem });
    const second = { ...voucher, tag: hash("second") };
    /** Each place with the wallet whose word is asked for. */
    const places: Record<string, { call: Call; by: typeof wallet; error: string; account: Hex }> = {
      "the owner's consent to a mint": { call: calls.mint(second, FAR, SIGNATURE, SIGNATURE), by: wallet, error: "VehicleRegistry_BadOwnerSignature", account: at },
      "the maker's voucher": { call: calls.mint(second, FAR, SIGNATURE, SIGNATURE), by: oemWallet, error: "VehicleRegistry_BadOemSignature", account: oem },
      "the owner's consent to a claim": { call: calls.mintUnconfirmed({ ...claim, tag: hash("other") }, FAR, SIGNATURE), by: wallet, error: "VehicleRegistry_BadOwnerSignature", account: at },
      "the maker's confirmation": { call: calls.confirmVehicle(vehicleId(who.at.tsp, claim.tag), hash("t"), FAR, SIGNATURE), by: oemWallet, error: "VehicleRegistry_BadOemSignature", account: oem },
      "the owner's consent to a device": { call: calls.setupDevice({ ...setup, publicKey: key.publicKey, ownerSignature: SIGNATURE, deviceSignature }), by: wallet, error: "DeviceRegistry_BadOwnerSignature", account: at },
      "the owner's word on an agreement": { call: calls.agree(text, SIGNATURE, SIGNATURE), by: wallet, error: "QoodShares_BadOwnerSignature", account: at },
      "the maker's word on an agreement": { call: calls.agree(text, SIGNATURE, SIGNATURE), by: oemWallet, error: "QoodShares_BadOemSignature", account: oem },
      "a withdrawal": {
        call: calls.withdrawFor({ account: at, token: deployment.addresses.qdd, to: who.at.stranger, amount: 0n, deadline: FAR, signature: SIGNATURE }),
        by: wallet,
        error: "Ledger_BadSignature",
        account: at,
      },
    };
    return { ...client, places, says };
  }

  for (const place of [
    "the owner's consent to a mint",
    "the maker's voucher",
    "the owner's consent to a claim",
    "the maker's confirmation",
    "the owner's consent to a device",
    "the owner's word on an agreement",
    "the maker's word on an agreement",
    "a withdrawal",
  ]) {
    it(`"MUST return the bytes4 magic value 0x1626ba7e when function passes": ${place} counts by it, and by no other answer`, async () => {
      const { who, places, says } = await networkHelpers.loadFixture(fixture);
      const { call, by, error, account } = places[place]!;
      for (const [what, answer, reverts] of ANSWERS) {
        await says(answer, reverts, by);
        await refused(tx(who.tsp, call), error, account).catch((problem: unknown) => expect.fail(`${what}: ${String(problem)}`));
      }
      await says(word(MAGIC), false, by);
      await tx(who.tsp, call);
    });
  }

  it("counts the magic value with more data behind its word, as an ABI decoder reads it", async () => {
    const { who, places, says } = await networkHelpers.loadFixture(fixture);
    const { call, by } = places["a withdrawal"]!;
    await says(`${word(MAGIC)}${"ff".repeat(40)}`, false, by);
    await tx(who.tsp, call);
  });

  it("takes an account without code by its key only: no answer is no yes", async () => {
    const { who, calls, deployment } = await networkHelpers.loadFixture(fixture);
    const ledger = await contractAt("Escrow", deployment.addresses.escrow);
    const withdrawal = (account: Hex) => calls.withdrawFor({ account, token: deployment.addresses.qdd, to: who.at.stranger, amount: 0n, deadline: FAR, signature: SIGNATURE });
    for (const account of [who.at.owner, "0x00000000000000000000000000000000000000aa", "0x0000000000000000000000000000000000000001"] as Hex[]) {
      await expect(tx(who.stranger, withdrawal(account))).to.be.revertedWithCustomError(ledger, "Ledger_BadSignature").withArgs(getAddress(account));
    }
  });
});

/** Code of a wallet that says yes to one digest and otherwise reverts: `if (calldata[4:36] != digest) revert(0, 0); return magic`. */
const onlyTo = (digest: Hex): Hex => `0x7f${digest.slice(2)}60043514602d5760006000fd5b63${MAGIC.slice(2)}60e01b60005260206000f3`;
/** Code that is no answer and costs all the gas it is given: the invalid instruction. */
const BURNER = "0xfe";

describe("ERC-1271 in the exchange", () => {
  async function fixture() {
    const m = await market();
    const { who, calls, deployment } = m;
    const wallets = await Promise.all(["owner", "oem", "seller", "buyer"].map(() => ethers.deployContract("Awkward1271")));
    const [owner, oem, seller, buyer] = (await Promise.all(wallets.map((wallet) => wallet.getAddress()))) as [Hex, Hex, Hex, Hex];
    const says = async (at: Hex, answer: string, reverts = false): Promise<unknown> => (await wallets[[owner, oem, seller, buyer].indexOf(at)]!.getFunction("set")(answer, reverts)) as unknown;
    for (const at of [owner, oem, seller, buyer]) await says(at, word(MAGIC));
    // A vehicle whose parties are wallets, all of which agree.
    await tx(who.registrar, calls.accreditOem(oem, wmiBytes("AAA")));
    await tx(who.registrar, calls.accreditTsp(seller, true));
    const voucher = { oem, wmi: wmiBytes("AAA"), tag: hash("first"), owner, legalHash: hash("legal"), deadline: FAR };
    await tx(who.tsp, calls.mint(voucher, FAR, SIGNATURE, SIGNATURE));
    const vehicle = vehicleId(oem, voucher.tag);
    const text = agreementText(m, vehicle, { owner, oem, agent: seller });
    await tx(who.stranger, calls.agree(text, SIGNATURE, SIGNATURE));
    const world = { ...m, vehicle, agreement: agreementId(vehicle, 1), text };
    const words = header(world);
    const at = (price: bigint, dataClass: number): SellOrder => order(world, [words], { seller, dataClass, pages: [page([hashHeader(words)], price, BOND)] });
    const place = async (sold: SellOrder, error: string, account: Hex) => {
      const extras = [{ ...noExtras(), ownerSignature: SIGNATURE as Hex, oemSignature: SIGNATURE as Hex }];
      const call = calls.buy(await purchase(world, sold, { sellerSignature: SIGNATURE, extras: sold.pages[0]!.price === PRICE ? [] : extras }));
      return { call, error, account, digest: hashTypedData(sellOrderData(m.domain("escrow"), sold)) };
    };
    // And a deal of the usual parties whose buyer is a wallet.
    await tx(who.buyer, calls.transferToken(deployment.addresses.qdd, buyer, PRICE));
    await networkHelpers.impersonateAccount(buyer);
    await networkHelpers.setBalance(buyer, 10n ** 18n);
    const byWallet = await ethers.getSigner(buyer);
    await tx(byWallet, calls.approve(deployment.addresses.qdd, PRICE));
    const { dealId, terms } = await bought({ ...m, who: { ...who, buyer: byWallet } }, await purchase(m, m.sold));
    const settle = calls.settleByReceipt(terms, 0, m.pinned, { opening: m.opening, signature: SIGNATURE });
    const places: Record<string, { call: Call; error: string; account: Hex; digest: Hex }> = {
      "the seller's order": await place(at(PRICE, 2), "SellOrders_BadSellerSignature", seller),
      "the owner's consent to less than the floor": await place(at(1n, 2), "Escrow_NoConsent", owner),
      "the maker's consent to less than the floor": await place(at(1n, 1), "Escrow_NoConsent", oem),
      "the buyer's receipt": { call: settle, error: "Escrow_BadReceipt", account: buyer, digest: hashTypedData(receiptData(m.domain("escrow"), { dealId, page: 0n })) },
    };
    return { ...m, places, says };
  }

  for (const name of ["the seller's order", "the owner's consent to less than the floor", "the maker's consent to less than the floor", "the buyer's receipt"]) {
    it(`${name} counts by the magic value, and by no other answer`, async () => {
      const { who, places, says } = await networkHelpers.loadFixture(fixture);
      const { call, error, account } = places[name]!;
      for (const [what, answer, reverts] of ANSWERS) {
        await says(account, answer, reverts);
        await refused(tx(who.buyer, call), error, account).catch((problem: unknown) => expect.fail(`${what}: ${String(problem)}`));
      }
      await says(account, word(MAGIC));
      await tx(who.buyer, call);
    });

    it(`${name} is asked for by its own digest, and no wallet that burns its gas passes`, async () => {
      const { who, places } = await networkHelpers.loadFixture(fixture);
      const { call, error, account, digest } = places[name]!;
      for (const code of [BURNER, "0x", onlyTo(hash("another digest"))]) {
        await networkHelpers.setCode(account, code);
        await refused(tx(who.buyer, call), error, account).catch((problem: unknown) => expect.fail(`${code}: ${String(problem)}`));
      }
      await networkHelpers.setCode(account, onlyTo(digest));
      await tx(who.buyer, call);
    });
  }

  it("an account without code counts by its own key over the right digest, and by no other key or digest", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, sold, pinned, opening, words } = m;
    const cheap = { ...sold, pages: [page([hashHeader(words)], 1n, BOND)] };
    const buy = async (of: SellOrder, sellerSignature: Hex, ownerSignature: Hex = "0x") => tx(who.buyer, await m.buy(of, { sellerSignature, extras: [{ ...noExtras(), ownerSignature }], nonce: 2n }));
    const right = await signOrder(m, "tsp", sold);
    for (const wrong of [await signOrder(m, "stranger", sold), await signOrder(m, "tsp", cheap), "0x" as Hex]) await refused(buy(sold, wrong), "SellOrders_BadSellerSignature", who.at.tsp);
    const ofCheap = await signOrder(m, "tsp", cheap);
    for (const wrong of [await signOrder(m, "stranger", cheap), await signOrder(m, "owner", sold), "0x" as Hex]) await refused(buy(cheap, ofCheap, wrong), "Escrow_NoConsent", who.at.owner);
    await buy(cheap, ofCheap, await signOrder(m, "owner", cheap));
    const { dealId, terms } = await bought(m, await purchase(m, sold, { sellerSignature: right }));
    const settle = (signature: Hex) => tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { opening, signature }));
    for (const wrong of [await signReceipt(m, "stranger", dealId), await signReceipt(m, "buyer", dealId, 1), await signReceipt(m, "buyer", hash("another deal")), "0x" as Hex]) {
      await refused(settle(wrong), "Escrow_BadReceipt", who.at.buyer);
    }
    await settle(await signReceipt(m, "buyer", dealId));
  });
});
