/** The work of `qood buyer`. It is loaded when it is asked for: what it needs takes most of a second. */
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fromHex } from "@qoodblock/sdk/bytes";
import { createDeliveryKey } from "@qoodblock/sdk/delivery";
import type { DeliveryKey } from "@qoodblock/sdk/delivery";
import { schemaByHash, schemaId } from "@qoodblock/sdk/dictionary";
import { writeRecords } from "@qoodblock/sdk/drive";
import { QoodError } from "@qoodblock/sdk/errors";
import { decodeFlags } from "@qoodblock/sdk/formats";
import { DATA_CLASS, PRIVACY, totalPrice } from "@qoodblock/sdk/market";
import { createKuboStorage } from "@qoodblock/workers/shared/storage/kubo.ts";
import { passphraseOf, withChain } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { openAccount } from "../../keystore.ts";
import { checkDealId } from "../deal.ts";
import { checkOffer } from "./check.ts";
import type { BuyerContext } from "./context.ts";
import { awaitDelivery, openDelivery } from "./open.ts";
import { pay } from "./pay.ts";
import type { Paid } from "./pay.ts";
import { resumePurchase } from "./resume.ts";
import { giveReceiptIfOpen } from "./settle.ts";

const CSV = "records.csv";

async function withBuyer<T>(options: GlobalOptions, account: string, work: (context: BuyerContext) => Promise<T>): Promise<T> {
  const { storage: address } = options;
  if (address === undefined) throw new QoodError("OPTION_MISSING", "--storage ADDRESS is needed: the RPC of your storage node");
  if (address.includes("://") && !(address.startsWith("http://") && URL.canParse(address))) throw new QoodError("USAGE", `--storage ${address} is neither an http:// URL nor the path of a unix socket`);
  const wallet = await openAccount(options.keystores, account, passphraseOf(options));
  return withChain(options, async ({ client, provider }) => {
    const storage = createKuboStorage(address);
    try {
      return await work({ client, provider, signer: wallet.connect(provider), storage, say: (line) => process.stderr.write(`${line}\n`) });
    } finally {
      await storage.close();
    }
  });
}

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

/** The account's delivery key, which a key file's account gives again at any time. */
async function deliveryKeyOf({ signer, provider }: BuyerContext): Promise<DeliveryKey> {
  const account = await signer.getAddress();
  const key = await createDeliveryKey(signer, (await provider.getCode(account)) !== "0x");
  if (key.origin === "random") throw new QoodError("ACCOUNT_NOT_DETERMINISTIC", `account ${account} does not sign the same text the same way twice: use an account of a key file`);
  return key;
}

/** From a paid deal to the files, and only then the receipt. */
async function openAndSettle(context: BuyerContext, paid: Paid, key: DeliveryKey, out: string): Promise<Record<string, unknown>> {
  context.say(`deal ${paid.dealId}: waiting for the key and its proof`);
  const opened = openDelivery(context, paid, await awaitDelivery(context, paid), key);
  const { rest } = paid.checked.offer.lots[0]!.header;
  const csvPath = join(out, CSV);
  const target = { schema: schemaByHash(fromHex(rest.schema, 32)), dictionaryVersion: rest.dictionaryVersion, csvPath, geoJsonPath: join(out, "records.geojson") };
  let written: Awaited<ReturnType<typeof writeRecords>>;
  try {
    mkdirSync(out, { recursive: true });
    written = await writeRecords(opened.rows.map((row) => [...row]), target);
  } catch (error) {
    throw error instanceof QoodError ? error : unwritable(out, error);
  }
  await giveReceiptIfOpen(context, paid);
  return { dealId: paid.dealId, records: written.records, csv: csvPath, geoJson: written.geoJson };
}

/** What every command of a buyer is given. */
export interface BuyerOptions {
  readonly account: string;
  /** Multiaddrs of nodes that have the files. */
  readonly peer: readonly string[];
}

const nameIn = (names: Readonly<Record<string, number>>, value: number): string => Object.keys(names).find((name) => names[name] === value) ?? String(value);

/** Fetches and checks an offer; gives what it sells. @throws QoodError of `checkOffer` */
export async function show(options: GlobalOptions, cid: string, given: BuyerOptions): Promise<Record<string, unknown>> {
  const { offer } = await withBuyer(options, given.account, (context) => checkOffer(context, cid, given.peer));
  const { order, lots } = offer;
  const { rest, words } = lots[0]!.header;
  return {
    ...{ cid, seller: order.seller, token: order.token, price: totalPrice(order), lots: lots.length },
    records: lots.reduce((sum, { header }) => sum + header.rest.records, 0),
    ...{ class: nameIn(DATA_CLASS, order.dataClass), privacy: nameIn(PRIVACY, order.privacy), origin: decodeFlags(words.flags).origin },
    schema: schemaId(schemaByHash(fromHex(rest.schema, 32))),
    from: new Date(rest.firstTime).toISOString(),
    to: new Date(lots.at(-1)!.header.rest.lastTime).toISOString(),
    expires: new Date(order.expiry * 1000).toISOString(),
  };
}

/** A whole purchase: check, pay, wait, open, write, receipt. @throws QoodError of each step */
export function buy(options: GlobalOptions, cid: string, given: BuyerOptions & { readonly out: string }): Promise<Record<string, unknown>> {
  return withBuyer(options, given.account, async (context) => {
    const key = await deliveryKeyOf(context);
    const checked = await checkOffer(context, cid, given.peer);
    // Another purchase's records: `open` alone writes them anew.
    if (existsSync(join(given.out, CSV))) throw new QoodError("FILE_EXISTS", `${join(given.out, CSV)} exists already: name another folder with --out`);
    checkFolder(given.out);
    context.say("every check passed, paying into escrow");
    const paid = await pay(context, checked, key);
    context.say(`deal ${paid.dealId}: paid; \`qood buyer open\` goes on if this is stopped`);
    return openAndSettle(context, paid, key, given.out);
  });
}

/** Goes on with a purchase that is paid. @throws QoodError of `resumePurchase` and each further step */
export function open(options: GlobalOptions, id: string, cid: string, given: BuyerOptions & { readonly out: string }): Promise<Record<string, unknown>> {
  const dealId = checkDealId(id);
  return withBuyer(options, given.account, async (context) => {
    checkFolder(given.out);
    const key = await deliveryKeyOf(context);
    return openAndSettle(context, await resumePurchase(context, dealId, cid, given.peer), key, given.out);
  });
}
