import type { BuyerContext as Context } from "@qoodblock/sdk/purchase";
import type { Storage } from "@qoodblock/workers/shared/storage/types.ts";

/** What every step of a purchase works with here. */
export interface BuyerContext extends Context {
  /** The buyer's own storage node. */
  readonly storage: Storage;
}
