/** Anchors and what is proven about them, grants, the dictionary. */
import type { Hex } from "../../bytes/index.ts";
import type { DeviceEnvelope } from "../../device/index.ts";
import type { SchemaWords } from "../../dictionary/index.ts";
import type { HeaderWords } from "../../formats/index.ts";
import type { Call, Encode } from "./call.ts";
import { coordinates } from "./identity.ts";

/** A header with the path to its anchor. */
export interface OpenedHeader {
  header: HeaderWords;
  path: readonly Hex[];
}

/** The last message of a batch, opened: what its device signed. */
export interface LastMessage {
  /** Chain hash before the message. */
  previous: Hex;
  rowsRoot: Hex;
  /** 64 bytes, x || y. */
  publicKey: Hex;
  signature: Hex;
}

/** The last message of a batch, for {@link createCalls}' `admitLateHeader`. @param link from `openBatch` @param envelope as it came with the header */
export const lastMessageOf = (link: { previous: Hex; rowsRoot: Hex }, { publicKey, signature }: DeviceEnvelope): LastMessage => ({ ...link, publicKey, signature });

/** What a grant is of: a range of a stream's sequences for a party. */
export interface GrantRange {
  stream: Hex;
  party: Hex;
  first: number;
  last: number;
  /** Last second, Unix. */
  expiry: number;
  paid: boolean;
}

/** See the head of this file. */
export const rightsCalls = (call: Encode) => ({
  // anchors
  /** By the TSP that the headers name. */
  anchor: (root: Hex, sequence: number, leavesHash: Hex, listDigest: Hex): Call =>
    call("dataRegistry", "anchor", [root, sequence, leavesHash, listDigest]),
  /** By anyone: two headers of one (stream, sequence). */
  proveTwoOfOneSequence: (first: OpenedHeader, second: OpenedHeader): Call =>
    call("dataRegistry", "proveTwoOfOneSequence", [first, second]),
  /** By anyone: two headers that claim the same messages. `first` begins no later. @param firstRest encoded second level of the header */
  proveOverlap: (first: OpenedHeader, firstRest: Uint8Array, second: OpenedHeader, secondRest: Uint8Array): Call =>
    call("dataRegistry", "proveOverlap", [first, firstRest, second, secondRest]),
  /** By anyone: what the data registry has proven counts in the exchange from then on. */
  showEquivocated: (headerHash: Hex): Call => call("escrow", "showEquivocated", [headerHash]),
  /** By anyone: a header of a closed ownership epoch that was anchored after the transfer. @param rest encoded second level of the header */
  admitLateHeader: ({ header, path }: OpenedHeader, handleProof: Hex, rest: Uint8Array, message: LastMessage): Call => {
    const { publicKey, ...words } = message;
    return call("dataRegistry", "admit", [header, path, handleProof, rest, { ...words, ...coordinates(publicKey) }]);
  },

  // grants
  /** By a principal of the stream's class. */
  grantFree: (range: GrantRange, handleProof: Hex, serviceHash: Hex): Call => call("dataRegistry", "grantFree", [range, handleProof, serviceHash]),
  /** By a principal of the stream's class; the header is the last of the range. */
  grantPaid: (range: GrantRange, handleProof: Hex, paymentHash: Hex, { header, path }: OpenedHeader): Call =>
    call("dataRegistry", "grantPaid", [range, handleProof, paymentHash, header, path]),
  /** By a principal of the stream's class. */
  revokeGrant: (range: GrantRange, handleProof: Hex): Call => call("dataRegistry", "revoke", [range, handleProof]),
  /** By a principal of the stream's class: later data has another key, and all free grants end. */
  beginKeyEpoch: (stream: Hex, handleProof: Hex): Call => call("dataRegistry", "beginKeyEpoch", [stream, handleProof]),

  // dictionary
  /** By anyone. @param deposit what `reads.schemaDeposit()` says */
  proposeSchema: (schema: SchemaWords, deposit: bigint): Call => ({ ...call("dataDictionary", "propose", [schema]), value: deposit }),
  /** By the proposer. */
  retractSchema: (schema: SchemaWords): Call => call("dataDictionary", "retract", [schema]),
  /** By the proposer, when no curator has decided for `reads.schemaReviewTime()` seconds. */
  reclaimSchemaDeposit: (schema: SchemaWords): Call => call("dataDictionary", "reclaim", [schema]),
  /** Curator. */
  acceptSchema: (schema: SchemaWords, proposer: Hex): Call => call("dataDictionary", "accept", [schema, proposer]),
  /** Curator. */
  rejectSchema: (schema: SchemaWords, proposer: Hex): Call => call("dataDictionary", "reject", [schema, proposer]),
  /** Curator. */
  deprecateSchema: (id: Hex): Call => call("dataDictionary", "deprecate", [id]),
  /** Treasurer. Wei; counts for later proposals. */
  setSchemaDeposit: (deposit: bigint): Call => call("dataDictionary", "setDeposit", [deposit]),
  /** By anyone with a credit in the dictionary. */
  withdrawSchemaCredit: (to: Hex, amount: bigint): Call => call("dataDictionary", "withdraw", [to, amount]),
});
