import type { JsonRpcProvider, Signer } from "ethers";
import type { Client } from "@qoodblock/sdk/client";
import type { Storage } from "@qoodblock/workers/shared/storage/types.ts";

/** What every step of a purchase works with. */
export interface BuyerContext {
  readonly client: Client;
  readonly provider: JsonRpcProvider;
  /** The account that pays, connected to the provider. */
  readonly signer: Signer;
  /** The buyer's own storage node. */
  readonly storage: Storage;
  /** Tells a person what is being done. */
  readonly say: (line: string) => void;
}
