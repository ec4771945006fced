import type { Command } from "commander";
import { DATA_CLASS, PRIVACY } from "@qoodblock/sdk/formats";
import { classArgument, offerFile, privacyArgument } from "../arguments.ts";
import type { GlobalOptions } from "../context.ts";
import type { openStorage } from "../flows/buyer/with.ts";
import type { Exporting } from "../flows/owner/export.ts";
import { printResult } from "../output.ts";
import { several } from "./several.ts";
import { ofStream, streamOf } from "./stream-options.ts";
import type { StreamOptions } from "./stream-options.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

const CATALOG = ["--catalog <url>", "a catalog whose open offers of the account's data count too"] as const;

/** `owner export|erase`: to have all one's data, and to have it gone. */
export function registerOwnData(program: Command, owner: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  owner
    .command("export")
    .description("write all of the account's data in open formats, decrypted with its seed: records as CSV and JSON lines for each stream and day, offers with their headers, agreements, income; a stopped run goes on")
    .requiredOption("--account <name>", "your account, with its words")
    .requiredOption("--out <folder>", "where everything is written, with a manifest of hashes")
    .option("--offer <cid>", "CID of an offer of your data; may be given several times", several, [])
    .option("--batches <file>", "batches of your data that your TSP has listed for you, whether they were offered or not; may be given several times", several, [])
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", several, [])
    .option(...CATALOG)
    .action(async (given: Exporting) => {
      printResult(await (await import("../flows/owner/export.ts")).exportAll(options(), given), options().json);
    });
  ofStream(sending(owner, "erase", "have a stream's data gone: cancel the account's orders, begin a new key epoch so that the TSP's vault erases the old secret, let go of the files, and tell what stays for ever"))
    .option("--offer <file>", "an offer file of the stream; may be given several times", several, [])
    .option("--deny", "also stop every sale of this class and grade, by anyone, with `agreements deny`")
    .option(...CATALOG)
    .action(async (given: Sending & StreamOptions & { offer: readonly string[]; catalog?: string; deny?: boolean }) => {
      const { FOREVER, keepersOf, offersOfStream, sellersOf, unpinOwn } = await import("../flows/owner/erase.ts");
      const files = given.offer.map(offerFile);
      await carryOut(options(), given, async ({ client, account }) => {
        const { calls, reads } = client;
        const { stream, proof, vehicle, epoch } = await streamOf(client, given);
        const offers = [...files, ...(given.catalog === undefined ? [] : await offersOfStream(given.catalog, stream))].filter(({ lots }) => lots.some(({ header }) => header.words.stream.toLowerCase() === stream.toLowerCase()));
        const { nonces, others } = await sellersOf(client, account, offers);
        const denial = given.deny === true ? [calls.deny(vehicle, epoch, DATA_CLASS[classArgument(given.class)], PRIVACY[privacyArgument(given.privacy)])] : [];
        return {
          calls: [...nonces.map((nonce) => calls.cancelOrder(nonce)), ...denial, calls.beginKeyEpoch(stream, proof)],
          about: { stream, cancelled: nonces.length, denied: given.deny === true },
          after: async () => ({
            keyEpoch: await reads.keyEpochOf(stream),
            stillOffered: others.map((seller) => ({ seller, what: given.deny === true ? "its orders can no longer be bought" : "only it can cancel its orders; --deny stops their sale" })),
            unpinned: options().storage === undefined ? "nothing: no --storage is named" : await withOwnStorage(options(), (storage) => unpinOwn(storage, stream, offers)),
            keepers: keepersOf(stream, offers),
            yours: "the secret comes from your words: it is gone only with them. Exports, and files of grant-stream, are yours to delete",
            forever: FOREVER,
          }),
        };
      });
    });
}

/** The account's own node for as long as some work takes. */
async function withOwnStorage<T>(options: GlobalOptions, work: (storage: ReturnType<typeof openStorage>) => Promise<T>): Promise<T> {
  const storage = (await import("../flows/buyer/with.ts")).openStorage(options);
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}
