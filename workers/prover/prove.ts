import type { Client } from "@qoodblock/sdk/client";
import { deliveryContext, deliveryScalar, wrapKeys } from "@qoodblock/sdk/delivery";
import { QoodError } from "@qoodblock/sdk/errors";
import { openHeader } from "@qoodblock/sdk/formats";
import { batchKey, daySecret, keyCommitment } from "@qoodblock/sdk/keys";
import { dealId, lotsHash } from "@qoodblock/sdk/market";
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
export async function keyOf(vault: Vault, header: ProveJob["header"]): Promise<bigint> {
  const { words, rest } = header;
  const secret = await vault.streamSecret(words.stream, rest.keyEpoch);
  const k = batchKey(daySecret(secret, rest.day), words.stream, words.sequence, rest.sealNonce);
  secret.fill(0);
  if (keyCommitment(k) !== words.kc1) {
    throw new QoodError("KEY_COMMITMENT", `the vault's secret of stream ${words.stream}, key epoch ${rest.keyEpoch}, does not give the key of batch ${words.sequence}: it was sealed with another`);
  }
  return k;
}

/**
 * Wraps the key of a paid deal for its buyer and proves it. `r` comes from the vault and the context, so a second time
 * gives the same wrapped key.
 * @throws QoodError PROVE_NOT_PAID when the chain knows no such deal that waits for a delivery, PROVE_OTHER_LOT, those of {@link keyOf} and of proving
 */
export async function proveDelivery(context: ProveContext, job: ProveJob): Promise<ProveResult> {
  const { terms, header } = job;
  const { chainId, addresses } = context.client.deployment;
  const id = dealId(chainId, addresses.escrow, terms);
  const deal = await context.client.reads.dealOf(id);
  if (deal.state !== "Funded") throw new QoodError("PROVE_NOT_PAID", `deal ${id} does not wait for a delivery: the chain says ${deal.state}`);
  if (terms.pages[0]?.lotsHash !== lotsHash([openHeader(header)])) throw new QoodError("PROVE_OTHER_LOT", `deal ${id} does not sell batch ${header.words.sequence} of stream ${header.words.stream}`);
  const k = await keyOf(context.vault, header);
  const place = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId: id, page: 0 });
  const { statement, input } = wrapKeys({ buyerKey: [terms.keyX, terms.keyY], context: place, keys: [k], scalar: deliveryScalar(context.vault.deliverySecret, place) });
  const answer = await context.pool.run({ input });
  if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
  return { r: [statement.R[0], statement.R[1]], c: statement.c[0]!, proof: answer.proof as `0x${string}`, ms: answer.ms };
}
