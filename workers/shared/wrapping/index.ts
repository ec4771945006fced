import type { Hex } from "@qoodblock/sdk/bytes";
import type { Deployment } from "@qoodblock/sdk/client";
import { deliveryContext, deliveryScalar, padLots, wrapKeys } from "@qoodblock/sdk/delivery";
import type { Wrapping } from "@qoodblock/sdk/delivery";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Header } from "@qoodblock/sdk/formats";
import { batchKey, daySecret, keyCommitment } from "@qoodblock/sdk/keys";
import type { Terms } from "@qoodblock/sdk/market";
import type { Vault } from "../vault/index.ts";

/** The batch key of a header, derived from the vault and compared with the header's commitment. @throws QoodError VAULT_NO_SECRET, KEY_COMMITMENT */
export async function keyOf(vault: Vault, header: Header): Promise<bigint> {
  const { words, rest } = header;
  const secret = await vault.streamSecret(words.stream, rest.keyEpoch);
  const k = batchKey(daySecret(secret, rest.day), words.stream, words.sequence, rest.sealNonce);
  secret.fill(0);
  if (keyCommitment(k) !== words.kc1) {
    throw new QoodError("KEY_COMMITMENT", `the vault's secret of stream ${words.stream}, key epoch ${rest.keyEpoch}, does not give the key of batch ${words.sequence}: it was sealed with another`);
  }
  return k;
}

/** A page of a deal with the headers of its lots, in the page's order. */
export interface PageToWrap {
  readonly dealId: Hex;
  readonly terms: Terms;
  readonly page: number;
  readonly headers: readonly Header[];
}

/**
 * Wraps a page's keys for its buyer. `r` comes from the vault's delivery secret and the page's context, so every time gives
 * the same bytes, in whichever process: what was handed over off chain is what is delivered, and what was delivered is what
 * a challenge is answered with.
 * @throws QoodError of {@link keyOf}, BUYER_KEY_INVALID
 */
export async function wrapPage(vault: Vault, { chainId, addresses }: Pick<Deployment, "chainId" | "addresses">, { dealId, terms, page, headers }: PageToWrap): Promise<Wrapping> {
  const keys: bigint[] = [];
  for (const header of headers) keys.push(await keyOf(vault, header));
  const context = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId, page });
  return wrapKeys({ buyerKey: [terms.sale.keyX, terms.sale.keyY], context, keys: padLots(keys), scalar: deliveryScalar(vault.deliverySecret, context) });
}
