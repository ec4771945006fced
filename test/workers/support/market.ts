import { Wallet } from "ethers";
import type { HDNodeWallet } from "ethers";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { purchaseOf, send } from "@qoodblock/sdk/client";
import type { Call } from "@qoodblock/sdk/client";
import { keccak256 } from "@qoodblock/sdk/crypto";
import { randomDeliveryKey } from "@qoodblock/sdk/delivery";
import type { DeliveryKey } from "@qoodblock/sdk/delivery";
import { agreementData, deviceSetupData, mintConsentData, signTypedData, voucherData } from "@qoodblock/sdk/eip712";
import { wmiBytes } from "@qoodblock/sdk/identity";
import { sixPairs, vehicleId } from "@qoodblock/sdk/market";
import type { Agreement, Offer } from "@qoodblock/sdk/market";
import { bytes32 } from "./fleet.ts";
import type { Car } from "./fleet.ts";
import type { World } from "./world.ts";

const FAR = 4_000_000_000;
const LEGAL = toHex(bytes32("terms of use"));

/** The part of a {@link World} that a market is made in. */
export type MarketWorld = Pick<World, "accounts" | "client" | "provider">;

/** Sends a call as one of the world's accounts and waits until it is mined. */
export async function act(world: MarketWorld, who: HDNodeWallet, call: Call): Promise<void> {
  await send(who.connect(world.provider), call);
}

/** Has owner and OEM sign an agreement and puts it in force. */
export async function agree(world: MarketWorld, text: Agreement): Promise<void> {
  const { oem, owner, tsp } = world.accounts;
  const { chainId, addresses } = world.client.deployment;
  const data = agreementData({ chainId, verifyingContract: addresses.qoodShares }, text);
  await act(world, tsp, world.client.calls.agree(text, await signTypedData(owner, data), await signTypedData(oem, data)));
}

/** Mints vehicle number `n` and has owner and OEM sign an agreement that names the TSP. Gives the token id in decimal and the text. */
export async function mintWithAgreement(world: MarketWorld, n: number): Promise<{ vehicle: string; text: Agreement }> {
  const { oem, owner, tsp, keeper } = world.accounts;
  const { chainId, addresses } = world.client.deployment;
  const registry = { chainId, verifyingContract: addresses.vehicleRegistry };
  const voucher = { oem: oem.address as Hex, wmi: wmiBytes("WDB"), tag: toHex(bytes32(`tag ${n}`)), owner: owner.address as Hex, legalHash: LEGAL, deadline: FAR };
  const oemSignature = await signTypedData(oem, voucherData(registry, voucher));
  const ownerSignature = await signTypedData(owner, mintConsentData(registry, { voucher, tsp: tsp.address as Hex, deadline: FAR }));
  await act(world, tsp, world.client.calls.mint(voucher, FAR, oemSignature, ownerSignature));
  const vehicle = vehicleId(voucher.oem, voucher.tag);
  const text: Agreement = {
    ...{ vehicle, epoch: await world.client.reads.epochOf(vehicle), owner: owner.address as Hex, oem: oem.address as Hex, agent: tsp.address as Hex, storagePayee: keeper.address as Hex },
    pairs: sixPairs([{ dataClass: 2, privacy: 1, ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 }]),
    tokens: [{ token: addresses.qdd, oemFloor: 0n, userFloor: 2_000_000n, disputedFloor: 0n }],
    ...{ noticePeriod: 0, legalHash: LEGAL, nonce: 0, deadline: FAR },
  };
  await agree(world, text);
  return { vehicle: vehicle.toString(), text };
}

/** The same; gives the token id alone. */
export async function mintAgreed(world: MarketWorld, n: number): Promise<string> {
  return (await mintWithAgreement(world, n)).vehicle;
}

/** Registers the device of car number `n` for its vehicle: owner and device sign, the TSP is its agent. */
export async function enrolDevice(world: MarketWorld, n: number, car: Car): Promise<void> {
  const { owner, tsp } = world.accounts;
  const { chainId, addresses } = world.client.deployment;
  const publicKey = car.config.devicePublicKey!;
  const setup = { vehicle: BigInt(car.config.vehicle), epoch: car.config.epoch, deviceKey: toHex(keccak256(fromHex(publicKey, 64))), agent: tsp.address as Hex, deadline: FAR };
  const data = deviceSetupData({ chainId, verifyingContract: addresses.deviceRegistry }, setup);
  const ownerSignature = await signTypedData(owner, data);
  const deviceSignature = await signTypedData(new Wallet(toHex(bytes32(`device ${n}`))), data);
  await act(world, tsp, world.client.calls.setupDevice({ vehicle: setup.vehicle, publicKey, agent: setup.agent, deadline: FAR, ownerSignature, deviceSignature }));
}

/** Gives an account QDD within a reserve that grows with it, and lets the exchange take them. */
async function fund(world: MarketWorld, who: HDNodeWallet, amount: bigint): Promise<void> {
  const { foundation } = world.accounts;
  const { calls, reads, deployment } = world.client;
  const now = (await world.provider.getBlock("latest"))!.timestamp;
  await act(world, foundation, calls.attest(toHex(bytes32("document")), now, (await reads.qddSupply()) + amount));
  await act(world, foundation, calls.mintQdd(who.address as Hex, amount));
  await act(world, who, calls.approve(deployment.addresses.qdd, amount));
}

/** Gives a buyer QDD and lets the exchange take them. */
export function fundBuyer(world: MarketWorld, amount: bigint, who: HDNodeWallet = world.accounts.buyer): Promise<void> {
  return fund(world, who, amount);
}

/** Pays in a seller's standing balance, out of which its bonds are locked. The keeper pays: the seller's account is its workers' alone. */
export async function depositBonds(world: MarketWorld, amount: bigint, seller: HDNodeWallet = world.accounts.tsp): Promise<void> {
  const { keeper } = world.accounts;
  await fund(world, keeper, amount);
  await act(world, keeper, world.client.calls.deposit(world.client.deployment.addresses.qdd, seller.address as Hex, amount));
}

/** Buys an offer with a fresh delivery key. */
export async function buy(world: MarketWorld, offer: Offer, nonce: bigint): Promise<DeliveryKey> {
  const key = randomDeliveryKey();
  await act(world, world.accounts.buyer, world.client.calls.buy(purchaseOf(offer, { keyX: key.publicKey[0], keyY: key.publicKey[1], nonce })));
  return key;
}
