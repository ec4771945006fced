/** Inputs and outputs of sealing, of the check before paying, and of opening. */
import type { Hex } from "../bytes/index.ts";
import type { BlockRecord } from "../formats/interval.ts";
import type { Layout, LeafPosition } from "../formats/layout.ts";
import type { Row } from "../formats/row.ts";
import type { MerkleTree } from "../formats/tree.ts";
import type { Flags, Header } from "../formats/header-types.ts";
import type { DeviceEnvelope } from "../device/types.ts";
import type { Description } from "../description/types.ts";

/** One device message as it enters a batch. */
export interface SealMessage {
  counter: number;
  salt16: Uint8Array;
  /** Null only for origin TSP_ATTESTED. */
  signature: Uint8Array | null;
  /** All rows in the device's order, dropped ones included. */
  rows: readonly Uint8Array[];
  /** Indexes (ascending) of rows that stay out of the payload; their hashes stay in it. */
  dropped?: readonly number[];
}

/** What one period T collected: whole messages. */
export interface SealBlock {
  messages: readonly SealMessage[];
}

/** Blocks that share an interval key. */
export interface SealInterval {
  blocks: readonly SealBlock[];
}

/** Everything `sealBatch` needs. It draws no randomness and reads no clock: equal input gives an equal header (for one zstd version). */
export interface SealInput {
  header: {
    stream: Hex;
    sequence: number;
    tsp: Hex;
    flags: Flags;
    /** 32 zero bytes for the stream's first batch. */
    previousHeader: Hex;
    /** Fresh 32 random bytes, the same that went into the batch key. */
    sealNonce: Hex;
    keyEpoch: number;
    schema: Hex;
    dictionaryVersion: number;
    /** Device's public key (64 bytes x || y); null for TSP_ATTESTED. */
    devicePublicKey: Hex | null;
  };
  /** k1 alone, or both parts of a DISPUTED class (k = k1 + k2 mod p). */
  keys: BatchKeys;
  intervals: readonly SealInterval[];
  /** Number of columns of the schema; every row must have it. */
  columns: number;
  /** Device chain before the first message; 32 zero bytes if its counter is 0. */
  chainBefore: Hex;
  /**
   * Verify every message's signature on the way (default false): for who has the messages from a store that could have been changed. It
   * costs no second hashing of the rows.
   */
  verify?: boolean;
  /** Default 4096. */
  leafSize?: number;
  /** Public search fields in the description: the time range (default true; false for streams of grade PRIVATE), H3 cells (default none). */
  publicFields?: { time?: boolean; h3?: readonly string[] };
}

/** The batch key or its two parts. */
export interface BatchKeys {
  k1: bigint;
  k2?: bigint;
}

/** The bytes of a batch, as stored: what a buyer fetches before paying. */
export interface BatchFiles {
  ciphertext: Uint8Array;
  /** dataHash_0 || dataHash_1 ... (32 bytes each). */
  dataHashes: Uint8Array;
  /** RFC 8785 JSON. */
  description: Uint8Array;
}

/** A sealed batch, ready for upload and anchoring. */
export interface SealedBatch extends BatchFiles {
  header: Header;
  headerHash: Hex;
  /** Null for TSP_ATTESTED. */
  envelope: DeviceEnvelope | null;
  /** CIDs (v1) of the two data files; the description's is left to the store, its SHA-256 is in the header. */
  cids: { ciphertext: string; dataHashes: string };
  leafCount: number;
  /** Bytes after each stage. */
  bytes: { raw: number; compressed: number; stored: number };
}

/** Where the header is anchored, as the caller read it from the chain. */
export interface AnchorEvidence {
  /** Account of the anchor, from the chain. */
  tsp: Hex;
  /** Anchored root. */
  root: Hex;
  /** Path from the header hash to the root (sorted pairs). */
  path: readonly Hex[];
  /** Unix seconds that the registry holds for (tsp, root); 0 = not anchored. */
  time: number;
}

/** Everything `checkBatch` needs. */
export interface CheckInput extends BatchFiles {
  header: Header;
  envelope: DeviceEnvelope | null;
  /** Null where the batch is looked at before it is anchored (by its own TSP). */
  anchor: AnchorEvidence | null;
  /** If given, the header must hash to it. */
  headerHash?: Hex;
  /** Number of columns of the schema, if known already. */
  columns?: number;
  /** Refuse batches that would decompress to more, bytes. Default 1 GiB. */
  maxRawLength?: number;
}

/** A batch that passed `checkBatch`. Only that function makes one, and the files must not be changed after it. */
export interface CheckedBatch extends BatchFiles {
  readonly header: Header;
  readonly headerHash: Hex;
  readonly flags: Flags;
  /** The description file's content. */
  readonly details: Description;
  readonly layout: Layout;
  /** Tree over the leaves, for paths. */
  readonly tree: MerkleTree;
  /** 64 bytes; null for TSP_ATTESTED. */
  readonly devicePublicKey: Uint8Array | null;
}

/** One interval as opened: its blocks, each with its messages and kept rows. */
export interface OpenedInterval {
  blocks: readonly BlockRecord[];
}

/** What one message adds to the chain. */
export interface ChainLink {
  /** Chain hash before it. */
  previous: Hex;
  /** Merkle root of its row hashes. */
  rowsRoot: Hex;
}

/** A whole batch as opened and verified. */
export interface OpenedBatch {
  intervals: readonly OpenedInterval[];
  /** All kept rows in order: raw integers in the schema's decimal steps, null = absent. */
  rows: Row[];
  /** Rows that the TSP left out. */
  dropped: number;
  /** The last link of the message chain: what, with stream and last counter, gives the header's `chainAfter`. */
  lastLink: ChainLink;
}

/** One leaf with its path: what a sample or a complaint shows. */
export interface LeafOpening {
  position: LeafPosition;
  /** Bytes of ciphertext. */
  cipher: Uint8Array;
  dataHash: Uint8Array;
  /** Bottom up, 32 bytes each. */
  path: Uint8Array[];
}

/** A leaf opened to its plaintext, without any key. */
export interface LeafSample extends LeafOpening {
  salt: Uint8Array;
  plain: Uint8Array;
}
