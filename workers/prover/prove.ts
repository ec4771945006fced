import type { Client } from "@qoodblock/sdk/client";
import { deliveryContext, deliveryScalar, padLots, wrapKeys } from "@qoodblock/sdk/delivery";
import { QoodError } from "@qoodblock/sdk/errors";
import { openHeader } from "@qoodblock/sdk/formats";
import { batchKey, daySecret, keyCommitment } from "@qoodblock/sdk/keys";
import { lotsHash } from "@qoodblock/sdk/market";
import type { DealState } from "@qoodblock/sdk/market";
import type { Pool } from "../shared/pool/index.ts";
import type { ProveJob, ProveResult } from "../shared/queue/index.ts";
import type { Vault } from "../shared/vault/index.ts";
import type { ProveAnswer, ProveTask } from "./proveChild.ts";

/** What a proof needs. */
export interface ProveContext {
  readonly vault: Vault;
  readonly client: Client;
  readonly pool: Pool<ProveTask, ProveAnswer>;
}

/** The batch key of a header, derived from the vault and compared with the header's commitment. @throws QoodError VAULT_NO_SECRET, KEY_COMMITMENT */
export async function keyOf(vault: Vault, header: ProveJob["headers"][number]): Promise<bigint> {
  const { words, rest } = header;
  const secret = await vault.streamSecret(words.stream, rest.keyEpoch);
  const k = batchKey(daySecret(secret, rest.day), words.stream, words.sequence, rest.sealNonce);
  secret.fill(0);
  if (keyCommitment(k) !== words.kc1) {
    throw new QoodError("KEY_COMMITMENT", `the vault's secret of stream ${words.stream}, key epoch ${rest.keyEpoch}, does not give the key of batch ${words.sequence}: it was sealed with another`);
  }
  return k;
}

/** States in which the buyer's money is held and the key may be asked for: by a delivery, or by the answer to a challenge. */
const PAID: readonly DealState[] = ["Funded", "DeliveredUnproven", "Challenged"];

/**
 * Wraps the keys of a paid page for its buyer and proves it. `r` comes from the vault and the context, so a second time
 * gives the same wrapped keys: what answers a challenge is what was delivered.
 * @throws QoodError PROVE_NOT_PAID when the chain knows no such page that waits for a key, PROVE_OTHER_LOT, those of {@link keyOf} and of proving
 */
export async function proveDelivery(context: ProveContext, job: ProveJob): Promise<ProveResult> {
  const { terms, page, headers } = job;
  const { chainId, addresses } = context.client.deployment;
  const { dealId, deal } = await context.client.reads.pageOf(terms, page);
  if (!PAID.includes(deal.state)) throw new QoodError("PROVE_NOT_PAID", `page ${page} of deal ${dealId} does not wait for a delivery: the chain says ${deal.state}`);
  const sold = terms.order.pages[page]!;
  if (sold.lotCount !== headers.length || sold.lotsHash !== lotsHash(headers.map(openHeader))) throw new QoodError("PROVE_OTHER_LOT", `page ${page} of deal ${dealId} does not sell these ${headers.length} batches`);
  const keys: bigint[] = [];
  for (const header of headers) keys.push(await keyOf(context.vault, header));
  const place = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId, page });
  const { statement, input } = wrapKeys({ buyerKey: [terms.sale.keyX, terms.sale.keyY], context: place, keys: padLots(keys), scalar: deliveryScalar(context.vault.deliverySecret, place) });
  const answer = await context.pool.run({ input });
  if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
  return { r: [statement.R[0], statement.R[1]], c: [...statement.c], proof: answer.proof as `0x${string}`, ms: answer.ms };
}
