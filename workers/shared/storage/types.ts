/** Who a storage node is and where other nodes reach it. */
export interface NodeIdentity {
  readonly peerId: string;
  /** Multiaddrs with `/p2p/…`, for `connect` on another node. */
  readonly addresses: readonly string[];
}

/** Bounds of a fetch. */
export interface GetOptions {
  /** Refuse more bytes than this; 256 MiB by default. */
  readonly maxBytes?: number;
  /** Give up after so long; 60,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Content-addressed storage. Every adapter gives the same CID for the same bytes: version 1, dag-pb, SHA-256, UnixFS
 * balanced with 1,024 children, raw leaves of 1 MiB, a single chunk wrapped too. CIDs are text.
 *
 * Errors are QoodErrors: STORAGE_CORRUPT (a block or a file is not what its CID says; names it), STORAGE_NOT_FOUND
 * (nobody reachable has it in time), STORAGE_TOO_LARGE, STORAGE_CID, STORAGE_CAR, STORAGE_UNREACHABLE, STORAGE_REFUSED.
 */
export interface Storage {
  /** Stores and pins; comes back when the bytes are in the node's store. */
  add(bytes: Uint8Array): Promise<string>;
  /** The file's bytes, from the own store or from connected nodes, verified against the CID. */
  get(cid: string, options?: GetOptions): Promise<Uint8Array>;
  /** Whether the whole file is in the own store, without asking other nodes. */
  has(cid: string): Promise<boolean>;
  /** Keeps a file (fetching what is missing); adding it again is no error. */
  pin(cid: string, options?: Pick<GetOptions, "timeoutMs">): Promise<void>;
  /** Allows the store to drop a file; no error if it was not pinned. */
  unpin(cid: string): Promise<void>;
  isPinned(cid: string): Promise<boolean>;
  /** Files as a CARv1 with their CIDs as roots, out of the own store alone, every block verified. */
  exportCar(cids: readonly string[]): AsyncIterable<Uint8Array>;
  /**
   * Stores and pins the files of a CARv1: every block is verified before it is stored, and every root is whole afterwards.
   * @returns the roots.
   */
  importCar(car: AsyncIterable<Uint8Array>): Promise<string[]>;
  /** Drops every block from the own store that no pin keeps. @returns how many */
  collect(): Promise<number>;
  /** Connects to another node by its multiaddr with `/p2p/…`. */
  connect(multiaddr: string): Promise<void>;
  id(): Promise<NodeIdentity>;
  close(): Promise<void>;
}

/** Default of {@link GetOptions.maxBytes}. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** Longest CAR that is taken or given: the three files of a batch, and more. */
export const MAX_CAR_BYTES = 1024 * 1024 * 1024;
/** Default of {@link GetOptions.timeoutMs}. */
export const GET_TIMEOUT_MS = 60_000;
