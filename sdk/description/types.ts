/** The description file that lies beside every ciphertext. */

/** Readable in ten years, useless to a stranger: it names formats and sizes, not vehicles, people or places (unless H3 cells were allowed). */
export interface Description {
  format: "qood/description/v1";
  /** keccak256(name@version) of the schema, and the dictionary that maps it. */
  schema: string;
  dictionaryVersion: number;
  /** Columns of a row; column 0 is the time in Unix milliseconds. */
  columns: number;
  layout: {
    version: 1;
    leafSize: number;
    segmentSize: number;
    leafCount: number;
    /** Bytes of ciphertext of each interval, in order: needed to rebuild the leaves. */
    storedLengths: number[];
  };
  cipher: { name: "chacha20"; nonce: "zero"; counter: 0; keys: "poseidon-bn254" };
  hash: { tree: "sha2-256"; root: string; header: "keccak-256" };
  compression: { name: "zstd"; perInterval: true; padding: "padme-64" };
  encoding: "cbor-columns-v1";
  /** CIDs (v1) of the files. */
  files: { ciphertext: string; dataHashes: string };
  /** Unix milliseconds. A public search field: left out where the principal keeps it private. */
  time?: { first: number; last: number };
  counts: { records: number; intervals: number; rawLength: number; storedLength: number };
  /** H3 cells (resolution at most 6) that the principal made public. */
  h3?: string[];
}
