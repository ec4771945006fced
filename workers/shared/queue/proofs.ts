import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { lotSchema } from "./batches.ts";

const hex = (bytes: number): z.ZodType<Hex, Hex> => z.custom<Hex>((value) => typeof value === "string" && new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`).test(value));
const big = lotSchema.shape.header.shape.words.shape.kc1;

/** A deal's terms as text. */
export const termsSchema = z.strictObject({
  orderHash: hex(32),
  ...{ buyer: hex(20), seller: hex(20), token: hex(20) },
  feeBps: z.int(),
  feeRecipient: hex(20),
  ...{ keyX: big, keyY: big, agreementId: big },
  ...{ version: z.int(), dataClass: z.int(), privacy: z.int(), flags: z.int() },
  hook: hex(20),
  hookCodeHash: hex(32),
  pages: z.array(z.strictObject({ lotsHash: hex(32), lotCount: z.int(), price: big, challengeDeposit: big, bond: big })),
  ...{ deliverBy: z.int(), answerTime: z.int(), complaintWindow: z.int() },
  nonce: big,
});

/**
 * What the prover is asked: a deal by all its terms, and the header that it sells. Public facts only. The prover derives
 * the keys from the vault itself, and only after the chain has shown it that the deal is paid: who can write to Redis
 * must not be able to have a key wrapped for itself.
 */
export const proveJobSchema = z.strictObject({ terms: termsSchema, header: lotSchema.shape.header });

/** See {@link proveJobSchema}. */
export type ProveJob = z.output<typeof proveJobSchema>;

/** What it answers: the wrapped key and its proof, as they will stand on the chain. */
export const proveResultSchema = z.strictObject({
  r: z.tuple([big, big]),
  c: big,
  /** abi.encode(a, b, c), 256 bytes. */
  proof: hex(256),
  /** How long the proof took in its child process, milliseconds. */
  ms: z.number(),
});

/** See {@link proveResultSchema}. */
export type ProveResult = z.output<typeof proveResultSchema>;
