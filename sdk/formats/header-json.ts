/** A header as JSON, for offers and stores: uint256 fields are decimal text, all else as it is. */
import { z } from "zod";
import type { Hex } from "../bytes/index.ts";
import { QoodError } from "../errors/index.ts";
import { REST_FIELDS } from "./header.ts";
import type { Header, HeaderRest } from "./header-types.ts";

const hex = (bytes: number) =>
  z.custom<Hex>((value) => typeof value === "string" && new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(value), `expected 0x and ${bytes} bytes of hexadecimal`);
const uint = z.int().min(0);
const uint256 = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,77})$/, "expected a decimal number")
  .transform((text) => BigInt(text));

const restShape = Object.fromEntries(Object.entries(REST_FIELDS).map(([name, type]) => [name, type === "bytes32" ? hex(32) : uint])) as unknown as {
  [K in keyof HeaderRest]: z.ZodType<HeaderRest[K]>;
};

/** Schema of a header in JSON; parses to a {@link Header}. Shape only: the hashes are for `openHeader`. */
export const headerSchema: z.ZodType<Header> = z.strictObject({
  words: z.strictObject({ stream: hex(32), sequence: uint, tsp: hex(20), root: hex(32), kc1: uint256, kc2: uint256, flags: uint256, restHash: hex(32) }),
  rest: z.strictObject(restShape),
});

/** A header's JSON form. */
export interface HeaderJson {
  words: Omit<Header["words"], "kc1" | "kc2" | "flags"> & { kc1: string; kc2: string; flags: string };
  rest: HeaderRest;
}

/** Header to JSON. */
export function headerToJson({ words, rest }: Header): HeaderJson {
  return { words: { ...words, kc1: words.kc1.toString(), kc2: words.kc2.toString(), flags: words.flags.toString() }, rest: { ...rest } };
}

/** JSON to header. @throws QoodError `HEADER_JSON` (names the field) */
export function headerFromJson(value: unknown): Header {
  const parsed = headerSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new QoodError("HEADER_JSON", `header is malformed at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}
