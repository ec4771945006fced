/** Hashes of the two header levels. All fields are static, so abi.encode is one 32-byte word a field. */
import { ascii, checkUint, concat, fromHex, toHex, type Hex } from "../bytes/index.ts";
import { checkField } from "../crypto/field.ts";
import { keccak256 } from "../crypto/hash.ts";
import { ensure } from "../errors/index.ts";
import { addressWord, word } from "./handle.ts";
import type { Header, HeaderRest, HeaderWords } from "./header-types.ts";

const TYPE = keccak256(ascii("qood/header/v1"));

/** 32 zero bytes: "none" for previous header, chain and device key. */
export const ZERO32: Hex = `0x${"00".repeat(32)}`;

/** Fields of the rest in hash order, with their types. The contract's struct has the same. */
export const REST_FIELDS = {
  previousHeader: "bytes32",
  sealNonce: "bytes32",
  keyEpoch: "uint64",
  day: "uint32",
  leafSize: "uint32",
  segmentSize: "uint32",
  layout: "uint16",
  schema: "bytes32",
  dictionaryVersion: "uint32",
  firstTime: "uint64",
  lastTime: "uint64",
  records: "uint32",
  rawLength: "uint64",
  storedLength: "uint64",
  cipherDigest: "bytes32",
  dataHashDigest: "bytes32",
  descriptionHash: "bytes32",
  deviceKey: "bytes32",
  firstCounter: "uint64",
  lastCounter: "uint64",
  chainBefore: "bytes32",
  chainAfter: "bytes32",
} as const satisfies Record<keyof HeaderRest, "bytes32" | "uint16" | "uint32" | "uint64">;

const BITS = { uint16: 16, uint32: 32, uint64: 64 } as const;

/** abi.encode of the rest. @throws QoodError `OUT_OF_RANGE`, `BAD_HEX` */
export function encodeRest(rest: HeaderRest): Uint8Array {
  const words = Object.entries(REST_FIELDS).map(([name, type]) => {
    const value = rest[name as keyof HeaderRest];
    if (type === "bytes32") return fromHex(String(value), 32);
    checkUint(Number(value), BITS[type], `header's ${name}`);
    return word(Number(value));
  });
  return concat(...words);
}

/** Hash of the rest. @throws QoodError `OUT_OF_RANGE`, `BAD_HEX` */
export function hashRest(rest: HeaderRest): Hex {
  return toHex(keccak256(encodeRest(rest)));
}

/** The header hash: the preimage is 288 bytes, so it never reads as a node of an anchor tree. @throws QoodError `OUT_OF_RANGE`, `BAD_HEX`, `NOT_A_FIELD_ELEMENT` */
export function hashHeader(words: HeaderWords): Hex {
  checkUint(words.sequence, 64, "header's sequence");
  return toHex(
    keccak256(
      TYPE,
      fromHex(words.stream, 32),
      word(words.sequence),
      addressWord(words.tsp),
      fromHex(words.root, 32),
      word(checkField(words.kc1, "key commitment 1")),
      word(checkField(words.kc2, "key commitment 2")),
      word(words.flags),
      fromHex(words.restHash, 32),
    ),
  );
}

/** Checks that the two levels belong together and gives the header hash. @throws QoodError `HEADER_REST_HASH`, or as {@link hashHeader} */
export function openHeader(header: Header): Hex {
  const restHash = hashRest(header.rest);
  ensure(header.words.restHash.toLowerCase() === restHash, "HEADER_REST_HASH", "the header's second level does not hash to its restHash");
  return hashHeader(header.words);
}
