/** What the on-chain dictionary is told of a schema: its file's bytes, their hashes, and the words of a proposal. */
import canonicalize from "canonicalize";
import { type Hex, equalBytes, toHex } from "../bytes/index.ts";
import { sha256 } from "../crypto/hash.ts";
import { ensure } from "../errors/index.ts";
import { digestToCid, fileDigest } from "../formats/cid.ts";
import { SEARCH_FIELDS, schemaJson, searchFieldNames } from "./json-schema.ts";
import { DICTIONARY_VERSION } from "./mapping.ts";
import { schemaHash } from "./schema.ts";
import { SCHEMAS } from "./schemas/index.ts";
import type { Schema } from "./types.ts";

export { SEARCH_FIELDS } from "./json-schema.ts";

/** A schema as `DataDictionary.propose` takes it. */
export interface SchemaWords {
  name: string;
  version: string;
  /** sha2-256 digest of the file's CID, 32 bytes; see `fileDigest`. */
  digest: Hex;
  /** sha2-256 of the file, 32 bytes. */
  fileHash: Hex;
  /** Sum of {@link SEARCH_FIELDS}. */
  fields: number;
}

/** A shipped schema, ready to be proposed. */
export interface SchemaFile {
  readonly words: SchemaWords;
  /** keccak256(name@version): the key of the accepted entry, and the `schema` of headers. */
  readonly id: Hex;
  /** The JSON Schema in RFC 8785's canonical form, UTF-8: these bytes are stored. */
  readonly bytes: Uint8Array;
  /** Where they are found, CID of version 1 in base32. */
  readonly cid: string;
}

/** Sum of the {@link SEARCH_FIELDS} that batches under a schema may carry. */
export function searchFields(schema: Schema): number {
  return searchFieldNames(schema).reduce((sum, name) => sum | SEARCH_FIELDS[name], 0);
}

/**
 * The file of a schema and everything that a proposal says of it.
 *
 * @param version - dictionary version whose mapping the file has
 * @throws QoodError `DICTIONARY_UNKNOWN`
 */
export function schemaFile(schema: Schema, version: number = DICTIONARY_VERSION): SchemaFile {
  const bytes = new TextEncoder().encode(canonicalize(schemaJson(schema, version)) ?? "");
  const digest = fileDigest(bytes);
  return {
    words: { name: schema.name, version: schema.version, digest: toHex(digest), fileHash: toHex(sha256(bytes)), fields: searchFields(schema) },
    id: toHex(schemaHash(schema)),
    bytes,
    cid: digestToCid(digest),
  };
}

/** All schemas of this SDK, as a deployment proposes them; the order is that of {@link SCHEMAS}. */
export function shippedSchemas(): SchemaFile[] {
  return SCHEMAS.map((schema) => schemaFile(schema));
}

/**
 * Checks a fetched file against what the chain says of it.
 *
 * @param digest - of the accepted entry
 * @throws QoodError `SCHEMA_FILE` where these are other bytes
 */
export function checkSchemaFile(bytes: Uint8Array, digest: Uint8Array): void {
  ensure(equalBytes(fileDigest(bytes), digest), "SCHEMA_FILE", "this is not the file that the dictionary names: its CID's digest differs");
}
