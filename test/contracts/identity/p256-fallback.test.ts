/** Devices' keys on P-256 on a chain without its precompile (EIP-7951, RIP-7212): the Solidity in its place says the same of every signature. */
import { expect } from "chai";
import { network } from "hardhat";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { createClient, eventIn } from "../../../sdk/client/index.ts";
import { deviceSetupData, signTypedData } from "../../../sdk/eip712/index.ts";
import { deploy } from "../../../scripts/deploy/deploy.ts";
import { type Accounts, artifacts, ask, CHAIN_ID, contractAt, DAY, deployed, networkHelpers, type Role, tx } from "../support/chain.ts";
import { outcome, refused } from "../support/deal.ts";
import { type Key, keyOf } from "../support/device-keys.ts";
import { FAR, hash, mintVehicle } from "../support/world.ts";

/** Where the precompile is, by both texts. */
const PRECOMPILE = "0x0000000000000000000000000000000000000100";
const ROLES: readonly Role[] = ["foundation", "guardian", "treasurer", "issuer", "auditor", "emission", "lister", "steward", "canceller", "oem", "owner", "tsp", "stranger"];

/** The contracts on a chain of the fork before the precompile. */
async function withoutPrecompile() {
  const chain = await network.create({ override: { hardfork: "prague" } });
  const signers = await chain.ethers.getSigners();
  const named = Object.fromEntries(ROLES.map((role, i) => [role, signers[i]!]));
  const who = { ...named, at: Object.fromEntries(ROLES.map((role, i) => [role, signers[i]!.address])) } as Accounts;
  const { at } = who;
  const deployment = await deploy({
    ...{ foundation: who.foundation, oems: [{ account: at.oem, wmis: ["WDB"] }], tsps: [at.tsp], leastWindow: 10, reserveMaxAge: 35 * DAY, artifacts, developmentKey: true },
    roles: {
      ...{ registrar: [at.foundation], guardian: [at.guardian], treasurer: [at.treasurer, at.foundation], issuer: [at.issuer], auditor: [at.auditor] },
      ...{ emission: [at.emission], lister: [at.lister], steward: [at.steward], canceller: [at.canceller] },
    },
  });
  const client = { ...createClient(deployment, chain.ethers.provider), who };
  const registry = await chain.ethers.getContractAt("DeviceRegistry", deployment.addresses.deviceRegistry);
  return { ...client, registry, vehicle: await mintVehicle(client), close: () => chain.close(), provider: chain.ethers.provider };
}

const split = ({ publicKey }: Key): [string, string] => [`0x${publicKey.slice(2, 66)}`, `0x${publicKey.slice(66)}`];

/** Signatures over a digest, each with the key that it is shown with and whether it is that key's. */
function signatures(): { what: string; key: Key; digest: Hex; signature: string; isRight: boolean }[] {
  const digest = hash("digest");
  return Array.from({ length: 6 }, (_, i) => keyOf(`secure element ${i}`, "P-256")).flatMap((key, i) => {
    const signature = key.signDigest(digest);
    const [r, s] = [signature.slice(2, 66), BigInt(`0x${signature.slice(66)}`)];
    const word = (value: bigint): string => value.toString(16).padStart(64, "0");
    const wrong: [string, string][] = [
      ["the upper s", `0x${r}${word(key.order - s)}`],
      ["s plus one", `0x${r}${word(s + 1n)}`],
      ["r and s exchanged", `0x${word(s)}${r}`],
      ["r of nothing", `0x${word(0n)}${word(s)}`],
      ["s of nothing", `0x${r}${word(0n)}`],
      ["the order as r", `0x${word(key.order)}${word(s)}`],
      ["r of another", `${keyOf(`secure element ${i + 1}`, "P-256").signDigest(digest).slice(0, 66)}${word(s)}`],
      ["a byte less", signature.slice(0, -2)],
      ["nothing", "0x"],
    ];
    const of = (what: string, given: string, isRight: boolean, change: { key?: Key; digest?: Hex } = {}) => ({ what, key, digest, signature: given, isRight, ...change });
    return [
      of("its own", signature, true),
      of("its own with a byte of recovery", `${signature}1b`, true),
      ...wrong.map(([what, given]) => of(what, given, false)),
      of("its own over another digest", signature, false, { digest: hash("another") }),
      of("another key's", signature, false, { key: keyOf("another", "P-256") }),
      of("one on secp256k1", keyOf("device").signDigest(digest), false),
    ];
  });
}

describe("Keys on P-256 without a precompile", () => {
  let bare: Awaited<ReturnType<typeof withoutPrecompile>>;
  before(async () => void (bare = await withoutPrecompile()));
  after(() => bare.close());

  it("are told right from wrong as with it, signature by signature", async () => {
    const { deployment } = await networkHelpers.loadFixture(deployed);
    const registry = await contractAt("DeviceRegistry", deployment.addresses.deviceRegistry);
    const ofAll = signatures();
    expect(new Set(ofAll.map(({ isRight }) => isRight)).size).to.equal(2);
    for (const { what, key, digest, signature, isRight } of ofAll) {
      const args = [...split(key), digest, signature] as const;
      expect(await ask(bare.registry, "hasSigned", ...args), `without: ${what}`).to.equal(isRight);
      expect(await ask(registry, "hasSigned", ...args), `with: ${what}`).to.equal(isRight);
    }
  });

  it("is what the chain of this test is: the precompile's address answers nothing there", async () => {
    const key = keyOf("secure element", "P-256");
    const digest = hash("digest");
    const data = `${digest}${key.signDigest(digest).slice(2)}${key.publicKey.slice(2)}`;
    expect(await bare.provider.call({ to: PRECOMPILE, data })).to.equal("0x");
    // A chain with it, asked by nobody's contract, says one.
    const chain = await network.create();
    expect(BigInt(await chain.ethers.provider.call({ to: PRECOMPILE, data }))).to.equal(1n);
    await chain.close();
  });

  it("set up a device, by their own signature and no other", async () => {
    const { who, calls, reads, deployment, vehicle } = bare;
    const key = keyOf("secure element", "P-256");
    const text = { vehicle, epoch: 1, deviceKey: key.deviceKey, agent: who.at.tsp, deadline: FAR };
    const data = deviceSetupData({ chainId: CHAIN_ID, verifyingContract: deployment.addresses.deviceRegistry }, text);
    const ownerSignature = await signTypedData(who.owner, data);
    const setup = (deviceSignature: Hex) => calls.setupDevice({ ...text, publicKey: key.publicKey, ownerSignature, deviceSignature });
    const signature = key.sign(data);
    const high = `0x${signature.slice(2, 66)}${(key.order - BigInt(`0x${signature.slice(66)}`)).toString(16).padStart(64, "0")}` as Hex;
    for (const wrong of [keyOf("another", "P-256").sign(data), keyOf("device").sign(data), high, "0x" as Hex]) {
      await refused(tx(who.stranger, setup(wrong)), "DeviceRegistry_BadDeviceSignature", key.deviceKey);
    }
    const receipt = (await (await tx(who.stranger, setup(signature))).wait())!;
    expect(eventIn(deployment, "DeviceSetUp", receipt)!.deviceKey).to.equal(key.deviceKey);
    expect((await reads.deviceOf(key.deviceKey)).vehicle).to.equal(vehicle);
    expect(await outcome(tx(who.stranger, setup(signature)))).to.equal("DeviceRegistry_KeyTaken");
  });
});
