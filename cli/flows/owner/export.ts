/** Everything of an account in open formats: its data, decrypted with its seed, and what the chain says of it. */
import { join } from "node:path";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { schemaByHash, schemaId } from "@qoodblock/sdk/dictionary";
import { writeRecords } from "@qoodblock/sdk/drive";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { openHeader } from "@qoodblock/sdk/formats";
import { batchKey, daySecret, streamSecret } from "@qoodblock/sdk/keys";
import { decodeLots, encodeLot, encodeOffer, orderHash } from "@qoodblock/sdk/market";
import type { Offer, OfferLot } from "@qoodblock/sdk/market";
import { openBatch } from "@qoodblock/sdk/sealing";
import type { OpenedBatch } from "@qoodblock/sdk/sealing";
import type { Storage } from "@qoodblock/workers/shared/storage/types.ts";
import { checkLot, fetchLot, fetchOffer } from "@qoodblock/sdk/purchase";
import { passphraseOf, readGivenFile, withChain } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { openMnemonic } from "../../keystore.ts";
import { toJson } from "../../output.ts";
import { cidOfOffer, search } from "../buyer/catalog.ts";
import type { OfferQuery } from "../buyer/catalog.ts";
import { openStorage } from "../buyer/with.ts";
import { seedOf } from "../principal.ts";
import { agreementsOf, incomeOf } from "./facts.ts";
import type { Chained } from "./facts.ts";
import { MANIFEST, openExport } from "./manifest.ts";
import type { ExportFolder } from "./manifest.ts";
import { jsonLines } from "./records.ts";

/** What `export` is given. */
export interface Exporting {
  readonly account: string;
  readonly out: string;
  /** CIDs of offers. */
  readonly offer: readonly string[];
  /** Files of batches, as `qood tsp batches` writes them. */
  readonly batches: readonly string[];
  readonly peer: readonly string[];
  readonly catalog?: string;
}

interface Work extends Chained {
  readonly storage: Storage;
  readonly say: (line: string) => void;
}

/** A batch, with the offer that tells of it where there is one. */
interface Known {
  readonly header: Hex;
  readonly offer: Offer | undefined;
  readonly lot: OfferLot;
}

/** Batches of files that a TSP has written. @throws QoodError FILE_UNREADABLE, BAD_LOTS */
function lotsIn(files: readonly string[]): OfferLot[] {
  return files.flatMap((file) => {
    const text = readGivenFile(file).toString("utf8");
    try {
      return decodeLots(text);
    } catch (error) {
      throw isQoodError(error) ? new QoodError(error.code, `${file}: ${error.message}`) : error;
    }
  });
}

/** Hashes of a catalog's open offers that match, of all pages. @throws QoodError CATALOG_UNREACHABLE and the catalog's own */
export async function offersFound(catalog: string | undefined, query: OfferQuery): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { offers, next } = await search(catalog, { ...query, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...offers.map(({ offer }) => offer));
    if (next === undefined) return found;
    cursor = next;
  }
}

/** The account's offers by the hash of their order: those that are named, and those in the catalog. @throws QoodError OFFER_OF_ANOTHER, those of storage and catalog */
async function offersOf({ client, storage }: Work, account: Hex, { offer, peer, catalog }: Exporting): Promise<Map<string, Offer>> {
  const { chainId, addresses } = client.deployment;
  const named = [...offer, ...(catalog === undefined ? [] : await offersFound(catalog, { owner: account }))];
  const found = new Map<string, Offer>();
  for (const each of named) {
    const read = await fetchOffer({ storage }, await cidOfOffer({ storage }, each, catalog), peer);
    const { owner, oem } = read.agreement.text;
    if (![owner, oem].some((party) => party.toLowerCase() === account.toLowerCase())) throw new QoodError("OFFER_OF_ANOTHER", `the offer ${each} is of data of ${owner} and ${oem}, not of ${account}`);
    found.set(orderHash(chainId, addresses.escrow, read.order), read);
  }
  return found;
}

/** Batches, each once: an offer says more of one than a file of batches. */
function knownOf(offers: Iterable<Offer>, lots: readonly OfferLot[]): Known[] {
  const offered = [...offers].flatMap((offer) => offer.lots.map((lot) => ({ header: openHeader(lot.header), offer, lot })));
  const others = lots.map((lot) => ({ header: openHeader(lot.header), offer: undefined, lot }));
  return [...new Map([...others, ...offered].map((known): [Hex, Known] => [known.header, known])).values()];
}

/** Batches by stream and day, in the stream's order. */
function daysOf(batches: readonly Known[]): Map<string, Known[]> {
  const days = new Map<string, Known[]>();
  for (const known of batches) {
    const { words, rest } = known.lot.header;
    const name = `${schemaId(schemaByHash(fromHex(rest.schema, 32)))}-${words.stream.slice(2)}-${new Date(rest.day * 86_400_000).toISOString().slice(0, 10)}-v${rest.dictionaryVersion}`;
    days.set(name, [...(days.get(name) ?? []), known]);
  }
  return new Map([...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, known]) => [name, known.sort((a, b) => a.lot.header.words.sequence - b.lot.header.words.sequence)]));
}

/** Fetches, checks and opens a batch with the seed's key. @throws QoodError of `checkLot`, `fetchLot` and `openBatch`; KEY_COMMITMENT where the key is of another seed */
async function opened(work: Work, seed: Uint8Array, { offer, lot }: Known): Promise<OpenedBatch> {
  const { words, rest } = lot.header;
  const k1 = batchKey(daySecret(streamSecret(seed, words.stream, rest.keyEpoch), rest.day), words.stream, words.sequence, rest.sealNonce);
  if (offer !== undefined) return openBatch(await checkLot(work, offer, lot, true), { k1 });
  const { time } = await work.client.reads.anchorOf(words.tsp, lot.anchor.root);
  if (time === 0) throw new QoodError("ANCHOR_MISSING", `${words.tsp} has no anchor ${lot.anchor.root} on this chain`);
  return openBatch(await fetchLot(work, lot, time), { k1 });
}

/** Writes a day of a stream; batches that cannot be had are noted and keep no other back. */
async function writeDay(work: Work, seed: Uint8Array, folder: ExportFolder, out: string, name: string, batches: readonly Known[]): Promise<void> {
  const { rest } = batches[0]!.lot.header;
  const schema = schemaByHash(fromHex(rest.schema, 32));
  const [rows, headers]: [OpenedBatch["rows"], Hex[]] = [[], []];
  for (const known of batches) {
    try {
      rows.push(...(await opened(work, seed, known)).rows);
      headers.push(known.header);
    } catch (error) {
      if (!isQoodError(error)) throw error;
      folder.manifest.missing.push({ header: known.header, code: error.code, message: error.message });
      work.say(`batch ${known.header} is left out: ${error.message}`);
    }
  }
  if (headers.length === 0) return;
  const [csv, lines] = [`data/${name}.csv`, `data/${name}.jsonl`];
  await writeRecords(rows.map((row) => [...row]), { schema, dictionaryVersion: rest.dictionaryVersion, csvPath: join(out, csv) });
  folder.note(csv);
  folder.write(lines, jsonLines(schema, rest.dictionaryVersion, rows));
  folder.manifest.days[name] = { headers, records: rows.length, files: [csv, lines] };
}

const linesOf = (values: readonly object[]): string => values.map((value) => `${toJson(value)}\n`).join("");

/**
 * Writes everything of an account into a folder. A day that is there already, of the same batches and unchanged, is kept.
 * @throws QoodError ACCOUNT_SEEDLESS, EXPORT_FOLDER, OFFER_OF_ANOTHER, FILE_UNREADABLE, BAD_LOTS, FILE_UNWRITABLE, those of chain, storage and catalog
 */
export async function exportAll(options: GlobalOptions, given: Exporting): Promise<object> {
  const { wallet } = await openMnemonic(options.keystores, given.account, passphraseOf(options));
  const [seed, account] = [seedOf(wallet), wallet.address as Hex];
  const storage = openStorage(options);
  try {
    return await withChain(options, async (chain) => {
      const work: Work = { ...chain, storage, say: (line) => void process.stderr.write(`${line}\n`) };
      const folder = openExport(given.out, chain.client.deployment.chainId, account);
      const lots = lotsIn(given.batches);
      const offers = await offersOf(work, account, given);
      if (lots.length > 0) for (const peer of given.peer) await storage.connect(peer);
      for (const [hash, offer] of offers) folder.write(`offers/${hash}.json`, encodeOffer(offer));
      folder.write("agreements.jsonl", linesOf(await agreementsOf(chain, account)));
      const income = await incomeOf(chain, account, offers);
      folder.write("income.jsonl", linesOf(income));
      folder.write("income.csv", `kind,at,token,amount,dealId,page,transaction\n${income.map(({ kind, at, token, amount, dealId, page, transaction }) => [kind, at, token, amount, dealId ?? "", page ?? "", transaction].join(",")).join("\n")}${income.length === 0 ? "" : "\n"}`);
      folder.manifest.missing.length = 0;
      folder.save();
      const known = knownOf(offers.values(), lots);
      const further = known.filter(({ offer }) => offer === undefined);
      if (further.length > 0) folder.write("batches.jsonl", further.map(({ lot }) => encodeLot(lot)).join(""));
      const days = daysOf(known);
      let [kept, at] = [0, 0];
      for (const [name, batches] of days) {
        at += 1;
        if (folder.isDone(name, batches.map(({ header }) => header))) kept += 1;
        else {
          work.say(`day ${at} of ${days.size}: ${name}, ${batches.length === 1 ? "a batch" : `${batches.length} batches`}`);
          await writeDay(work, seed, folder, given.out, name, batches);
          folder.save();
        }
      }
      folder.save();
      const written = Object.values(folder.manifest.days);
      return { manifest: join(given.out, MANIFEST), offers: offers.size, days: written.length, kept, records: written.reduce((sum, { records }) => sum + records, 0), missing: folder.manifest.missing.length, files: Object.keys(folder.manifest.files).length };
    });
  } finally {
    seed.fill(0);
    await storage.close();
  }
}
