/** Samples of an offer's batches, from the seller's endpoint. What comes is the seller's word: `checkSample` of the sealing module compares it with the header's root and the chain's randomness. */
import type { Hex } from "../bytes/index.ts";
import { QoodError } from "../errors/index.ts";
import { handoverFaultSchema, readLimited } from "./handover.ts";
import type { Reads } from "./reads.ts";

/** Path of a lot's sample below the endpoint's address. @param lot counted from 0 in the offer's order */
export const samplePath = (order: Hex, lot: number): string => `/v1/offers/${order.toLowerCase()}/lots/${lot}/sample`;

const TIMEOUT_MS = 60_000;
/** Longest sample file that is read, bytes: as `MAX_SAMPLE_BYTES` of the sealing module, which is not loaded for it. */
const MAX_ANSWER = 512 * 1024;
const ZERO = /^0x0{64}$/;

/** How far the randomness is that fixes a batch's sample. */
export type SampleState =
  /** Nobody has shown the header to the beacon. */
  | { readonly state: "not-shown" }
  /** Its block is to come, or nobody has kept its randomness. */
  | { readonly state: "not-captured"; readonly block: number }
  | { readonly state: "fixed"; readonly block: number; readonly value: Hex };

/** How far the randomness of a header's sample is. @throws QoodError `CHAIN_CALL_FAILED` */
export async function sampleState(reads: Pick<Reads, "sampleBlockOf" | "beaconValueOf">, headerHash: Hex): Promise<SampleState> {
  const block = await reads.sampleBlockOf(headerHash);
  if (block === 0) return { state: "not-shown" };
  const value = await reads.beaconValueOf(block);
  return ZERO.test(value) ? { state: "not-captured", block } : { state: "fixed", block, value };
}

/**
 * Fetches the sample file of a lot. @param url the offer's `handover`
 * @throws QoodError `SAMPLE_UNREACHABLE`, `HANDOVER_ANSWER`, the endpoint's own refusals (`SAMPLE_NOT_GIVEN`, `SAMPLE_NOT_FIXED`, `SAMPLE_UNKNOWN`, `HANDOVER_BUSY`)
 */
export async function fetchSample(url: string, order: Hex, lot: number): Promise<Uint8Array> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url.replace(/\/+$/, "") + samplePath(order, lot), { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    status = response.status;
    text = await readLimited(response, MAX_ANSWER);
  } catch (cause) {
    if (cause instanceof QoodError) throw cause;
    throw new QoodError("SAMPLE_UNREACHABLE", `the seller's endpoint ${url} does not answer: there is no sample to be had now`, { cause });
  }
  if (status === 200) return new TextEncoder().encode(text);
  let fault: ReturnType<typeof handoverFaultSchema.safeParse> | undefined;
  try {
    fault = handoverFaultSchema.safeParse(JSON.parse(text));
  } catch {
    // No JSON: told by its status.
  }
  throw fault?.success === true ? new QoodError(fault.data.code, fault.data.message) : new QoodError("HANDOVER_ANSWER", `the seller's endpoint ${url} answered with status ${status}`);
}
