/** A vehicle with an agreement, an anchored batch and an order on it: the start of most tests. */
import { keccak256, MaxUint256, toUtf8Bytes, ZeroAddress, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Client, eventIn } from "../../../sdk/client/index.ts";
import { poseidon } from "../../../sdk/crypto/index.ts";
import { agreementData, type Domain, mintConsentData, sellOrderData, signTypedData, type Voucher, voucherData } from "../../../sdk/eip712/index.ts";
import { anchorTree, DOM_KEY, hashHeader, type HeaderWords, streamHandle } from "../../../sdk/formats/index.ts";
import {
  type Agreement,
  agreementId,
  handleProof,
  type Lot,
  page,
  type Purchase,
  type SellOrder,
  sixPairs,
  type Terms,
  totalPrice,
  versionTerms,
} from "../../../sdk/market/index.ts";
import { wmiBytes } from "../../../sdk/identity/index.ts";
import { deliveryKeyFromSecret } from "../../../sdk/delivery/index.ts";
import { type Accounts, CHAIN_ID, DAY, deployed, now, tx, WINDOW } from "./chain.ts";

export const hash = (text: string): Hex => keccak256(toUtf8Bytes(text)) as Hex;
export const FAR = 4_000_000_000;
export const USER = 2;
export const ORDINARY = 1;
export const SCHEMA = hash("trip-obd@1");
export const PRICE = 10_000_003n;
/** At least the least bond of QDD for one lot. */
export const BOND = 5_000_000n;
/** The TSP's credit at the start, out of which its bonds are locked. */
export const STANDING = 10_000_000_000n;
/** Batch key of the test batch, and the buyer's delivery key. */
export const KEY = 123456789012345678901234567890n;
export const BUYER_KEY = deliveryKeyFromSecret(987654321987654321n, "random");

export interface World extends Client {
  who: Accounts;
  domain: (contract: keyof Client["deployment"]["addresses"]) => Domain;
  vehicle: bigint;
  agreement: bigint;
  text: Agreement;
}

/** A vehicle minted to the owner. */
export async function mintVehicle(client: Client & { who: Accounts }, tag = hash("tag"), owner: "owner" | "owner2" = "owner"): Promise<bigint> {
  const { who, calls, deployment } = client;
  const domain = { chainId: CHAIN_ID, verifyingContract: deployment.addresses.vehicleRegistry };
  const voucher: Voucher = { oem: who.at.oem, wmi: wmiBytes("WDB"), tag, owner: who.at[owner], legalHash: hash("legal"), deadline: FAR };
  const oemSignature = await signTypedData(who.oem, voucherData(domain, voucher));
  const ownerSignature = await signTypedData(who[owner], mintConsentData(domain, { voucher, tsp: who.at.tsp, deadline: FAR }));
  const receipt = await (await tx(who.tsp, calls.mint(voucher, FAR, oemSignature, ownerSignature))).wait();
  return eventIn(deployment, "VehicleMinted", receipt!)!.vehicle;
}

/** The usual text: OEM and USER data, ordinary, with different splits. */
export function agreementText(client: Client & { who: Accounts }, vehicle: bigint, change: Partial<Agreement> = {}): Agreement {
  const { at } = client.who;
  return {
    vehicle,
    epoch: 1,
    owner: at.owner,
    oem: at.oem,
    agent: at.tsp,
    storagePayee: at.storage,
    pairs: sixPairs([
      { dataClass: 1, privacy: 1, ownerBps: 1000, oemBps: 7000, agentBps: 1500, storageBps: 500 },
      { dataClass: 2, privacy: 1, ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 },
    ]),
    tokens: [{ token: client.deployment.addresses.qdd, oemFloor: 1_000_000n, userFloor: 2_000_000n, disputedFloor: 3_000_000n }],
    noticePeriod: 7 * DAY,
    legalHash: hash("paper"),
    nonce: 0,
    deadline: FAR,
    ...change,
  };
}

/** Signs a text by both principals and records it. */
export async function agree(world: Client & { who: Accounts }, text: Agreement, owner: "owner" | "owner2" = "owner"): Promise<number> {
  const { who, calls, deployment } = world;
  const data = agreementData({ chainId: CHAIN_ID, verifyingContract: deployment.addresses.qoodShares }, text);
  const call = calls.agree(text, await signTypedData(who[owner], data), await signTypedData(who.oem, data));
  const receipt = await (await tx(who.stranger, call)).wait();
  return eventIn(deployment, "Agreed", receipt!)!.version;
}

/** Deployed contracts, QDD in the buyer's hands, a vehicle, an agreement. */
export async function world(): Promise<World> {
  const client = await deployed();
  const { who, calls, deployment } = client;
  await tx(who.auditor, calls.attest(hash("audit"), await now(), 1_000_000_000_000n));
  await tx(who.issuer, calls.mintQdd(who.at.buyer, 500_000_000_000n));
  await tx(who.buyer, calls.approve(deployment.addresses.qdd, MaxUint256));
  await tx(who.issuer, calls.mintQdd(who.at.tsp, STANDING));
  await tx(who.tsp, calls.approve(deployment.addresses.qdd, STANDING));
  await tx(who.tsp, calls.deposit(deployment.addresses.qdd, who.at.tsp, STANDING));
  const vehicle = await mintVehicle(client);
  const text = agreementText(client, vehicle);
  await agree(client, text);
  const domain = (contract: keyof typeof deployment.addresses): Domain => ({ chainId: CHAIN_ID, verifyingContract: deployment.addresses[contract] });
  return { ...client, domain, vehicle, agreement: agreementId(vehicle, 1), text };
}

export const COMMITMENT_ZERO = poseidon([DOM_KEY, 0n]);

/** A header of the world's USER stream. */
export function header(w: World, change: Partial<HeaderWords> = {}, stream: Partial<Parameters<typeof streamHandle>[0]> = {}): HeaderWords {
  return {
    stream: streamHandle({
      chainId: BigInt(CHAIN_ID),
      registry: w.deployment.addresses.vehicleRegistry,
      vehicle: w.vehicle,
      epoch: 1,
      dataClass: "USER",
      privacy: "ORDINARY",
      schema: SCHEMA,
      ...stream,
    }),
    sequence: 0,
    tsp: w.who.at.tsp,
    root: hash("data root"),
    kc1: poseidon([DOM_KEY, KEY]),
    kc2: COMMITMENT_ZERO,
    flags: 2n,
    restHash: hash("rest"),
    ...change,
  };
}

/** Anchors a header among others and gives the lot that opens it. */
export async function anchorLot(w: World, words: HeaderWords, options: { others?: number; by?: "tsp" | "tsp2" | "stranger"; sequence?: number } = {}): Promise<Lot> {
  const leaves = [hashHeader(words), ...Array.from({ length: options.others ?? 3 }, (_, i) => hash(`other ${i}`))];
  const tree = anchorTree(leaves);
  const { calls, who } = w;
  await tx(who[options.by ?? "tsp"], calls.anchor(tree.root, options.sequence ?? 1, hash("leaves"), hash("list")));
  return { header: words, path: tree.paths[0]!, schema: SCHEMA, former: 0 };
}

export function rightsProof(w: World, change: Partial<Parameters<typeof handleProof>[0]> = {}): Hex {
  return handleProof({ vehicle: w.vehicle, epoch: 1, dataClass: USER, privacy: ORDINARY, schema: SCHEMA, ...change });
}

/** An order on lots. */
export function order(w: World, headers: readonly HeaderWords[], change: Partial<SellOrder> = {}): SellOrder {
  return {
    seller: w.who.at.tsp,
    buyer: ZeroAddress as Hex,
    buyersRoot: ZeroHash as Hex,
    token: w.deployment.addresses.qdd,
    maxFeeBps: 500,
    agreementId: w.agreement,
    version: 1,
    dataClass: USER,
    privacy: ORDINARY,
    flags: 8,
    royaltyBps: 0,
    hook: ZeroAddress as Hex,
    hookCodeHash: ZeroHash as Hex,
    pages: [page(headers.map(hashHeader), PRICE, BOND)],
    deliverTime: WINDOW,
    answerTime: 0,
    complaintWindow: WINDOW,
    repeatable: true,
    maxFills: 0,
    expiry: FAR,
    nonce: 0n,
    legalHash: hash("terms of use"),
    ...change,
  };
}

/** A signed purchase of an order. */
export async function purchase(w: World, sold: SellOrder, change: Partial<Purchase> = {}): Promise<Purchase> {
  return {
    order: sold,
    sellerSignature: await signTypedData(w.who.tsp, sellOrderData(w.domain("escrow"), sold)),
    agreement: versionTerms(w.text),
    tokens: w.text.tokens,
    tokenIndex: 0,
    keyX: BUYER_KEY.publicKey[0],
    keyY: BUYER_KEY.publicKey[1],
    nonce: 1n,
    maxTotal: totalPrice(sold),
    extras: [],
    ...change,
  };
}

/** Buys and gives id and terms. */
export async function bought(w: World, p: Purchase): Promise<{ dealId: Hex; terms: Terms }> {
  const receipt = await (await tx(w.who.buyer, w.calls.buy(p))).wait();
  const { dealId, sale } = eventIn(w.deployment, "Bought", receipt!)!;
  return { dealId, terms: { order: p.order, sale } };
}

/** An anchored batch and a Funded deal on it. */
export async function funded(w: World, change: Partial<SellOrder> = {}): Promise<{ dealId: Hex; terms: Terms; lot: Lot; sold: SellOrder }> {
  const words = header(w);
  const lot = await anchorLot(w, words);
  const sold = order(w, [words], change);
  return { ...(await bought(w, await purchase(w, sold))), lot, sold };
}

