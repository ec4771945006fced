/** Showing the exchange that a delivered batch is not what its header commits to. */
import type { Hex } from "@qoodblock/sdk/bytes";
import { eventIn, send } from "@qoodblock/sdk/client";
import type { Events } from "@qoodblock/sdk/client";
import { buildComplaint, findFault, withProof } from "@qoodblock/sdk/complaint";
import { QoodError } from "@qoodblock/sdk/errors";
import { openHeader } from "@qoodblock/sdk/formats";
import { lotsOfPage } from "@qoodblock/sdk/market";
import type { SegmentKeyInput, ProvenSegmentKey } from "@qoodblock/sdk/proof";
import { headersOf } from "@qoodblock/sdk/purchase";
import type { KeyedBatch, Paid } from "@qoodblock/sdk/purchase";
import { createPool } from "@qoodblock/workers/shared/pool/index.ts";
import type { BuyerContext } from "../buyer/context.ts";
import type { ProveAnswer, ProveTask } from "./proveChild.ts";

/** A batch with a leaf that is wrong. */
export interface Fault {
  readonly keyed: KeyedBatch;
  /** Index of the leaf in its batch. */
  readonly leaf: number;
}

/** A complaint that the exchange has found to be right. */
export interface Complained {
  readonly leaf: number;
  readonly header: Hex;
  readonly refunded: Events["Refunded"];
  readonly transaction: Hex;
  readonly gas: bigint;
}

/** The first leaf of some batches that does not decrypt to its data hash; null where all are right. @throws QoodError of `findFault` */
export function faultIn(batches: readonly KeyedBatch[]): Fault | null {
  for (const keyed of batches) {
    const fault = findFault(keyed.batch, keyed.keys);
    if (fault !== null) return { keyed, leaf: fault.index };
  }
  return null;
}

/** A proof takes a second of computation and more, so it is made in a process of its own, which ends with it. */
async function proveSegment(input: SegmentKeyInput): Promise<ProvenSegmentKey> {
  const pool = createPool<ProveTask, ProveAnswer>(new URL("./proveChild.ts", import.meta.url), 1);
  try {
    const answer = await pool.run({ input });
    if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
    return answer.proven;
  } finally {
    await pool.close();
  }
}

/**
 * Builds the complaint about a wrong leaf, proves the key of its segment and sends it. That segment can be read by everybody
 * then; the rest of the batch stays closed.
 * @throws QoodError REVERT in words, CHAIN_CALL_FAILED
 */
export async function complain({ client, signer, say }: BuyerContext, paid: Paid, { keyed, leaf }: Fault): Promise<Complained> {
  const { offer } = paid.checked;
  const page = offer.order.pages.findIndex((_, index) => lotsOfPage(offer, index).includes(keyed.lot));
  const { header } = keyed.lot;
  say(`leaf ${leaf} of the batch with header ${openHeader(header)} is not what it commits to: proving the key of its segment`);
  const started = performance.now();
  const { complaint, proofInput } = buildComplaint(keyed.batch, keyed.keys, leaf);
  const proven = withProof(complaint, await proveSegment(proofInput));
  say(`proven in ${((performance.now() - started) / 1000).toFixed(1)} s, complaining`);
  const receipt = await send(signer, client.calls.complain(paid.terms, page, headersOf(offer, [page]), lotsOfPage(offer, page).indexOf(keyed.lot), header.words, proven));
  const refunded = eventIn(client.deployment, "Refunded", receipt);
  if (refunded === null) throw new QoodError("REFUND_LOST", `transaction ${receipt.hash} refunded nothing: the exchange's address is wrong`);
  return { leaf, header: openHeader(header), refunded, transaction: receipt.hash as Hex, gas: receipt.gasUsed };
}
