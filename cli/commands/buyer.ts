import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { fromHex } from "@qoodblock/sdk/bytes";
import { createDeliveryKey } from "@qoodblock/sdk/delivery";
import type { DeliveryKey } from "@qoodblock/sdk/delivery";
import { schemaByHash, schemaId } from "@qoodblock/sdk/dictionary";
import { writeRecords } from "@qoodblock/sdk/drive";
import { QoodError } from "@qoodblock/sdk/errors";
import { decodeFlags } from "@qoodblock/sdk/formats";
import { DATA_CLASS, PRIVACY, totalPrice } from "@qoodblock/sdk/market";
import { createKuboStorage } from "@qoodblock/workers/shared/storage/kubo.ts";
import { passphraseOf, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { checkOffer } from "../flows/buyer/check.ts";
import type { BuyerContext } from "../flows/buyer/context.ts";
import { awaitDelivery, openDelivery } from "../flows/buyer/open.ts";
import { pay } from "../flows/buyer/pay.ts";
import type { Paid } from "../flows/buyer/pay.ts";
import { resumePurchase } from "../flows/buyer/resume.ts";
import { giveReceiptIfOpen } from "../flows/buyer/settle.ts";
import { checkDealId } from "../flows/deal.ts";
import { openAccount } from "../keystore.ts";
import { printResult } from "../output.ts";

const CSV = "records.csv";
const collect = (value: string, before: string[]): string[] => [...before, value];

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

/** `qood buyer show|buy|open`: look at an offer, buy it, and go on with a purchase. */
export function registerBuyer(program: Command): void {
  const buyer = program.command("buyer").description("for buyers of data");
  buyer
    .command("show")
    .description("fetch an offer and its files and check everything that can be checked before paying")
    .argument("<cid>", "CID of the offer")
    .requiredOption("--account <name>", "your account")
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", collect, [])
    .action(async (cid: string, given: { account: string; peer: string[] }) => {
      const options = program.opts<GlobalOptions>();
      const { offer } = await withBuyer(options, given.account, (context) => checkOffer(context, cid, given.peer));
      const { order, lots } = offer;
      const { rest } = lots[0]!.header;
      const result = { ...{ cid, seller: order.seller, token: order.token, price: totalPrice(order), lots: lots.length, records: lots.reduce((sum, { header }) => sum + header.rest.records, 0) } };
      const schema = schemaId(schemaByHash(fromHex(rest.schema, 32)));
      const named = (names: Readonly<Record<string, number>>, value: number): string => Object.keys(names).find((name) => names[name] === value) ?? String(value);
      const sealed = { class: named(DATA_CLASS, order.dataClass), privacy: named(PRIVACY, order.privacy), origin: decodeFlags(lots[0]!.header.words.flags).origin };
      printResult({ ...result, ...sealed, schema, from: new Date(rest.firstTime).toISOString(), to: new Date(lots.at(-1)!.header.rest.lastTime).toISOString(), expires: new Date(order.expiry * 1000).toISOString() }, options.json);
    });
  buyer
    .command("buy")
    .description("check an offer, pay it into escrow, wait for the key, open and verify the data, write it, and sign the receipt")
    .argument("<cid>", "CID of the offer")
    .requiredOption("--account <name>", "your account")
    .requiredOption("--out <folder>", "where records.csv and records.geojson are written")
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", collect, [])
    .action(async (cid: string, given: { account: string; out: string; peer: string[] }) => {
      const options = program.opts<GlobalOptions>();
      const result = await withBuyer(options, given.account, async (context) => {
        const key = await deliveryKeyOf(context);
        const checked = await checkOffer(context, cid, given.peer);
        // Another purchase's records: `buyer open` alone writes them anew.
        if (existsSync(join(given.out, CSV))) throw new QoodError("FILE_EXISTS", `${join(given.out, CSV)} exists already: name another folder with --out`);
        checkFolder(given.out);
        context.say("every check passed, paying into escrow");
        const paid = await pay(context, checked, key);
        context.say(`deal ${paid.dealId}: paid; \`qood buyer open\` goes on if this is stopped`);
        return openAndSettle(context, paid, key, given.out);
      });
      printResult(result, options.json);
    });
  buyer
    .command("open")
    .description("go on with a deal that is paid: wait for the key, open and verify the data, write it, and sign the receipt")
    .argument("<deal>", "the deal's id")
    .argument("<cid>", "CID of the offer that it was made from")
    .requiredOption("--account <name>", "your account")
    .requiredOption("--out <folder>", "where records.csv and records.geojson are written")
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", collect, [])
    .action(async (id: string, cid: string, given: { account: string; out: string; peer: string[] }) => {
      const options = program.opts<GlobalOptions>();
      const dealId = checkDealId(id);
      const result = await withBuyer(options, given.account, async (context) => {
        checkFolder(given.out);
        const key = await deliveryKeyOf(context);
        return openAndSettle(context, await resumePurchase(context, dealId, cid, given.peer), key, given.out);
      });
      printResult(result, options.json);
    });
}
