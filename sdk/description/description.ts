/** Makes and reads description files: RFC 8785 JSON, checked against its JSON Schema. */
import { Ajv2020 } from "ajv/dist/2020.js";
import canonicalize from "canonicalize";
import { equalBytes, fromHex, toHex } from "../bytes/index.ts";
import { sha256 } from "../crypto/hash.ts";
import { QoodError, ensure } from "../errors/index.ts";
import { digestToCid } from "../formats/cid.ts";
import type { Header } from "../formats/header-types.ts";
import { DESCRIPTION_SCHEMA } from "./schema.ts";
import type { Description } from "./types.ts";

const validate = new Ajv2020({ allErrors: false, strict: true }).compile<Description>(DESCRIPTION_SCHEMA);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a description says that the header does not. */
export interface DescriptionExtras {
  columns: number;
  leafCount: number;
  storedLengths: readonly number[];
  /** Whether the time range stands in the file. */
  time: boolean;
  h3?: readonly string[] | undefined;
}

/** What a header says of the batch; `restHash` and `descriptionHash` do not enter. */
export interface DescribedHeader {
  root: Header["words"]["root"];
  rest: Omit<Header["rest"], "descriptionHash">;
}

/** The only description that fits a header and these extras. */
export function describe({ root, rest }: DescribedHeader, extras: DescriptionExtras): Description {
  return {
    format: "qood/description/v1",
    schema: rest.schema,
    dictionaryVersion: rest.dictionaryVersion,
    columns: extras.columns,
    layout: {
      version: 1,
      leafSize: rest.leafSize,
      segmentSize: rest.segmentSize,
      leafCount: extras.leafCount,
      storedLengths: [...extras.storedLengths],
    },
    cipher: { name: "chacha20", nonce: "zero", counter: 0, keys: "poseidon-bn254" },
    hash: { tree: "sha2-256", root, header: "keccak-256" },
    compression: { name: "zstd", perInterval: true, padding: "padme-64" },
    encoding: "cbor-columns-v1",
    files: {
      ciphertext: digestToCid(fromHex(rest.cipherDigest, 32)),
      dataHashes: digestToCid(fromHex(rest.dataHashDigest, 32)),
    },
    ...(extras.time ? { time: { first: rest.firstTime, last: rest.lastTime } } : {}),
    counts: { records: rest.records, intervals: extras.storedLengths.length, rawLength: rest.rawLength, storedLength: rest.storedLength },
    ...(extras.h3 === undefined || extras.h3.length === 0 ? {} : { h3: [...extras.h3] }),
  };
}

/** Description to the bytes that are stored. @throws QoodError `DESCRIPTION_FORM` */
export function encodeDescription(description: Description): Uint8Array {
  checkForm(description);
  return Buffer.from(canonicalize(description) ?? "", "utf8");
}

/** Bytes to description: valid against the schema and in RFC 8785's one form. @throws QoodError `DESCRIPTION_FORM` */
export function decodeDescription(bytes: Uint8Array): Description {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new QoodError("DESCRIPTION_FORM", "description file is not UTF-8 JSON", { cause });
  }
  checkForm(value);
  ensure(equalBytes(encodeDescription(value), bytes), "DESCRIPTION_FORM", "description file is not in canonical form (RFC 8785)");
  return value;
}

/**
 * Reads a description file and checks it against the header.
 * @throws QoodError `DESCRIPTION_HASH` (not the file that the header names), `DESCRIPTION_FORM`, `DESCRIPTION_MISMATCH` (names the field)
 */
export function checkDescription(bytes: Uint8Array, header: Header): Description {
  ensure(toHex(sha256(bytes)) === header.rest.descriptionHash.toLowerCase(), "DESCRIPTION_HASH", "description file is not the one that the header names");
  const found = decodeDescription(bytes);
  const expected = describe({ root: header.words.root, rest: header.rest }, { columns: found.columns, leafCount: found.layout.leafCount, storedLengths: found.layout.storedLengths, time: found.time !== undefined, h3: found.h3 });
  for (const key of Object.keys(expected) as (keyof Description)[]) {
    if (canonicalize(found[key])?.toLowerCase() !== canonicalize(expected[key])?.toLowerCase()) {
      throw new QoodError("DESCRIPTION_MISMATCH", `description file contradicts the header in "${key}"`, { details: { field: key } });
    }
  }
  return found;
}

function checkForm(value: unknown): asserts value is Description {
  if (validate(value)) return;
  const fault = validate.errors?.[0];
  throw new QoodError("DESCRIPTION_FORM", `description file: ${fault?.instancePath === "" || fault === undefined ? "it" : fault.instancePath} ${fault?.message ?? "is wrong"}`);
}
