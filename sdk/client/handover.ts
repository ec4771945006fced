/**
 * The cheapest way of a delivery: the seller hands the wrapped keys over off chain, the buyer opens the data and signs a
 * receipt, which settles the page. Wrapped keys open for the deal's delivery key alone, so the way they take needs no
 * secrecy; the request is signed so that the seller learns who asked.
 */
import type { Signer } from "ethers";
import { z } from "zod";
import { type Hex, toHex } from "../bytes/index.ts";
import { randomBytes } from "../crypto/random.ts";
import type { WrappedKeys } from "../delivery/index.ts";
import { handoverRequestData, receiptData, signTypedData } from "../eip712/index.ts";
import { ensure, QoodError } from "../errors/index.ts";
import type { HeaderWords } from "../formats/index.ts";
import { dealId, type Terms } from "../market/index.ts";
import type { Deployment } from "./deployment.ts";

const hex = (bytes: number): z.ZodType<Hex, Hex> =>
  z.custom<Hex>((v) => typeof v === "string" && new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(v), `expected 0x-hex of ${bytes} bytes`);
const signature = z.custom<Hex>((v) => typeof v === "string" && /^0x(?:[0-9a-fA-F]{2}){1,1024}$/.test(v), "expected a signature of 1 to 1,024 bytes");
const element = z.codec(z.string().regex(/^(?:0|[1-9][0-9]{0,77})$/), z.bigint(), { decode: (text) => BigInt(text), encode: (value) => value.toString() });

/** Body of a request for keys; deal and page stand in the path. */
export const handoverRequestSchema = z.strictObject({ nonce: hex(32), deadline: z.int().min(0), signature });
/** Body of the answer: R and c as on chain, decimal. */
export const handoverKeysSchema = z.strictObject({ r: z.tuple([element, element]), c: z.array(element).min(1).max(32) });
/** Body of a receipt. */
export const handoverReceiptSchema = z.strictObject({ signature });
/** Body of the answer to a receipt. */
export const handoverTakenSchema = z.strictObject({ taken: z.literal(true) });
/** Body of a refusal. */
export const handoverFaultSchema = z.strictObject({ code: z.string().regex(/^[A-Z_]{1,64}$/), message: z.string().max(500) });

/** Path of a page's keys or receipt below the endpoint's address. */
export const handoverPath = (deal: Hex, page: number, what: "keys" | "receipt"): string => `/v1/deals/${deal.toLowerCase()}/pages/${page}/${what}`;

/** How far ahead a request's deadline is, seconds. */
const REQUEST_SECONDS = 120;
const TIMEOUT_MS = 20_000;
/** Longest answer that is read, bytes. */
const MAX_ANSWER = 16_384;

/** Which page is asked for, by whom, and where. */
export interface HandoverPlace {
  /** The offer's `handover`. */
  readonly url: string;
  readonly deployment: Pick<Deployment, "chainId" | "addresses">;
  readonly terms: Terms;
  readonly page: number;
  /** The buyer. */
  readonly signer: Signer;
}

async function post(place: HandoverPlace, what: "keys" | "receipt", body: object): Promise<unknown> {
  const { deployment, terms, page } = place;
  const url = place.url.replace(/\/+$/, "") + handoverPath(dealId(deployment.chainId, deployment.addresses.escrow, terms), page, what);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    status = response.status;
    text = await readLimited(response, MAX_ANSWER);
  } catch (cause) {
    if (cause instanceof QoodError) throw cause;
    throw new QoodError("HANDOVER_UNREACHABLE", `the seller's endpoint ${place.url} does not answer: the key comes over the chain in time, or the money back`, { cause });
  }
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new QoodError("HANDOVER_ANSWER", `the seller's endpoint ${place.url} gave an answer that is no JSON (status ${status})`, { cause });
  }
  if (status === 200) return answer;
  const fault = handoverFaultSchema.safeParse(answer);
  throw fault.success ? new QoodError(fault.data.code, fault.data.message) : new QoodError("HANDOVER_ANSWER", `the seller's endpoint ${place.url} answered with status ${status}`);
}

/** An answer's body. @throws QoodError `HANDOVER_ANSWER` where it is longer than that */
export async function readLimited(response: Response, most: number): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for (;;) {
    const part = await reader?.read();
    if (part?.value === undefined) return text + decoder.decode();
    length += part.value.length;
    ensure(length <= most, "HANDOVER_ANSWER", `the seller's endpoint gave an answer of more than ${most} bytes`);
    text += decoder.decode(part.value, { stream: true });
  }
}

/**
 * Asks for a page's keys and opens them. Every key is compared with its header's commitment: what comes back opens the data.
 * @param order `secret` of the delivery key in the terms; `headers` words of the page's lots in order
 * @throws QoodError `HANDOVER_UNREACHABLE`, `HANDOVER_ANSWER`, the endpoint's own refusals (`HANDOVER_NOT_READY`: ask again later; `HANDOVER_ON_CHAIN`: the
 * key is or comes on chain; `HANDOVER_NOT_BUYER`, `HANDOVER_STALE`, `HANDOVER_UNKNOWN`), and what `unwrapKeys` throws for wrong keys: then sign nothing
 */
export async function fetchHandover(place: HandoverPlace, order: { secret: bigint; headers: readonly HeaderWords[] }): Promise<{ keys: bigint[]; wrapped: WrappedKeys }> {
  const { deployment, terms, page } = place;
  const { chainId, addresses } = deployment;
  const id = dealId(chainId, addresses.escrow, terms);
  const request = { dealId: id, page: BigInt(page), nonce: toHex(randomBytes(32)), deadline: Math.floor(Date.now() / 1000) + REQUEST_SECONDS };
  const signed = await signTypedData(place.signer, handoverRequestData({ chainId, verifyingContract: addresses.escrow }, request));
  const parsed = handoverKeysSchema.safeParse(await post(place, "keys", { nonce: request.nonce, deadline: request.deadline, signature: signed }));
  if (!parsed.success) throw new QoodError("HANDOVER_ANSWER", `the seller's endpoint ${place.url} gave an answer that holds no keys`, { cause: parsed.error });
  // Loaded when it is needed: a program that opens nothing starts three times as fast without.
  const { deliveryContext, padLots, unwrapKeys } = await import("../delivery/index.ts");
  const wrapped: WrappedKeys = { R: parsed.data.r, c: parsed.data.c };
  const context = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId: id, page });
  const keys = unwrapKeys(order.secret, { context, commitments: padLots(order.headers.map(({ kc1 }) => kc1)), wrapped });
  return { keys: keys.slice(0, order.headers.length), wrapped };
}

/**
 * Signs the receipt of a page and gives it to the seller, who settles with it. Only after the data was opened with the keys: a receipt ends every claim.
 * @returns the signature, with which anyone may settle
 * @throws QoodError `HANDOVER_UNREACHABLE`, `HANDOVER_ANSWER`, the endpoint's own refusals
 */
export async function sendReceipt(place: HandoverPlace): Promise<Hex> {
  const { deployment, terms, page } = place;
  const { chainId, addresses } = deployment;
  const id = dealId(chainId, addresses.escrow, terms);
  const receipt = await signTypedData(place.signer, receiptData({ chainId, verifyingContract: addresses.escrow }, { dealId: id, page: BigInt(page) }));
  handoverTakenSchema.parse(await post(place, "receipt", { signature: receipt }));
  return receipt;
}
