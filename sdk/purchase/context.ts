import type { JsonRpcProvider, Signer } from "ethers";
import type { Hex } from "../bytes/index.ts";
import type { Client } from "../client/index.ts";
import type { Terms } from "../market/index.ts";

/** Where files come from, by their CIDs: a storage node, or anything else that has them. */
export interface FileSource {
  /** A file's bytes. What is paid for is checked by its header's digests; that an offer is the one named is the source's word. */
  get(cid: string, options?: { readonly maxBytes?: number }): Promise<Uint8Array>;
  /** Connects to a node that may have files, by its libp2p multiaddr. */
  connect(multiaddr: string): Promise<void>;
}

/** What every step of a purchase works with. */
export interface BuyerContext {
  readonly client: Client;
  readonly provider: JsonRpcProvider;
  /** The account that pays, connected to the provider. */
  readonly signer: Signer;
  readonly storage: FileSource;
  /** Tells a person what is being done. */
  readonly say: (line: string) => void;
}

/** A deal as its purchase wrote it to the chain. */
export interface KnownDeal {
  readonly dealId: Hex;
  readonly terms: Terms;
  /** Block of the purchase. */
  readonly blockNumber: number;
}
