/** Who may read a header: the registry's grants, and what a sale without a copy kept makes of them. A rule of reading, off chain. */
import type { Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { hashHeader, type HeaderWords } from "../formats/index.ts";
import { dealId, hasFlag, pageKey, type Terms } from "../market/index.ts";
import type { GrantRange } from "./calls/index.ts";
import type { Client } from "./index.ts";

/** What a grantee wants to read, and by which grant. */
export interface ReadRequest {
  /** Who reads. */
  readonly party: Hex;
  readonly header: HeaderWords;
  /** The grant, word by word as it was given. */
  readonly range: GrantRange;
  /** Preimage of the header's stream, see `handleProof`. */
  readonly handleProof: Hex;
  /** Terms of the deal that holds the header reserved, from whoever has them; without them it counts as sold without a copy kept. */
  readonly reservation?: { readonly terms: Terms; readonly page: number };
}

/** Why a header may not be read. */
export type ReadRefusal = "OTHER_PARTY" | "OTHER_STREAM" | "NOT_GRANTED" | "SOLD_WITHOUT_COPY";

/** The answer of {@link mayRead}; `reservedBy` names the page that has the header for itself, where one has. */
export type ReadRight = { readonly allowed: true; readonly by: "free" | "paid" } | { readonly allowed: false; readonly why: ReadRefusal; readonly reservedBy?: Hex };

/**
 * Answers whether a grantee may read a header now.
 *
 * - The grant must hold on the chain: given by all principals of the class, not over, not revoked, of the stream's key epoch.
 * - A paid grant is not touched by a later sale.
 * - A free grant does not count over a header that is sold without a copy kept (dup = FALSE): the seller has given up its right,
 *   and with it what it let others read for nothing. That is so from the first delivery or receipt, and ends with a refund.
 * - An exclusive sale with a copy kept leaves free grants as they are. The chain shows the reservation and not which of the two it
 *   is: whoever has the deal's terms shows them, and without terms the stricter rule holds.
 *
 * Who holds keys asks this before it hands one over. What a grantee has read before stays known to it.
 * @throws QoodError `ACCESS_TERMS` where the terms shown are not those of the reservation, and those of the chain's reads
 */
export async function mayRead({ deployment, reads }: Pick<Client, "deployment" | "reads">, request: ReadRequest): Promise<ReadRight> {
  const { header, range, handleProof, reservation } = request;
  if (range.party.toLowerCase() !== request.party.toLowerCase()) return { allowed: false, why: "OTHER_PARTY" };
  if (range.stream.toLowerCase() !== header.stream.toLowerCase()) return { allowed: false, why: "OTHER_STREAM" };
  const [granted, { reservedBy }] = await Promise.all([reads.isGranted(range, handleProof, header.sequence), reads.markOf(hashHeader(header))]);
  if (!granted) return { allowed: false, why: "NOT_GRANTED" };
  if (range.paid) return { allowed: true, by: "paid" };
  if (BigInt(reservedBy) === 0n) return { allowed: true, by: "free" };
  if (reservation === undefined) return { allowed: false, why: "SOLD_WITHOUT_COPY", reservedBy };
  const key = pageKey(dealId(deployment.chainId, deployment.addresses.escrow, reservation.terms), reservation.page);
  ensure(key === reservedBy, "ACCESS_TERMS", `the header is reserved by page ${reservedBy}; the terms shown are those of page ${key}`);
  if (hasFlag(reservation.terms.order, "noCopyKept")) return { allowed: false, why: "SOLD_WITHOUT_COPY", reservedBy };
  return { allowed: true, by: "free" };
}
