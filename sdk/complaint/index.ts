/**
 * Complaints: what a buyer brings to the chain when a batch that it has paid for is not what the header commits to.
 *
 * A complaint covers one thing: a leaf's ciphertext, decrypted with the batch's key, does not hash to the leaf's `dataHash`. That is the whole of
 * "the key opens the committed data", and a contract decides it from one leaf. A right complaint brings the money back with the seller's bond.
 *
 * It does not cover
 * - what the plaintext says: a frame that does not decompress, rows that contradict the device's chain, the header's record count or times
 *   (`openBatch` names them) are evidence against the TSP that sealed and anchored them, to be shown to people;
 * - data that is committed and worthless;
 * - a leaf in a place of its own: `checkBatch` computes the root from the one accepted layout and refuses the batch before it is paid, as it
 *   refuses one whose dataHash list is missing or altered, without which no complaint could be made;
 * - a key that was never delivered, or another than the header commits to: that is a refund after the deadline, or a challenge.
 *
 * The order of things: `checkBatch` → `findFault` → `buildComplaint` → `SegmentKeyProver` (in a child process) → `withProof` → the client's call.
 */
export * from "./types.ts";
export * from "./fault.ts";
export * from "./build.ts";
