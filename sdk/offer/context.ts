import type { Provider } from "ethers";
import type { Client } from "../client/index.ts";

/** What the checks of an offer ask: the contracts, and a seller that is a contract. */
export interface OfferContext {
  readonly client: Pick<Client, "deployment" | "reads">;
  readonly provider: Pick<Provider, "getCode" | "call">;
}
