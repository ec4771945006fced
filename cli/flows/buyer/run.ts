/** The work of `qood buyer`. It is loaded when it is asked for: what it needs takes most of a second. */
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { DeliveryKey } from "@qoodblock/sdk/delivery";
import { schemaByHash, schemaId } from "@qoodblock/sdk/dictionary";
import { writeRecords } from "@qoodblock/sdk/drive";
import { QoodError } from "@qoodblock/sdk/errors";
import { decodeFlags } from "@qoodblock/sdk/formats";
import { DATA_CLASS, PRIVACY, hasFlag } from "@qoodblock/sdk/market";
import { checkOffer, costOf, createHandover, deliveryKeyOf, pay, purchaseCalls } from "@qoodblock/sdk/purchase";
import type { Paid } from "@qoodblock/sdk/purchase";
import type { GlobalOptions } from "../../context.ts";
import { tryCalls } from "../../dry-run.ts";
import type { Tried } from "../../dry-run.ts";
import { checkDealId } from "../deal/find.ts";
import { cidOfOffer } from "./catalog.ts";
import type { BuyerContext } from "./context.ts";
import { keysIn } from "./handed.ts";
import { dropNote, readNote, writeNote } from "./note.ts";
import type { PurchaseNote } from "./note.ts";
import { pursue } from "./pursue.ts";
import { resumeNote, resumePurchase } from "./resume.ts";
import { giveReceiptIfOpen } from "./settle.ts";
import { withBuyer } from "./with.ts";

const CSV = "records.csv";

const unwritable = (out: string, error: unknown): QoodError => new QoodError("FILE_UNWRITABLE", `the records cannot be written into ${out} (${(error as NodeJS.ErrnoException).code ?? "error"})`);

/** Looks, before anything is paid, whether the folder of the results can be made. @throws QoodError FILE_UNWRITABLE */
function checkFolder(out: string): void {
  let nearest = resolve(out);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  try {
    // The dot makes a file that stands in the way an error.
    accessSync(`${nearest}/.`, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(out, error);
  }
}

/** From a paid deal to the files, and only then the receipts. Pages that went wrong are told at the end, when the others are safe. */
async function openAndSettle(context: BuyerContext, paid: Paid, key: DeliveryKey, given: Receiving): Promise<Record<string, unknown>> {
  const { out } = given;
  context.say(`deal ${paid.dealId}: waiting for the key`);
  const handover = createHandover(context, paid, key, keysIn(out, paid.dealId));
  const { opened, faults } = await pursue(context, paid, key, { challenge: given.challenge, complain: given.complaint, handover });
  const [fault] = faults;
  if (opened.length === 0 && fault !== undefined) throw fault;
  const { rest } = paid.checked.offer.lots[0]!.header;
  const csvPath = join(out, CSV);
  const target = { schema: schemaByHash(fromHex(rest.schema, 32)), dictionaryVersion: rest.dictionaryVersion, csvPath, geoJsonPath: join(out, "records.geojson") };
  let written: Awaited<ReturnType<typeof writeRecords>>;
  try {
    mkdirSync(out, { recursive: true });
    written = await writeRecords(opened.flatMap(({ batches }) => batches.flatMap(({ rows }) => rows.map((row) => [...row]))), target);
  } catch (error) {
    throw error instanceof QoodError ? error : unwritable(out, error);
  }
  for (const { pages } of opened) await giveReceiptIfOpen(context, paid, pages, handover);
  if (fault !== undefined) throw new QoodError(fault.code, `${fault.message}; the ${written.records} records of the other pages are in ${csvPath}`, { details: fault.details });
  return { dealId: paid.dealId, records: written.records, csv: csvPath, geoJson: written.geoJson };
}

/** Ends of a deal after which its note is of no use: nothing is left to be had. */
const OVER = /^(DEAL_REFUNDED|DEAL_CANCELLED|BATCH_REFUNDED)$/;

/** What every command of a buyer is given. */
export interface BuyerOptions {
  readonly account: string;
  /** Multiaddrs of nodes that have the files. */
  readonly peer: readonly string[];
  /** URL of a catalog, for an offer that is named by its order's hash. */
  readonly catalog?: string;
}

/** What a command is given that waits for keys. */
export interface Receiving extends BuyerOptions {
  readonly out: string;
  /** False: a wrong key is told and not challenged. */
  readonly challenge: boolean;
  /** False: a wrong batch is told and not complained of. */
  readonly complaint: boolean;
}

const nameIn = (names: Readonly<Record<string, number>>, value: number): string => Object.keys(names).find((name) => names[name] === value) ?? String(value);

/** Fetches and checks an offer; gives what it sells. @throws QoodError of `checkOffer` */
export async function show(options: GlobalOptions, named: string, given: BuyerOptions): Promise<Record<string, unknown>> {
  const { cid, offer } = await withBuyer(options, given.account, async (context) => checkOffer(context, await cidOfOffer(context, named, given.catalog), given.peer));
  const { order, lots } = offer;
  const { rest, words } = lots[0]!.header;
  const { price, deposit } = costOf(order);
  return {
    ...{ cid, seller: order.seller, token: order.token, price, deposit, bond: order.pages.reduce((sum, { bond }) => sum + bond, 0n), pages: order.pages.length, lots: lots.length },
    records: lots.reduce((sum, { header }) => sum + header.rest.records, 0),
    ...{ class: nameIn(DATA_CLASS, order.dataClass), privacy: nameIn(PRIVACY, order.privacy), origin: decodeFlags(words.flags).origin },
    schema: schemaId(schemaByHash(fromHex(rest.schema, 32))),
    from: new Date(Math.min(...lots.map(({ header }) => header.rest.firstTime))).toISOString(),
    to: new Date(Math.max(...lots.map(({ header }) => header.rest.lastTime))).toISOString(),
    delivery: hasFlag(order, "provenOnly") ? "with a proof" : "with or without a proof",
    expires: new Date(order.expiry * 1000).toISOString(),
  };
}

/** Takes up the purchase that a folder notes, or makes it. */
async function purchase(context: BuyerContext, cid: string, key: DeliveryKey, { out, peer }: Receiving): Promise<Paid> {
  const note = readNote(out);
  const known = note === undefined ? null : await resumeNote(context, out, note, cid, peer);
  if (known !== null) return known;
  const checked = await checkOffer(context, cid, peer);
  // Another purchase's records: `open` alone writes them anew.
  if (existsSync(join(out, CSV))) throw new QoodError("FILE_EXISTS", `${join(out, CSV)} exists already: name another folder with --out`);
  checkFolder(out);
  const { price, deposit } = costOf(checked.offer.order);
  context.say(`every check passed, paying ${price}${deposit === 0n ? "" : ` and a deposit of ${deposit}`} into escrow`);
  const { chainId, addresses } = context.client.deployment;
  const about = { format: "qood/purchase/v1", chainId, exchange: addresses.escrow, account: (await context.signer.getAddress()) as Hex, offer: cid } as const;
  let signed: PurchaseNote["transaction"] | undefined;
  const paid = await pay(context, checked, key, (transaction) => {
    signed = transaction;
    writeNote(out, { ...about, transaction, deal: null });
  });
  const { dealId, blockNumber, terms } = paid;
  writeNote(out, { ...about, transaction: signed!, deal: { dealId, blockNumber, terms } });
  context.say(`deal ${dealId}: paid; the same command, or \`qood buyer open\`, goes on if this is stopped`);
  return paid;
}

/** A whole purchase: check, pay, wait, open, write, receipt. A run that was stopped is taken up. @throws QoodError of each step */
export function buy(options: GlobalOptions, named: string, given: Receiving): Promise<Record<string, unknown>> {
  return withBuyer(options, given.account, async (context) => {
    const key = await deliveryKeyOf(context);
    const paid = await purchase(context, await cidOfOffer(context, named, given.catalog), key, given);
    try {
      const result = await openAndSettle(context, paid, key, given);
      dropNote(given.out);
      return result;
    } catch (error) {
      if (error instanceof QoodError && OVER.test(error.code)) dropNote(given.out);
      throw error;
    }
  });
}

/** Makes every check and tells what the purchase's transactions would cost; the receipt at the end is one more. @throws QoodError of `checkOffer`, BALANCE_TOO_LOW, REVERT */
export function tryToBuy(options: GlobalOptions, named: string, given: BuyerOptions): Promise<Tried[]> {
  return withBuyer(options, given.account, async (context) => {
    const checked = await checkOffer(context, await cidOfOffer(context, named, given.catalog), given.peer);
    return tryCalls(context.provider, await context.signer.getAddress(), await purchaseCalls(context, checked, await deliveryKeyOf(context)));
  });
}

/** Goes on with a purchase that is paid. @throws QoodError of `resumePurchase` and each further step */
export function open(options: GlobalOptions, id: string, named: string, given: Receiving): Promise<Record<string, unknown>> {
  const dealId = checkDealId(id);
  return withBuyer(options, given.account, async (context) => {
    checkFolder(given.out);
    const key = await deliveryKeyOf(context);
    return openAndSettle(context, await resumePurchase(context, dealId, await cidOfOffer(context, named, given.catalog), given.peer), key, given);
  });
}
