/** The library that says whether an account has signed, by itself: also for accounts and digests that no contract here would ask about. */
import { expect } from "chai";
import { HDNodeWallet, Signature, ZeroAddress } from "ethers";
import type { BaseContract } from "ethers";
import { ethers, networkHelpers } from "./support/chain.ts";
import { hash } from "./support/world.ts";

interface Probe extends BaseContract {
  isValid(signer: string, digest: string, signature: string): Promise<boolean>;
}

const MAGIC = "0x1626ba7e";
/** The precompile that returns what it is given. */
const IDENTITY = "0x0000000000000000000000000000000000000004";
const DIGEST = hash("digest");
const key = (i: number): HDNodeWallet => HDNodeWallet.fromPhrase("test test test test test test test test test test test junk", undefined, `m/44'/60'/7'/0/${i}`);

async function fixture() {
  const signer = key(0);
  return {
    probe: (await ethers.deployContract("SignaturesProbe")) as unknown as Probe,
    ...{ signer, signature: signer.signingKey.sign(DIGEST) },
    wallet: await ethers.deployContract("Wallet1271", [signer.address]),
    awkward: await ethers.deployContract("Awkward1271"),
  };
}

describe("Signatures", () => {
  it("takes an account's own key, for its digest alone", async () => {
    const { probe, signer, signature } = await networkHelpers.loadFixture(fixture);
    expect(await probe.isValid(signer.address, DIGEST, signature.serialized)).to.equal(true);
    expect(await probe.isValid(signer.address, hash("another digest"), signature.serialized)).to.equal(false);
    expect(await probe.isValid(key(1).address, DIGEST, signature.serialized)).to.equal(false);
  });

  it("takes no other form of a key's signature: with the high s, the wrong v, short, long, compact or empty", async () => {
    const { probe, signer, signature } = await networkHelpers.loadFixture(fixture);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high = `0x${signature.r.slice(2)}${(order - BigInt(signature.s)).toString(16).padStart(64, "0")}${signature.v === 27 ? "1c" : "1b"}`;
    const other = Signature.from({ r: signature.r, s: signature.s, v: signature.v === 27 ? 28 : 27 }).serialized;
    for (const wrong of [high, other, signature.serialized.slice(0, -2), `${signature.serialized}00`, signature.compactSerialized, "0x"]) {
      expect(await probe.isValid(signer.address, DIGEST, wrong), wrong).to.equal(false);
    }
  });

  it("never takes a signature that nothing is recovered from for one of the zero address", async () => {
    const { probe } = await networkHelpers.loadFixture(fixture);
    for (const nothing of [`0x${"00".repeat(65)}`, `0x${"00".repeat(64)}1b`, `0x${"ff".repeat(65)}`, "0x"]) expect(await probe.isValid(ZeroAddress, DIGEST, nothing), nothing).to.equal(false);
  });

  it("asks a contract, whatever the signature's length, and takes its word only as the standard writes it", async () => {
    const { probe, signer, signature, wallet, awkward } = await networkHelpers.loadFixture(fixture);
    expect(await probe.isValid(await wallet.getAddress(), DIGEST, signature.serialized)).to.equal(true);
    expect(await probe.isValid(await wallet.getAddress(), DIGEST, key(1).signingKey.sign(DIGEST).serialized)).to.equal(false);
    const says = async (answer: string): Promise<unknown> => (await awkward.getFunction("set")(answer, false)) as unknown;
    await says(MAGIC.padEnd(66, "0"));
    for (const any of ["0x", "0x1234", signature.serialized]) expect(await probe.isValid(await awkward.getAddress(), DIGEST, any)).to.equal(true);
    await says("0x");
    expect(await probe.isValid(await awkward.getAddress(), DIGEST, signer.signingKey.sign(DIGEST).serialized)).to.equal(false);
  });

  it("asks nobody without code: the precompile that says back what it hears would say yes to a digest that begins with 28 zero bytes", async () => {
    const { probe } = await networkHelpers.loadFixture(fixture);
    expect(await probe.isValid(IDENTITY, `0x${"00".repeat(28)}12345678`, "0x1234")).to.equal(false);
    expect(await probe.isValid(key(1).address, `0x${"00".repeat(28)}12345678`, "0x1234")).to.equal(false);
  });
});
