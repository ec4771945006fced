/** Every key and queue in Redis, so that two programs cannot mean different ones. `p` is the setting `redisPrefix`. */
export const keys = {
  /** Hash handle → JSON of {@link StreamConfig}. */
  streams: (p: string) => `${p}:streams`,
  /** Hash handle → JSON of {@link StreamStatus}: what the chain says of a stream. */
  status: (p: string) => `${p}:status`,
  /** Count of the changes of {@link streams} and {@link status}: who keeps a copy reads it anew when this moves. */
  streamsVersion: (p: string) => `${p}:streams-version`,
  /** Set of handles whose telemetry has grown since ingest last emptied it. */
  active: (p: string) => `${p}:active`,
  /** Stream of device messages; entry `<counter + 1>-0`, trip end after it `<counter + 1>-1`. */
  telemetry: (p: string, handle: string, device: string) => `${p}:telemetry:${handle}:${device}`,
  /** Hash next, chain, time: where the device's chain stands. */
  chain: (p: string, handle: string, device: string) => `${p}:chain:${handle}:${device}`,
  /** Stream of refused messages and dropped rows. */
  deadLetters: (p: string) => `${p}:dead-letters`,
  /** Hash letter id → what is kept of its message. */
  deadLetterMessages: (p: string) => `${p}:dead-letter-messages`,
  /** Hash bytes, lost: bytes in all messages of letters, letters that newer ones have pushed out. */
  deadLetterTotals: (p: string) => `${p}:dead-letter-totals`,
  /** Hash letter id → JSON {code, reason, tries} of a letter that was replayed in vain. */
  deadLetterTries: (p: string) => `${p}:dead-letter-tries`,
  /** Hash next, told, …: how far the import of a file into a stream has come. */
  imported: (p: string, handle: string, file: string) => `${p}:import:${handle}:${file}`,
  /** Hash next, previous, open, planned:<device>, chain:<device>: where the batches of a stream stand. */
  sequence: (p: string, handle: string) => `${p}:sequence:${handle}`,
  /** Hash with all that is known of a batch. */
  batch: (p: string, handle: string, sequence: number) => `${p}:batch:${handle}:${sequence}`,
  /** Set `<handle>:<sequence>` of batches not yet announced. */
  openBatches: (p: string) => `${p}:open-batches`,
  /** Set `<handle>:<sequence>` of batches uploaded and not yet part of an anchor. */
  uploaded: (p: string) => `${p}:uploaded`,
  /** Hash root → JSON of the anchor's intent. */
  anchors: (p: string) => `${p}:anchors`,
  /** Set of roots whose anchor is not final yet. */
  pendingAnchors: (p: string) => `${p}:pending-anchors`,
  /** Count of anchors. */
  anchorCount: (p: string) => `${p}:anchor-count`,
  /** Hash announcement id → `<handle>:<sequence>` of batches past their retention that are still sold. */
  overdue: (p: string) => `${p}:overdue`,
  /** Hash `<handle>:<sequence>` → JSON of when and by which rule a batch's files were given up. */
  dropped: (p: string) => `${p}:dropped`,
  /** Stream of anchored batches, field `batch` = JSON. */
  batches: (p: string) => `${p}:batches`,
  /** Stream of published offers, field `offer` = JSON. */
  offers: (p: string) => `${p}:offers`,
  /** Hash announcement id → stream handle of batches not offered yet. */
  waiting: (p: string) => `${p}:waiting`,
  /** Hash order hash → JSON of the order and where its offer lies. */
  orders: (p: string) => `${p}:orders`,
  /** Hash deal id → JSON of the deal. */
  deals: (p: string) => `${p}:deals`,
  /** Hash `<deal id>/<page>` → JSON of where a page stands. */
  pages: (p: string) => `${p}:pages`,
  /** Set `<deal id>/<page>` of pages that have not ended. */
  openPages: (p: string) => `${p}:open-pages`,
  /** Hash `<deal id>/<page>` → amount of the seller's free credit that is kept for its bond. */
  bonds: (p: string, token: string) => `${p}:bonds:${token.toLowerCase()}`,
  /** Count of the changes of {@link bonds}. */
  bondsVersion: (p: string, token: string) => `${p}:bonds-version:${token.toLowerCase()}`,
  /** Hash `<deal id>/<page>` → the buyer's receipt. */
  receipts: (p: string) => `${p}:receipts`,
  /** Hash `<deal id>/<page>` → chain time at which the keys were first handed over off chain. */
  handed: (p: string) => `${p}:handed`,
  /** Nonce of a request for keys that was answered; ends with its deadline. */
  handoverNonce: (p: string, buyer: string, nonce: string) => `${p}:handover-nonce:${buyer.toLowerCase()}:${nonce.toLowerCase()}`,
  /** Account that ingest anchors for. */
  tsp: (p: string) => `${p}:tsp`,
  /** Set `<handle>:<sequence>` of batches sealed by their devices that ingest has not taken up. */
  sealedWaiting: (p: string) => `${p}:sealed-waiting`,
  /** Hash headerHash, bytes of such a batch. */
  sealedPackage: (p: string, handle: string, sequence: number) => `${p}:sealed-package:${handle}:${sequence}`,
  /** Challenge of a device's login; gone when it is answered or over. */
  loginNonce: (p: string, nonce: string) => `${p}:login-nonce:${nonce.toLowerCase()}`,
  /** Hash handle → JSON of whether a device says that it is connected, and since when. */
  online: (p: string) => `${p}:online`,
  /** Hash of positions: how far a follower has come. */
  cursors: (p: string) => `${p}:cursors`,
  /** Prefix of a signer's lane. */
  lane: (p: string, chainId: number, address: string) => `${p}:lane:${chainId}:${address.toLowerCase()}`,
} as const;

/** BullMQ's queues (under the prefix `p`). */
export const queues = {
  seal: "seal",
  upload: "upload",
  anchor: "anchor",
  announce: "announce",
  prove: "prove",
} as const;
