/** What the chain says of a principal: agreements, and what sales have brought. */
import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import type { Agreement, Offer } from "@qoodblock/sdk/market";

/** The client and the chain it is on. */
export interface Chained {
  readonly client: Client;
  readonly provider: JsonRpcProvider;
}

/** One move of money. */
export interface Income {
  readonly kind: "sale" | "withdrawal";
  readonly at: string;
  readonly token: Hex;
  /** In the token's smallest unit. */
  readonly amount: bigint;
  /** Of a sale. */
  readonly dealId: Hex | null;
  readonly page: number | null;
  readonly transaction: Hex;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Every version of an agreement that names the account as owner or maker. */
export async function agreementsOf({ client: { deployment }, provider }: Chained, account: Hex): Promise<object[]> {
  const agreed = await readEvents(deployment, provider, "Agreed", { fromBlock: deployment.startBlock, toBlock: "latest" });
  return agreed
    .filter(({ text }) => same(text.owner, account) || same(text.oem, account))
    .map(({ agreementId, version, text, blockNumber, transactionHash }) => ({ agreementId, version, ...text, blockNumber, transaction: transactionHash }));
}

/** The account's part of a split. */
function partOf({ owner, oem, agent, storagePayee }: Agreement, account: Hex, split: Readonly<Record<"owner" | "oem" | "agent" | "storage", bigint>>): bigint {
  const parties = { owner, oem, agent, storage: storagePayee };
  return (Object.keys(parties) as (keyof typeof parties)[]).reduce((sum, role) => sum + (same(parties[role], account) ? split[role] : 0n), 0n);
}

/** What the deals of some orders have brought the account, and what it has withdrawn, in the chain's order. @param offers by the hash of their order */
export async function incomeOf({ client: { deployment }, provider }: Chained, account: Hex, offers: ReadonlyMap<string, Offer>): Promise<Income[]> {
  const range = { fromBlock: deployment.startBlock, toBlock: "latest" } as const;
  const times = new Map<number, string>();
  const timeOf = async (block: number): Promise<string> => {
    const known = times.get(block) ?? new Date((await provider.getBlock(block))!.timestamp * 1000).toISOString();
    times.set(block, known);
    return known;
  };
  const found: (Income & { readonly block: number })[] = [];
  for (const { dealId, orderHash } of await readEvents(deployment, provider, "Bought", range)) {
    const offer = offers.get(orderHash);
    if (offer === undefined) continue;
    for (const { page, blockNumber, transactionHash, ...split } of await readEvents(deployment, provider, "Settled", { ...range, indexed: [dealId] })) {
      found.push({ kind: "sale", at: await timeOf(blockNumber), token: offer.order.token, amount: partOf(offer.agreement.text, account, split), dealId, page, transaction: transactionHash, block: blockNumber });
    }
  }
  for (const { token, amount, blockNumber, transactionHash } of await readEvents(deployment, provider, "Withdrawn", { ...range, indexed: [account] })) {
    found.push({ kind: "withdrawal", at: await timeOf(blockNumber), token, amount, dealId: null, page: null, transaction: transactionHash, block: blockNumber });
  }
  return found.sort((a, b) => a.block - b.block).map(({ block: _, ...income }) => income);
}
