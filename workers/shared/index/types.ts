/** An ordered store of bytes under bytes: what the indexer writes and the catalog reads, over LMDB or PostgreSQL. */

/** A stretch of keys in byte order: `from` belongs to it, `to` does not. */
export interface Span {
  readonly from: Buffer;
  readonly to: Buffer;
}

/** A key with its value. */
export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** A key with its new value; undefined removes it. */
export interface Change {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** The reading side. */
export interface Reader {
  /** Values in the order of the keys; undefined where there is none. */
  getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]>;
  /** The first `limit` entries of each span, in the order of their keys; many spans cost one question. */
  ranges(spans: readonly Span[], limit: number): Promise<Entry[][]>;
}

/** See the head of this file. One process writes at a time, any number reads. */
export interface Store extends Reader {
  /**
   * Takes the right to write for this process until {@link close}; what a dead process held is free.
   * @throws QoodError INDEX_BUSY while another living process has it, INDEX_LOST where it was lost since
   */
  claim(): Promise<void>;
  /** All changes or none, on the disk when it returns. A key stands at most once. @throws QoodError INDEX_LOST without {@link claim} */
  commit(changes: readonly Change[]): Promise<void>;
  /** Puts many entries, not as one: for filling an empty store. Keys that are there are replaced; among the entries a key stands at most once. */
  load(entries: Iterable<Entry>): Promise<void>;
  /** Removes everything. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
