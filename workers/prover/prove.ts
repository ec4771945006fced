import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { openHeader } from "@qoodblock/sdk/formats";
import { isReserved, lotsHash } from "@qoodblock/sdk/market";
import type { DealState } from "@qoodblock/sdk/market";
import type { Chain } from "../shared/chain/index.ts";
import type { Pool } from "../shared/pool/index.ts";
import type { ProveJob, ProveResult } from "../shared/queue/index.ts";
import type { Vault } from "../shared/vault/index.ts";
import { wrapPage } from "../shared/wrapping/index.ts";
import type { ProveAnswer, ProveTask } from "./proveChild.ts";

/** What a proof needs. */
export interface ProveContext {
  readonly vault: Vault;
  readonly client: Client;
  readonly chain: Pick<Chain, "now" | "finalTime">;
  readonly pool: Pool<ProveTask, ProveAnswer>;
}

/** States after an unproven delivery, in which a challenge is answered. */
const DELIVERED: readonly DealState[] = ["DeliveredUnproven", "Challenged"];

/**
 * Why a page is not to be wrapped now, by the chain's own word, or undefined. Who can write to Redis gains no key by a
 * job: not before the purchase is final, not while the buyer may still reject it, not when it may have its money back.
 */
async function whyNot({ client, chain }: ProveContext, { terms, page }: ProveJob): Promise<{ dealId: Hex; reason: string | undefined }> {
  const { dealId, deal } = await client.reads.pageOf(terms, page);
  if (DELIVERED.includes(deal.state)) return { dealId, reason: undefined };
  if (deal.state !== "Funded") return { dealId, reason: `the chain says ${deal.state}` };
  const now = await chain.now();
  if (deal.purchasedAt > (await chain.finalTime())) return { dealId, reason: "its purchase is not final yet" };
  if (isReserved(terms, deal, now)) return { dealId, reason: "its buyer may still reject it" };
  return { dealId, reason: now > terms.sale.deliverBy ? "its buyer may take the money back" : undefined };
}

/**
 * Wraps the keys of a paid page for its buyer and proves it; the same page gives the same wrapped keys again.
 * @throws QoodError PROVE_NOT_PAID when the chain shows no such page that waits for a key, PROVE_OTHER_LOT, those of wrapping and of proving
 */
export async function proveDelivery(context: ProveContext, job: ProveJob): Promise<ProveResult> {
  const { terms, page, headers } = job;
  const { dealId, reason } = await whyNot(context, job);
  if (reason !== undefined) throw new QoodError("PROVE_NOT_PAID", `page ${page} of deal ${dealId} does not wait for a delivery: ${reason}`);
  const sold = terms.order.pages[page]!;
  if (sold.lotCount !== headers.length || sold.lotsHash !== lotsHash(headers.map(openHeader))) throw new QoodError("PROVE_OTHER_LOT", `page ${page} of deal ${dealId} does not sell these ${headers.length} batches`);
  const { statement, input } = await wrapPage(context.vault, context.client.deployment, { dealId, terms, page, headers });
  const answer = await context.pool.run({ input });
  if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
  return { r: [statement.R[0], statement.R[1]], c: [...statement.c], proof: answer.proof as `0x${string}`, ms: answer.ms };
}
