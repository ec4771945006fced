/** The two levels of a batch header. u64 fields are numbers (values above 2^53 - 1 are refused), uint256 fields bigints, bytes 0x-hex. */
import type { Hex } from "../bytes/index.ts";

/** What a contract opens: the eight words whose hash (behind a type hash) is the header hash. */
export interface HeaderWords {
  /** Opaque handle of the stream (32 bytes). */
  stream: Hex;
  /** Position of the batch in its stream, from 0. */
  sequence: number;
  /** Account under whose anchor the header counts (20 bytes). */
  tsp: Hex;
  /** Root of the batch's Merkle tree (32 bytes). */
  root: Hex;
  /** Poseidon(DOM_KEY, k1). */
  kc1: bigint;
  /** Poseidon(DOM_KEY, k2); of key 0 where there is one key. */
  kc2: bigint;
  /** Bit 0 exclusive, bits 1-2 origin, rest 0. */
  flags: bigint;
  /** Hash of {@link HeaderRest} (32 bytes). */
  restHash: Hex;
}

/** What only readers of the data open. Order of the fields = order in the hash. */
export interface HeaderRest {
  /** Hash of the stream's previous header, 32 zero bytes for the first. */
  previousHeader: Hex;
  /** Fresh 32 bytes of this sealing. */
  sealNonce: Hex;
  keyEpoch: number;
  /** Days since 1970-01-01 UTC of the first record. */
  day: number;
  /** Bytes of a full leaf: a multiple of 64, at most 4096. */
  leafSize: number;
  /** Bytes of a full segment: 65536. */
  segmentSize: number;
  /** Version of layout and cipher: 1. */
  layout: number;
  /** keccak256(name@version) of the records' schema. */
  schema: Hex;
  dictionaryVersion: number;
  /** Column 0 of the first and last record, Unix milliseconds. */
  firstTime: number;
  lastTime: number;
  /** Rows kept (dropped ones are not counted). */
  records: number;
  /** Bytes of all intervals' CBOR. */
  rawLength: number;
  /** Bytes of the ciphertext. */
  storedLength: number;
  /** Digests of the CIDs of ciphertext and dataHash list. */
  cipherDigest: Hex;
  dataHashDigest: Hex;
  /** SHA-256 of the description file. */
  descriptionHash: Hex;
  /** keccak256 of the device's 64-byte public key; 32 zero bytes for TSP_ATTESTED. */
  deviceKey: Hex;
  firstCounter: number;
  lastCounter: number;
  /** Device chain before the first and after the last message. */
  chainBefore: Hex;
  chainAfter: Hex;
}

/** Both levels. `words.restHash` must be the hash of `rest`. */
export interface Header {
  words: HeaderWords;
  rest: HeaderRest;
}

/** Who vouches for the records, as the header's flags say it. */
export type Origin = "TSP_ATTESTED" | "DEVICE_SIGNED" | "DEVICE_SEALED";

/** The header's flags, decoded. */
export interface Flags {
  exclusive: boolean;
  origin: Origin;
}
