/**
 * The search file of a buy order: what agents read and no contract checks, as RFC 8785 JSON on IPFS. The order carries the
 * hashes of its two parts and the digest of its CID.
 */
import canonicalize from "canonicalize";
import { z } from "zod";
import { type Hex, toHex } from "../bytes/index.ts";
import { sha256 } from "../crypto/hash.ts";
import { ensure, QoodError } from "../errors/index.ts";

/** Format tag of this version. */
export const SEARCH_FORMAT = "qood/search/v1";

/** Longest search file that is read, in bytes. */
export const MAX_SEARCH_BYTES = 1024 * 1024;

const cell = z.string().regex(/^[0-9a-f]{15}$/, "expected an H3 cell of 15 hexadecimal digits");
const text = z.string().min(1).max(200);
const value = z.union([text, z.number(), z.boolean()]);

/** zod schema of the search file. */
export const searchSchema = z.strictObject({
  format: z.literal(SEARCH_FORMAT),
  /** Wanted H3 cells; none: anywhere. */
  cells: z.array(cell).max(20_000),
  /** Wanted attributes by name: each one value, or any of a list. Names are the community's, e.g. `make`, `modelYear`, `fuel`. */
  vehicle: z.record(text, z.union([value, z.array(value).min(1).max(1000)])),
});

/** A search, as read. */
export type Search = z.infer<typeof searchSchema>;

/** SHA-256 of the wanted attributes as RFC 8785 JSON. @throws QoodError `BAD_SEARCH` */
export function vehicleHash(vehicle: Search["vehicle"]): Hex {
  return toHex(sha256(new TextEncoder().encode(canonical(searchSchema.shape.vehicle, vehicle))));
}

/** Search to the bytes of its file. @throws QoodError `BAD_SEARCH` */
export function encodeSearch(search: Search): Uint8Array {
  return new TextEncoder().encode(canonical(searchSchema, search));
}

/** Bytes of a search file to a search. @throws QoodError `BAD_SEARCH` */
export function decodeSearch(bytes: Uint8Array): Search {
  ensure(bytes.length <= MAX_SEARCH_BYTES, "BAD_SEARCH", `search file has ${bytes.length} bytes, more than ${MAX_SEARCH_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new QoodError("BAD_SEARCH", "search file is not JSON", { cause });
  }
  return check(searchSchema, json);
}

function check<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new QoodError("BAD_SEARCH", `search: ${issue.path.map(String).join(".") || "file"}: ${issue.message}`, { cause: result.error });
}

function canonical<T>(schema: z.ZodType<T>, json: T): string {
  return canonicalize(check(schema, json))!;
}
