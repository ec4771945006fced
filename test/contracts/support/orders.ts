/** Buy orders on the tests' market: the buyer's credit, the list of TSPs, batches with their whole headers, and purchases by rule. */
import { encodeBytes32String, type Signer, type TransactionReceipt, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Call, decodeError, eventIn } from "../../../sdk/client/index.ts";
import { isQoodError } from "../../../sdk/errors/index.ts";
import { hashHeader, hashRest, type HeaderRest, type HeaderWords } from "../../../sdk/formats/index.ts";
import {
  type BuyOrder,
  buyOrder,
  buyOrderId,
  type BuyersTree,
  buyersTree,
  type Extras,
  type Lot,
  noExtras,
  type OfferedLot,
  offeredLots,
  orderHash,
  type Purchase,
  ruleTotal,
  type SellOrder,
  type Terms,
} from "../../../sdk/market/index.ts";
import { CHAIN_ID, DAY, now, type Role, tx, WINDOW } from "./chain.ts";
import { type Market, market, pageOver, signOrder } from "./deal.ts";
import { anchorLot, BUYER_KEY, hash, header, order, PRICE, purchase, SCHEMA, type World } from "./world.ts";

/** What the buyer puts into an order; what an answer costs; seconds to inspect. */
export const BUDGET = 100_000_000n;
export const DEPOSIT_OF_ANSWER = 1_500_000n;
export const INSPECT = 60;
/** Records of the tests' batches, Unix milliseconds. */
export const FIRST = 1_700_000_000_000;
export const LAST = FIRST + 3_600_000;

/** A batch with both levels of its header, anchored. */
export interface WholeLot {
  words: HeaderWords;
  rest: HeaderRest;
  lot: Lot;
}

/** A market where the buyer and the TSP have named BuyOrders their operator, and the buyer has credit. */
export interface Buying extends Market {
  agents: BuyersTree;
  whole: WholeLot;
  /** By rule, for the listed TSPs. */
  wanted: BuyOrder;
  id: (wanted: BuyOrder) => Hex;
}

export const restOf = (change: Partial<HeaderRest> = {}): HeaderRest => ({
  ...{ previousHeader: hash("0"), sealNonce: hash("n"), keyEpoch: 0, day: 1, leafSize: 4096, segmentSize: 65536, layout: 1, schema: SCHEMA },
  ...{ dictionaryVersion: 1, firstTime: FIRST, lastTime: LAST, records: 1, rawLength: 1, storedLength: 64, cipherDigest: hash("c"), dataHashDigest: hash("d") },
  ...{ descriptionHash: hash("e"), deviceKey: hash("k"), firstCounter: 0, lastCounter: 0, chainBefore: hash("b"), chainAfter: hash("a") },
  ...change,
});

let sequence = 1000;

/** Anchors a batch whose second level is known. */
export async function wholeLot(w: World, change: Partial<HeaderWords> = {}, options: { rest?: Partial<HeaderRest>; by?: "tsp" | "tsp2" | "stranger"; stream?: Parameters<typeof header>[2] } = {}): Promise<WholeLot> {
  sequence += 1;
  const rest = restOf(options.rest);
  const words = header(w, { sequence, restHash: hashRest(rest), tsp: w.who.at[options.by ?? "tsp"], ...change }, options.stream);
  return { words, rest, lot: await anchorLot(w, words, { sequence, by: options.by ?? "tsp" }) };
}

/** What of an offer is needed here. */
export const offerOf = (sold: SellOrder, lots: readonly WholeLot[]) => ({ order: sold, lots: lots.map(({ words, rest, lot }) => ({ header: { words, rest }, anchor: { path: lot.path } })) }) as unknown as Parameters<typeof offeredLots>[1];

export async function buying(): Promise<Buying> {
  const m = await market();
  const { who, calls, deployment } = m;
  const { qdd, buyOrders } = deployment.addresses;
  await tx(who.buyer, calls.deposit(qdd, who.at.buyer, 10n * BUDGET));
  for (const role of ["buyer", "tsp"] as const) await tx(who[role], calls.setOperator(buyOrders, true));
  const agents = buyersTree([who.at.tsp, who.at.tsp2, who.at.oem2]);
  const wanted = buyOrder({
    ...{ buyer: who.at.buyer, token: qdd, schema: SCHEMA, dataClass: 2, deadline: (await now()) + DAY, nonce: 1n, agentsRoot: agents.root, maxPrice: PRICE },
    ...{ keyX: BUYER_KEY.publicKey[0], keyY: BUYER_KEY.publicKey[1], inspectTime: INSPECT, answerDeposit: DEPOSIT_OF_ANSWER },
  });
  return { ...m, agents, whole: await wholeLot(m), wanted, id: (o) => buyOrderId(CHAIN_ID, buyOrders, o) };
}

/** An order placed with money in it. */
export async function placed(): Promise<Buying> {
  const b = await buying();
  await tx(b.who.buyer, b.calls.placeBuyOrder(b.wanted, BUDGET));
  return b;
}

/** A purchase by rule of a TSP's order over batches, with all that can be changed about it. */
export async function filling(
  b: Buying,
  lots: readonly WholeLot[] = [b.whole],
  change: { wanted?: Partial<BuyOrder>; sold?: Partial<SellOrder>; purchase?: Partial<Purchase>; by?: Role; lots?: (lots: OfferedLot[]) => OfferedLot[]; sellerPath?: Hex[] } = {},
): Promise<{ call: Call; sold: SellOrder; bought: Purchase }> {
  const wanted = { ...b.wanted, ...change.wanted };
  const by = change.by ?? "tsp";
  const sold = order(b, lots.map(({ words }) => words), { seller: b.who.at[by], pages: [pageOver(lots.map(({ words }) => words))], ...change.sold });
  const bought = await purchase(b, sold, { maxTotal: ruleTotal(wanted, offerOf(sold, lots)), sellerSignature: await signOrder(b, by, sold), ...change.purchase });
  const offered = offeredLots(wanted, offerOf(sold, lots), b.agents);
  const sellerPath = change.sellerPath ?? (by === "tsp" || by === "tsp2" || by === "oem2" ? b.agents.pathOf(b.who.at[by]) : []);
  return { call: b.calls.fillBuyOrder(wanted, bought, change.lots === undefined ? offered : change.lots(offered), sellerPath), sold, bought };
}

/** Sends a call and waits for its receipt. */
export const mined = async (signer: Signer, call: Call): Promise<TransactionReceipt> => (await (await tx(signer, call)).wait())!;

/** Sends a call that opens a deal, and gives its id and terms. */
export async function opened(b: World, by: Role, call: Call, sold: SellOrder): Promise<{ dealId: Hex; terms: Terms }> {
  const { dealId, sale } = eventIn(b.deployment, "Bought", await mined(b.who[by], call))!;
  return { dealId, terms: { order: sold, sale } };
}

/** The answer to an order: a sell order that names its buyer. */
export function answerOf(b: Buying, change: Partial<SellOrder> = {}): { sold: SellOrder; orderHash: Hex } {
  const sold = order(b, [b.whole.words], { buyer: b.who.at.buyer, deliverTime: WINDOW, ...change });
  return { sold, orderHash: orderHash(CHAIN_ID, b.deployment.addresses.escrow, sold) };
}

/** The call of the TSP that gives an answer. */
export const answering = (b: Buying, answer: { orderHash: Hex }, wanted = b.wanted): Call => b.calls.answerBuyOrder(wanted, answer.orderHash, ZeroHash as Hex, b.agents.pathOf(b.who.at.tsp));

/** A short text as the contracts' errors carry it. */
export const text32 = encodeBytes32String;

export const headerHash = ({ words }: { words: HeaderWords }): Hex => hashHeader(words);

/** Name of the custom error that a read or a call ends in. */
export async function failing(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "nothing";
  } catch (error) {
    return isQoodError(error, "REVERT") ? String(error.details.error) : (decodeError(error)?.name ?? String(error));
  }
}

/** Extras with hook data alone. */
export const withHookData = (hookData: Hex): Extras[] => [{ ...noExtras(), hookData }];
