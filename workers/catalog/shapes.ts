/** Answers and questions as the OpenAPI document describes them. */
import { z } from "zod";
import { searchSchema } from "@qoodblock/sdk/market";

type JsonSchema = Record<string, unknown>;

/** A zod schema as JSON Schema, as it comes in. */
export function describe(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return rest;
}

const freshness = z.object({ block: z.int().describe("Last block of the index; -1 while it is empty."), hash: z.string() });
const item = z.object({
  id: z.string(),
  from: z.int().describe("What time it is about, Unix milliseconds."),
  to: z.int(),
  price: z.string().optional().describe("Decimal, in the token's smallest unit."),
  body: z.record(z.string(), z.unknown()),
});

/** A page of a list. */
export const page = describe(z.object({ items: z.array(item), next: z.string().optional().describe("Cursor of the next page; a page may be short, or empty, and go on."), freshness }));
/** One thing. */
export const one = describe(z.object({ ...item.shape, search: z.record(z.string(), z.unknown()).optional().describe("Of a request: its search file, where somebody has sent it in."), freshness }));
/** One offer: of one that is closed, only its file and status. */
export const offer = describe(z.object({ ...item.partial({ from: true, to: true, body: true }).shape, status: z.string(), offer: z.record(z.string(), z.unknown()).describe("The offer file."), freshness }));
/** Counted values. */
export const facets = describe(z.object({ fields: z.record(z.string(), z.record(z.string(), z.int())), complete: z.boolean().describe("False where only the newest were counted."), freshness }));
/** How far the index is. */
export const status = describe(z.object({ chainId: z.int(), exchange: z.string(), intake: z.boolean(), freshness, counts: z.record(z.string(), z.int()) }));
/** What a taken offer is answered with. */
export const taken = describe(z.object({ orderHash: z.string(), status: z.string().describe("`open`, or why it cannot be bought now.") }));
/** A refusal. */
export const fault = describe(z.object({ code: z.string(), message: z.string(), field: z.string().optional().describe("The field of the question that is wrong.") }));
/** An offer as it is sent in. */
export const submission = describe(z.object({ offer: z.record(z.string(), z.unknown()).describe("The offer file as JSON, see docs/catalog.md."), descriptions: z.array(z.record(z.string(), z.unknown())).optional().describe("Description files of its batches: what is not sent is not found by time and place.") }));
/** The search file of a buy order, as it is sent in. */
export const search = describe(searchSchema);
/** What a taken search is answered with. */
export const known = describe(z.object({ id: z.string() }));
/** The id in a path. */
export const idParams = { type: "object", properties: { id: { type: "string" } }, required: ["id"] };
