/** The files of an offer without a purchase: ciphertext, dataHash list and description of every batch, checked against header and root. */
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { QoodError } from "@qoodblock/sdk/errors";
import { encodeOffer } from "@qoodblock/sdk/market";
import { checkOffer } from "@qoodblock/sdk/purchase";
import type { CheckedOffer } from "@qoodblock/sdk/purchase";
import type { GlobalOptions } from "../../context.ts";
import { cidOfOffer } from "./catalog.ts";
import type { BuyerContext } from "./context.ts";
import type { BuyerOptions } from "./run.ts";
import { withBuyer } from "./with.ts";

/** What `fetch` is given. */
export interface Downloading extends BuyerOptions {
  readonly out: string;
  /** All of it as one CARv1 too. */
  readonly car?: boolean;
}

/** One batch whose files were written. */
export interface Downloaded {
  readonly lot: number;
  readonly header: string;
  readonly records: number;
  /** Bytes of ciphertext. */
  readonly bytes: number;
  /** Beginning of its files' names. */
  readonly files: string;
}

async function writeFiles({ storage }: BuyerContext, { cid, offer, batches }: CheckedOffer, { out, car }: Downloading): Promise<Downloaded[]> {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "offer.json"), encodeOffer(offer));
  const written = batches.map(({ header, headerHash, ciphertext, dataHashes, description }, lot): Downloaded => {
    const files = join(out, `batch-${lot}`);
    writeFileSync(`${files}.ciphertext`, ciphertext);
    writeFileSync(`${files}.data-hashes`, dataHashes);
    writeFileSync(`${files}.description.json`, description);
    return { lot, header: headerHash, records: header.rest.records, bytes: ciphertext.length, files };
  });
  if (car === true) {
    // Whole in the own store first: the CAR is made of nothing else. What `fetch` pins is the buyer's to unpin.
    const cids = [cid, ...offer.lots.flatMap(({ cids: { ciphertext, dataHashes, description } }) => [ciphertext, dataHashes, description])];
    for (const each of cids) await storage.pin(each);
    await pipeline(storage.exportCar(cids), createWriteStream(join(out, "offer.car")));
  }
  return written;
}

/**
 * Fetches an offer with its files, checks all of it and writes it into a folder: `offer.json`, and of each batch `batch-N.ciphertext`,
 * `.data-hashes` and `.description.json`; with `car` also `offer.car`, whose first root is the offer.
 * @throws QoodError of `checkOffer`, FILE_UNWRITABLE
 */
export function download(options: GlobalOptions, named: string, given: Downloading): Promise<Downloaded[]> {
  return withBuyer(options, given.account, async (context) => {
    const checked = await checkOffer(context, await cidOfOffer(context, named, given.catalog), given.peer);
    try {
      return await writeFiles(context, checked, given);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw error instanceof QoodError ? error : new QoodError("FILE_UNWRITABLE", `the files cannot be written into ${given.out} (${code ?? "error"})`, { cause: error });
    }
  });
}
