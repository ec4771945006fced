/** Deals in the states that most tests of the exchange start from, and short forms of what those tests ask. */
import { expect } from "chai";
import type { Signer, TransactionResponse } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Call, decodeError } from "../../../sdk/client/index.ts";
import { receiptData, sellOrderData, signTypedData } from "../../../sdk/eip712/index.ts";
import { hashHeader, type HeaderWords } from "../../../sdk/formats/index.ts";
import { type KeyDeliveryWords, type Lot, type Opening, page, type Page, type Purchase, type SellOrder, type VersionTerms, versionTerms } from "../../../sdk/market/index.ts";
import { contractAt, networkHelpers, type Role, tx, WINDOW } from "./chain.ts";
import { anchorLot, BOND, bought, hash, header, order, PRICE, purchase, type World, world } from "./world.ts";

/** At most what QDD's terms allow for a page of one lot, and not half of the price. */
export const DEPOSIT = 400_001n;
/** What an unproven delivery says where nobody looks at it: values below the field's order. */
export const R: [bigint, bigint] = [11n, 12n];
export const C = [13n];
/** A delivery whose proof is none, for moves that are refused before it is looked at. */
export const NO_PROOF: KeyDeliveryWords = { r: R, c: C, proofA: [0n, 0n], proofB: [[0n, 0n], [0n, 0n]], proofC: [0n, 0n] };
/** Deal flags that the tests add up. */
export const [ALL_OR_NOTHING, RESALE, EXCLUSIVE, PROVEN_ONLY, NO_COPY_KEPT] = [1, 2, 4, 8, 16] as const;

/** A world with an anchored batch and an order on it. */
export interface Market extends World {
  escrow: Awaited<ReturnType<typeof contractAt>>;
  words: HeaderWords;
  lot: Lot;
  opening: Opening;
  /** Hash of the header, as later moves bring it. */
  headers: Hex[];
  /** Repeatable, one lot, proven deliveries only. */
  sold: SellOrder;
  /** As `sold`, with deliveries that need no proof. */
  open: SellOrder;
  pinned: VersionTerms;
  /** The call that buys an order signed by the TSP. */
  buy: (sold?: SellOrder, change?: Partial<Purchase>) => Promise<Call>;
}

/** A page over headers, with a deposit where it may be delivered unproven. */
export const pageOver = (headers: readonly HeaderWords[], change: Partial<Page> = {}): Page => ({ ...page(headers.map(hashHeader), PRICE, BOND), ...change });

/** Terms that let pages be delivered without a proof. */
export const unproven = (headers: readonly HeaderWords[]): Partial<SellOrder> => ({ flags: 0, answerTime: WINDOW, pages: [pageOver(headers, { challengeDeposit: DEPOSIT })] });

export async function market(): Promise<Market> {
  const w = await world();
  const escrow = await contractAt("Escrow", w.deployment.addresses.escrow);
  const words = header(w);
  const lot = await anchorLot(w, words);
  const sold = order(w, [words]);
  return {
    ...w,
    ...{ escrow, words, lot, sold, opening: { lots: [lot], formers: [] }, headers: [hashHeader(words)] },
    open: { ...sold, ...unproven([words]) },
    pinned: versionTerms(w.text),
    buy: async (o = sold, change = {}) => w.calls.buy(await purchase(w, o, change)),
  };
}

/** A Funded deal that may be delivered with and without a proof. */
export async function openDeal() {
  const m = await market();
  return { ...m, ...(await bought(m, await purchase(m, m.open))) };
}

/** A page delivered unproven, with its wrapped key being nothing of the kind. */
export async function delivered() {
  const d = await openDeal();
  await tx(d.who.tsp, d.calls.deliverUnproven(d.terms, 0, d.opening, R, C));
  return d;
}

/** Several batches of one TSP: headers with their lots, anchored one by one. */
export async function batches(w: World, count: number, change: (i: number) => Partial<HeaderWords> = () => ({})): Promise<{ words: HeaderWords; lot: Lot }[]> {
  const made = [];
  for (let i = 0; i < count; i += 1) {
    const words = header(w, { sequence: 100 + i, root: hash(`batch ${i}`), ...change(i) });
    made.push({ words, lot: await anchorLot(w, words, { sequence: 100 + i, others: 1 }) });
  }
  return made;
}

/** An order signed by any of the accounts. */
export const signOrder = (w: World, by: Role, sold: SellOrder): Promise<Hex> => signTypedData(w.who[by], sellOrderData(w.domain("escrow"), sold));

/** A receipt signed by any of the accounts. */
export const signReceipt = (w: World, by: Role, dealId: Hex, page = 0): Promise<Hex> =>
  signTypedData(w.who[by], receiptData(w.domain("escrow"), { dealId, page: BigInt(page) }));

/** Sends a call that is included, or would be, in a given second. */
export async function sendAt(second: number, signer: Signer, call: Call): Promise<TransactionResponse> {
  await networkHelpers.time.setNextBlockTimestamp(second);
  return tx(signer, call);
}

/** Name of the custom error that a transaction or a call ends with, null where it goes through. */
export async function outcome(sent: Promise<unknown>): Promise<string | null> {
  try {
    await sent;
    return null;
  } catch (failure) {
    const found = decodeError(failure);
    if (found === null) throw failure;
    return found.name;
  }
}

/** Expects that a transaction or a call fails by a custom error with exactly these arguments. */
export async function refused(sent: Promise<unknown>, error: string, ...args: unknown[]): Promise<void> {
  const failure = await sent.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (failure === null) expect.fail(`expected ${error}, but the call went through`);
  const found = decodeError(failure);
  if (found === null) throw failure as Error;
  expect([found.name, ...Object.values(found.args).map(String)]).to.deep.equal([error, ...args.map(String)]);
}

/** Expects that a call fails without a word: by the decoding of what it was given, or where there is no such function. */
export async function refusedSilently(sent: Promise<unknown>): Promise<void> {
  await refused(sent, "unknown", "0x");
}

const ACCOUNTS = ["owner", "oem", "tsp", "storage", "buyer", "stranger", "owner2", "tsp2", "oem2", "feeTaker"] as const satisfies readonly Role[];
type Amounts = Partial<Record<(typeof ACCOUNTS)[number], bigint>>;

/** By how much an action changes whose credit; accounts for which nothing changes are left out. */
export async function creditChanges(w: World, action: () => Promise<unknown>, token: Hex = w.deployment.addresses.qdd): Promise<Amounts> {
  const read = () => Promise.all(ACCOUNTS.map((role) => w.reads.creditOf(w.who.at[role], token)));
  const before = await read();
  await action();
  const after = await read();
  return Object.fromEntries(ACCOUNTS.flatMap((role, i) => (after[i] === before[i] ? [] : [[role, after[i]! - before[i]!]])));
}

/** The usual split of a price of USER data, as the agreement of the tests has it. */
export const SPLIT = { ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 } as const;
