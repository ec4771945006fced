/** Deals that go wrong: batches of the dishonest sealer, unproven and proven deliveries of pages of any size, real complaints, money told to the last unit. */
import { join } from "node:path";
import { expect } from "chai";
import { BaseContract } from "ethers";
import { type Hex, toHex } from "../../../sdk/bytes/index.ts";
import { type Call, eventIn, INTERFACES } from "../../../sdk/client/index.ts";
import { deliveryContext, deliveryScalar, padLots, wrapKeys } from "../../../sdk/delivery/index.ts";
import { receiptData, sellOrderData, signTypedData } from "../../../sdk/eip712/index.ts";
import { anchorTree, hashHeader, type HeaderWords } from "../../../sdk/formats/index.ts";
import { type ComplaintWords, type Deal, type KeyDeliveryWords, type Lot, noExtras, type Opening, page, type Page, type Purchase, type SellOrder, type Terms, versionTerms } from "../../../sdk/market/index.ts";
import { KeyDeliveryProver, loadProofArtifacts } from "../../../sdk/proof/index.ts";
import { type Batch, bytesOf, type Fault, seal } from "../../support/sealer.ts";
import { CHAIN_ID, networkHelpers, now, type Role, tx, WINDOW } from "./chain.ts";
import { complaintOf } from "./complaint.ts";
import { ALL_OR_NOTHING, creditChanges, PROVEN_ONLY } from "./deal.ts";
import { agree, BOND, bought, BUYER_KEY, hash, header, order, PRICE, purchase, SCHEMA, type World, world } from "./world.ts";

/** Below the most that QDD's terms let one lot ask for. */
export const DEPOSIT = 400_000n;

// ---------------------------------------------------------------- lots

/** Lots for sale: what was sealed, what opens it, and the keys that are sold. */
export interface Stock {
  batches: Batch[];
  words: HeaderWords[];
  lots: Lot[];
  hashes: Hex[];
  keys: bigint[];
  /** The OEM's parts of DISPUTED data. */
  oemKeys: bigint[];
}

/** Flips a bit of one leaf's ciphertext before the tree is built. */
export const spoil =
  (j: number): Fault =>
  (leaf) => {
    if (leaf.j === j) leaf.cipher[3]! ^= 16;
  };

/**
 * Seals and anchors lots under one root, in the world's own stream.
 * @param bad positions of the lots whose leaf 1 is spoiled
 */
export async function stock(
  w: World,
  label: string,
  count: number,
  options: { bad?: readonly number[]; disputed?: boolean; flags?: bigint; by?: "tsp" | "tsp2"; sequence?: number } = {},
): Promise<Stock> {
  const { bad = [], disputed = false, by = "tsp" } = options;
  const parts = (side: string): bigint[] => Array.from({ length: count }, (_, i) => BigInt(hash(`${label} ${side} ${i}`)) >> 8n);
  const [keys, oemKeys] = [parts("owner"), disputed ? parts("oem") : []];
  const batches = keys.map((k1, i) =>
    seal({ plain: [bytesOf(`${label} ${i}`, 192)], leafSize: 64, k1, ...(disputed ? { k2: oemKeys[i]! } : {}), ...(bad.includes(i) ? { fault: spoil(1) } : {}) }),
  );
  const words = batches.map(({ root, commitments: [kc1, kc2] }, i) =>
    header(w, { sequence: 1000 + i, tsp: w.who.at[by], root: toHex(root), kc1, kc2, flags: options.flags ?? 2n, restHash: hash(label) }, disputed ? { dataClass: "DISPUTED" } : {}),
  );
  const hashes = words.map(hashHeader);
  const tree = anchorTree([...hashes, hash(`${label} beside`)]);
  await tx(w.who[by], w.calls.anchor(tree.root, options.sequence ?? 1, hash("leaves"), hash("list")));
  const lots = words.map((each, i): Lot => ({ header: each, path: tree.paths[i]!, schema: SCHEMA, former: 0 }));
  return { batches, words, lots, hashes, keys, oemKeys };
}

/** Some of the lots. */
export const part = (s: Stock, from: number, to: number): Stock => ({
  ...{ batches: s.batches.slice(from, to), words: s.words.slice(from, to), lots: s.lots.slice(from, to) },
  ...{ hashes: s.hashes.slice(from, to), keys: s.keys.slice(from, to), oemKeys: s.oemKeys.slice(from, to) },
});
export const openingOf = ({ lots }: Pick<Stock, "lots">): Opening => ({ lots, formers: [] });

// ---------------------------------------------------------------- orders

/** The least bond of QDD for so many lots. */
export const leastBond = (lots: number): bigint => (lots === 1 ? 2_000_000n : lots <= 8 ? 2_500_000n : 4_000_000n);

/** A page that can be challenged. */
export const openPage = ({ hashes }: Pick<Stock, "hashes">, change: Partial<Page> = {}): Page => ({ ...page(hashes, PRICE * BigInt(hashes.length), BOND, DEPOSIT), ...change });
/** A page whose every delivery is proven. */
export const provenPage = (s: Pick<Stock, "hashes">, change: Partial<Page> = {}): Page => openPage(s, { challengeDeposit: 0n, ...change });

/** An order whose deliveries may come without proof. */
export const unprovenOrder = (w: World, pages: Page[], change: Partial<SellOrder> = {}): SellOrder =>
  order(w, [header(w)], { flags: 0, answerTime: WINDOW, pages, ...change });

/** An order whose deliveries are all proven. */
export const provenOrder = (w: World, pages: Page[], change: Partial<SellOrder> = {}): SellOrder => order(w, [header(w)], { flags: PROVEN_ONLY, pages, ...change });

let nonces = 1n;
/** Buys an order by the buyer itself; each purchase is another deal. */
export const buyIt = async (w: World, sold: SellOrder): Promise<{ dealId: Hex; terms: Terms }> => bought(w, await purchase(w, sold, { nonce: (nonces += 1n) }));

/** Buys an order for the buyer out of its credit, to be inspected. */
export async function reserve(w: World, sold: SellOrder, inspectTime: number, by: Role = "buyer"): Promise<{ dealId: Hex; terms: Terms }> {
  const call = w.calls.buyFor(await purchase(w, sold, { nonce: (nonces += 1n) }), w.who.at.buyer, inspectTime);
  const receipt = await (await tx(w.who[by], call)).wait();
  const { dealId, sale } = eventIn(w.deployment, "Bought", receipt!)!;
  return { dealId, terms: { order: sold, sale } };
}

// ---------------------------------------------------------------- deliveries

const provers = new Map<number, KeyDeliveryProver>();
function proverOf(size: number): KeyDeliveryProver {
  const known = provers.get(size);
  if (known !== undefined) return known;
  const made = new KeyDeliveryProver(loadProofArtifacts(join(import.meta.dirname, "../../../circuits/keys"), `KeyDelivery${size}`));
  provers.set(size, made);
  return made;
}

/** Where a delivery goes, and its keys, as many as the page has lots. */
export interface Delivering {
  dealId: Hex;
  page?: number;
  keys: readonly bigint[];
  /** Of the delivery's secret: another gives another R and other wrapped keys of the same keys. */
  secret?: number;
}

/** The wrapped keys as the seller makes them, padded to the circuit's size. */
export function wrapped(w: World, { dealId, page: at = 0, keys, secret = 7 }: Delivering) {
  const context = deliveryContext({ chainId: BigInt(CHAIN_ID), exchange: w.deployment.addresses.escrow, dealId, page: at });
  const scalar = deliveryScalar(new Uint8Array(32).fill(secret), context);
  return wrapKeys({ buyerKey: BUYER_KEY.publicKey, context, keys: padLots(keys), scalar });
}

/** R and c without a proof. */
export function unproven(w: World, delivering: Delivering): { r: [bigint, bigint]; c: bigint[] } {
  const { R, c } = wrapped(w, delivering).statement;
  return { r: [...R] as [bigint, bigint], c: [...c] };
}

/** Does something that takes long, and lets the chain's clock stand still meanwhile: the next block is a second later. */
async function inNoTime<T>(work: () => Promise<T>): Promise<T> {
  const before = await now();
  const result = await work();
  await networkHelpers.time.setNextBlockTimestamp(before + 1);
  return result;
}

/** A delivery with its real proof. */
export async function proven(w: World, delivering: Delivering): Promise<KeyDeliveryWords> {
  const { input } = wrapped(w, delivering);
  const { proof, statement } = await inNoTime(() => proverOf(input.k.length).prove(input));
  return {
    r: [...statement.R] as [bigint, bigint],
    c: [...statement.c],
    proofA: [...proof.a] as [bigint, bigint],
    proofB: [[...proof.b[0]], [...proof.b[1]]] as KeyDeliveryWords["proofB"],
    proofC: [...proof.c] as [bigint, bigint],
  };
}

/** The complaint about the spoiled leaf of a lot, with its real proof. */
export async function complaintAbout({ batches }: Stock, index: number, leaf = 1): Promise<ComplaintWords> {
  const words = await inNoTime(() => complaintOf(batches[index]!, leaf));
  return { ...words, cipher: toHex(words.cipher), dataHash: toHex(words.dataHash), path: words.path.map(toHex) };
}

// ---------------------------------------------------------------- moves

/** The moves of one page of one deal, all with what they rightly bring. */
export function movesOf(w: World, { dealId, terms }: { dealId: Hex; terms: Terms }, s: Stock, at = 0) {
  const { calls } = w;
  const pinned = versionTerms(w.text);
  const opening = openingOf(s);
  return {
    deliverUnproven: (delivery: { r: [bigint, bigint]; c: bigint[] }): Call => calls.deliverUnproven(terms, at, opening, delivery.r, delivery.c),
    deliverProven: (delivery: KeyDeliveryWords): Call => calls.deliverProven(terms, at, opening, delivery),
    deliverDisputed: (delivery: KeyDeliveryWords): Call => calls.deliverDisputed(terms, at, pinned, opening, delivery),
    challenge: (): Call => calls.challenge(terms, at),
    answer: (delivery: KeyDeliveryWords, words: HeaderWords[] = s.words): Call => calls.answer(terms, at, words, delivery),
    concede: (): Call => calls.concede(terms, at),
    refund: (): Call => calls.refund(terms, at),
    complain: (index: number, complaint: ComplaintWords, hashes: Hex[] = s.hashes, words: HeaderWords = s.words[index]!): Call => calls.complain(terms, at, hashes, index, words, complaint),
    refundBad: (index: number, hashes: Hex[] = s.hashes): Call => calls.refundBad(terms, at, hashes, index),
    settle: (hashes: Hex[] = s.hashes): Call => calls.settle(terms, at, pinned, hashes),
    /** By the buyer itself; brings what both Funded and delivered pages need. */
    receipt: (hashes: Hex[] = s.hashes): Call => calls.settleByReceipt(terms, at, pinned, { opening, headers: hashes }),
    signedReceipt: async (): Promise<Call> => {
      const signature = await signTypedData(w.who.buyer, receiptData(w.domain("escrow"), { dealId, page: BigInt(at) }));
      return calls.settleByReceipt(terms, at, pinned, { signature, opening, headers: s.hashes });
    },
    state: async (): Promise<Deal> => (await w.reads.pageOf(terms, at)).deal,
  };
}

// ---------------------------------------------------------------- money

const PAID = ["owner", "oem", "tsp", "storage", "buyer", "stranger", "owner2", "tsp2", "oem2", "feeTaker"] as const;
/** Credits by role; a role that is left out has none, or no change. */
export type Credits = Partial<Record<(typeof PAID)[number], bigint>>;

/** The QDD credits of everyone who could have any. */
export async function credits(w: World): Promise<Credits> {
  const all: Credits = {};
  for (const role of PAID) all[role] = await w.reads.creditOf(w.who.at[role], w.deployment.addresses.qdd);
  return all;
}

/** What the exchange has more of a token than it owes by credits: what it holds for open deals. */
export async function held(w: World): Promise<bigint> {
  const { qdd, escrow } = w.deployment.addresses;
  const owed = Object.values(await credits(w)).reduce((sum, credit) => sum + credit, 0n);
  return (await w.reads.balanceOf(qdd, escrow)) - owed;
}

/** Does something and expects exactly these changes of credit, of everyone, and no token to move. */
export async function expectMoney(w: World, change: Credits, act: () => Promise<unknown>): Promise<void> {
  const { qdd, escrow } = w.deployment.addresses;
  const balance = await w.reads.balanceOf(qdd, escrow);
  const found = await creditChanges(w, act);
  expect(found).to.deep.equal(Object.fromEntries(Object.entries(change).filter(([, amount]) => amount !== 0n)));
  expect(await w.reads.balanceOf(qdd, escrow)).to.equal(balance);
}

/** What the world's USER agreement makes of a price: OEM 10 %, agent 25 %, storage 5 %, the owner the rest with the dust. */
export function split(price: bigint): { owner: bigint; oem: bigint; tsp: bigint; storage: bigint } {
  const of = (bps: bigint): bigint => (price * bps) / 10_000n;
  const [oem, tsp, storage] = [of(1000n), of(2500n), of(500n)];
  return { owner: price - oem - tsp - storage, oem, tsp, storage };
}

/** Adds changes of credit. */
export function plus(...all: Credits[]): Credits {
  const sum: Credits = {};
  for (const each of all) for (const [role, amount] of Object.entries(each) as [keyof Credits, bigint][]) sum[role] = (sum[role] ?? 0n) + amount;
  return sum;
}

// ---------------------------------------------------------------- fixtures

/** The world with the whole exchange, both halves, for matchers. */
export async function market() {
  const w = await world();
  const escrow: BaseContract = new BaseContract(w.deployment.addresses.escrow, INTERFACES.escrow, w.who.stranger);
  return { ...w, escrow };
}
export type Market = Awaited<ReturnType<typeof market>>;

/** The market with an agreement that lets DISPUTED data be sold, and standing balances of owner and OEM. */
export async function disputedMarket() {
  const w = await market();
  const { who, calls, deployment: { addresses: { qdd } } } = w;
  const pairs = w.text.pairs.map((pair) => (pair.dataClass === 3 && pair.privacy === 1 ? { ...pair, authorised: true, ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 } : pair));
  const text = { ...w.text, pairs, nonce: 1 };
  await agree(w, text);
  for (const role of ["owner", "oem"] as const) {
    await tx(who.issuer, calls.mintQdd(who.at[role], 100_000_000n));
    await tx(who[role], calls.approve(qdd, 100_000_000n));
    await tx(who[role], calls.deposit(qdd, who.at[role], 100_000_000n));
  }
  return { ...w, text };
}

/** What owner and OEM put up for a page of their own of DISPUTED data. */
export const [OWNER_BOND, OEM_BOND] = [BOND, BOND + 700_000n];

/** Two pages over the same lots: the owner's part with the price, the OEM's for nothing. */
export const disputedOrder = (w: World, s: Stock, change: Partial<SellOrder> = {}): SellOrder =>
  provenOrder(w, [provenPage(s, { price: PRICE, bond: OWNER_BOND }), provenPage(s, { price: 0n, bond: OEM_BOND })], { dataClass: 3, version: 2, flags: ALL_OR_NOTHING | PROVEN_ONLY, ...change });

/** Both principals' signatures of an order. */
export async function consents(w: World, sold: SellOrder, by: { owner?: Role; oem?: Role } = {}): Promise<Purchase["extras"]> {
  const data = sellOrderData(w.domain("escrow"), sold);
  const sign = (role: Role): Promise<Hex> => signTypedData(w.who[role], data);
  return [{ ...noExtras(), ownerSignature: await sign(by.owner ?? "owner"), oemSignature: await sign(by.oem ?? "oem") }];
}
