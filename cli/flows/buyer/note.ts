/** The note of a purchase that is under way, in the folder of its results: whatever kills the program, the next run goes on and pays once. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { writeAtomically } from "@qoodblock/workers/shared/process/state.ts";
import { termsSchema } from "@qoodblock/workers/shared/queue/proofs.ts";

const FILE = "purchase.json";
const hex = (digits: string): z.ZodType<Hex, Hex> => z.custom<Hex>((value) => typeof value === "string" && new RegExp(`^0x[0-9a-fA-F]${digits}$`).test(value));

const noteSchema = z.strictObject({
  format: z.literal("qood/purchase/v1"),
  chainId: z.int(),
  exchange: hex("{40}"),
  account: hex("{40}"),
  /** CID of the offer. */
  offer: z.string(),
  /** The purchase as it was signed, kept before it is sent: sent again it is the same one, and takes the money once. */
  transaction: z.strictObject({ raw: hex("+"), hash: hex("{64}"), nonce: z.int() }),
  /** What it made, once that is known. */
  deal: z.strictObject({ dealId: hex("{64}"), blockNumber: z.int(), terms: termsSchema }).nullable(),
});

/** See the fields of the schema. */
export type PurchaseNote = z.output<typeof noteSchema>;

/** Reads the note in a folder; undefined where there is none. @throws QoodError PURCHASE_NOTE */
export function readNote(folder: string): PurchaseNote | undefined {
  const file = join(folder, FILE);
  if (!existsSync(file)) return undefined;
  try {
    return z.parse(noteSchema, JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new QoodError("PURCHASE_NOTE", `${file} is no note of a purchase: name another folder with --out, or go on with \`qood buyer open\``);
  }
}

/** Writes the note whole or not at all. @throws QoodError FILE_UNWRITABLE */
export function writeNote(folder: string, note: PurchaseNote): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeAtomically(join(folder, FILE), `${JSON.stringify(z.encode(noteSchema, note))}\n`);
  } catch (error) {
    throw new QoodError("FILE_UNWRITABLE", `the purchase cannot be noted in ${folder} (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

/** Removes the note of a purchase that has come to its end, or never came about. */
export function dropNote(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}
