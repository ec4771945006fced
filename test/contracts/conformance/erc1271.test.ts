/** ERC-1271 wherever the signature of an account is taken: a contract's answer counts if it is the magic value, and nothing else does. */
import { expect } from "chai";
import { AbiCoder, getAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { Call } from "../../../sdk/client/index.ts";
import { hashTypedData, deviceSetupData } from "../../../sdk/eip712/index.ts";
import { wmiBytes } from "../../../sdk/identity/index.ts";
import { vehicleId } from "../../../sdk/market/index.ts";
import { contractAt, deployed, ethers, networkHelpers, tx } from "../support/chain.ts";
import { refused } from "../support/deal.ts";
import { keyOf } from "../support/device-keys.ts";
import { agreementText, FAR, hash } from "../support/world.ts";

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
