import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { lotSchema, offerSchema } from "@qoodblock/sdk/market";

const hex = (bytes: number): z.ZodType<Hex, Hex> => z.custom<Hex>((value) => typeof value === "string" && new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`).test(value));
const big = lotSchema.shape.header.shape.words.shape.kc1;

const saleSchema = z.strictObject({
  buyer: hex(20),
  feeBps: z.int(),
  feeRecipient: hex(20),
  ...{ priceBps: z.int(), partiesBps: z.int() },
  rightKey: hex(32),
  agreementDigest: hex(27),
  ...{ keyX: big, keyY: big },
  ...{ deliverBy: z.int(), inspectBy: z.int() },
  nonce: big,
});

/** A deal's terms as text: the order as in an offer file, and what the purchase has added to it. */
export const termsSchema = z.strictObject({ order: offerSchema.shape.order, sale: saleSchema });

/**
 * What the prover is asked: a page of a deal by all its terms, and the headers of its lots. Public facts only. The prover derives
 * the keys from the vault itself, and only after the chain has shown it that the deal is paid: who can write to Redis
 * must not be able to have a key wrapped for itself.
 */
export const proveJobSchema = z.strictObject({ terms: termsSchema, page: z.int().min(0).max(31), headers: z.array(lotSchema.shape.header).min(1).max(32) });

/** Id of a page's job: the same however often it is asked for. */
export const proveJobId = (dealId: string, page: number): string => `${dealId}-${page}`;

/** See {@link proveJobSchema}. */
export type ProveJob = z.output<typeof proveJobSchema>;

/** What it answers: the wrapped keys and their proof, as they will stand on the chain. */
export const proveResultSchema = z.strictObject({
  r: z.tuple([big, big]),
  /** As many as the circuit instance has lots: 1, 8 or 32. */
  c: z.array(big).min(1).max(32),
  /** abi.encode(a, b, c), 256 bytes. */
  proof: hex(256),
  /** How long the proof took in its child process, milliseconds. */
  ms: z.number(),
});

/** See {@link proveResultSchema}. */
export type ProveResult = z.output<typeof proveResultSchema>;
