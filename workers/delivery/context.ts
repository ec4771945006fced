import type { Queue } from "bullmq";
import type { BaseWallet } from "ethers";
import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import type { Terms } from "@qoodblock/sdk/market";
import type { Chain, Lane } from "../shared/chain/index.ts";
import type { Logger } from "../shared/log/index.ts";
import type { Pool } from "../shared/pool/index.ts";
import type { Storage } from "../shared/storage/types.ts";
import type { Vault } from "../shared/vault/index.ts";
import type { Bonds } from "./bonds.ts";
import type { CheckAnswer, CheckTask } from "./checkChild.ts";
import type { DealRecord, PageRecord } from "./deals.ts";
import type { DeliveryMetrics } from "./metrics.ts";
import type { DeliverySettings } from "./settings.ts";

/** What all parts of the delivery worker work with. */
export interface DeliveryContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly settings: DeliverySettings;
  readonly client: Client;
  readonly chain: Chain;
  readonly lane: Lane;
  readonly storage: Storage;
  readonly vault: Vault;
  readonly wallet: BaseWallet;
  readonly pool: Pool<CheckTask, CheckAnswer>;
  readonly proofs: Queue;
  readonly bonds: Bonds;
  readonly metrics: DeliveryMetrics;
  readonly log: Logger;
}

/** A page under work. */
export interface OpenPage {
  /** See `pageId`. */
  readonly id: string;
  readonly deal: DealRecord;
  readonly terms: Terms;
  readonly page: number;
  record: PageRecord;
}

/** What the chain's clock says, once for all pages of a round. */
export interface Moment {
  /** Unix seconds. */
  readonly now: number;
  readonly head: number;
  readonly final: number;
  /** Time of the final block. */
  readonly finalTime: number;
}

/** Milliseconds until a page is to be looked at again; undefined when it is over. */
export type Again = number | undefined;

/** Seller's account as the SDK writes it. */
export const sellerOf = (context: Pick<DeliveryContext, "wallet">): Hex => context.wallet.address as Hex;
