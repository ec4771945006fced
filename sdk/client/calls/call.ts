/** A transaction as data, and how it is made. */
import type { Hex } from "../../bytes/index.ts";
import { type ContractKey, INTERFACES } from "../interfaces.ts";
import type { Deployment } from "../deployment.ts";

/** A transaction without its signer. `what` names it in logs and errors. */
export interface Call {
  to: Hex;
  data: Hex;
  /** Wei of the chain's own coin to send along; none where it is left out. */
  value?: bigint;
  what: string;
}

/** Encodes a call of a contract's function. @param to where the contract is not the deployment's own */
export type Encode = (contract: ContractKey, method: string, args: readonly unknown[], to?: Hex) => Call;

/** @param deployment where the calls go */
export function encoder({ addresses }: Pick<Deployment, "addresses">): Encode {
  return (contract, method, args, to = addresses[contract]) => ({
    to,
    data: INTERFACES[contract].encodeFunctionData(method, args) as Hex,
    what: `${contract}.${method}`,
  });
}
