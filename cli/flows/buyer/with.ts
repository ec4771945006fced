/** A buyer's account, chain and storage node, for as long as some work takes. */
import { QoodError } from "@qoodblock/sdk/errors";
import { createKuboStorage } from "@qoodblock/workers/shared/storage/kubo.ts";
import type { Storage } from "@qoodblock/workers/shared/storage/types.ts";
import { withChain } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { TryingSigner } from "../../dry-run.ts";
import { signerOf } from "../../signer.ts";
import type { BuyerContext } from "./context.ts";

/** The storage node that `--storage` names. @throws QoodError OPTION_MISSING, USAGE */
export function openStorage({ storage: address }: GlobalOptions): Storage {
  if (address === undefined) throw new QoodError("OPTION_MISSING", "--storage ADDRESS is needed: the RPC of your storage node");
  if (address.includes("://") && !(address.startsWith("http://") && URL.canParse(address))) throw new QoodError("USAGE", `--storage ${address} is neither an http:// URL nor the path of a unix socket`);
  return createKuboStorage(address);
}

/** @param dryRun the first transaction ends the work, see `orTried` @throws QoodError those of `openStorage`, `withChain` and of the work */
export async function withBuyer<T>(options: GlobalOptions, account: string, work: (context: BuyerContext) => Promise<T>, dryRun = false): Promise<T> {
  const storage = openStorage(options);
  const signer = await signerOf(options, account);
  return withChain(options, async ({ client, provider }) => {
    try {
      return await work({ client, provider, signer: (dryRun ? new TryingSigner(signer) : signer).connect(provider), storage, say: (line) => process.stderr.write(`${line}\n`) });
    } finally {
      await storage.close();
    }
  });
}
