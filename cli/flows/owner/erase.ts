/** What an owner does so that nobody opens a stream's data any more, and what it cannot undo. */
import type { Hex } from "@qoodblock/sdk/bytes";
import { fetchOffer } from "@qoodblock/sdk/catalog";
import type { Client } from "@qoodblock/sdk/client";
import type { Offer } from "@qoodblock/sdk/market";
import type { Storage } from "@qoodblock/workers/shared/storage/types.ts";
import { catalogOf } from "../buyer/catalog.ts";
import { offersFound } from "./export.ts";

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** What stays, whatever anybody does. Said in plain words, as the law asks. */
export const FOREVER: readonly string[] = [
  "on the chain: the anchors and the headers that were shown to it, agreements, grants, orders' hashes, deals and who was paid; nobody can delete them. They hold no record in the clear",
  "with whoever has bought: the data and the key",
  "with whoever has copied them: ciphertexts, offers and descriptions. Ciphertexts open for nobody without the key",
];

/** Offers of a stream in a catalog. @throws QoodError OPTION_MISSING, CATALOG_UNREACHABLE, BAD_OFFER */
export async function offersOfStream(catalog: string, stream: Hex): Promise<Offer[]> {
  const client = catalogOf(catalog);
  const hashes = await offersFound(catalog, { stream });
  return Promise.all(hashes.map(async (hash) => (await fetchOffer(client, hash)).offer));
}

/** Orders of the account itself that can still be bought, and the sellers of the others, who alone can cancel theirs. */
export async function sellersOf({ reads }: Pick<Client, "reads">, account: Hex, offers: readonly Offer[]): Promise<{ readonly nonces: bigint[]; readonly others: Hex[] }> {
  const nonces = new Set<bigint>();
  const others = new Map<string, Hex>();
  for (const { order: { seller, nonce } } of offers) {
    if (!same(seller, account)) {
      if (!(await reads.isCancelled(seller, nonce))) others.set(seller.toLowerCase(), seller);
    } else if (!(await reads.isCancelled(account, nonce))) nonces.add(nonce);
  }
  return { nonces: [...nonces], others: [...others.values()] };
}

/** Lets the owner's own node drop the files of a stream's batches. @returns how many pins were taken away, and how many blocks are gone */
export async function unpinOwn(storage: Storage, stream: Hex, offers: readonly Offer[]): Promise<{ readonly files: number; readonly blocks: number }> {
  const lots = offers.flatMap(({ lots: all }) => all).filter(({ header }) => same(header.words.stream, stream));
  let files = 0;
  for (const cid of new Set(lots.flatMap(({ cids }) => [cids.ciphertext, cids.dataHashes, cids.description]))) {
    if (!(await storage.isPinned(cid))) continue;
    await storage.unpin(cid);
    files += 1;
  }
  return { files, blocks: await storage.collect() };
}

/** Who else keeps files or secrets of the stream, and what each does by itself. */
export function keepersOf(stream: Hex, offers: readonly Offer[]): object[] {
  const about = offers.filter(({ lots }) => lots.some(({ header }) => same(header.words.stream, stream)));
  const tsps = new Set(about.flatMap(({ lots }) => lots.map(({ header }) => header.words.tsp)));
  const payees = new Set(about.map(({ agreement }) => agreement.text.storagePayee));
  return [
    ...[...tsps].map((who) => ({ who, as: "TSP", what: "its vault erases the secret by itself once nothing that was sold of it is owed; its node gives up the files after its own retention" })),
    ...[...payees].map((who) => ({ who, as: "storage", what: "keeps what it has pinned until it unpins it: ask it to" })),
  ];
}
