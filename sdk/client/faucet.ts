/** A testnet's faucet, which gives away a fixed amount of QDD a day; few deployments have one. */
import { Interface, type Provider } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { QoodError } from "../errors/index.ts";
import { FaucetAbi } from "./abi/index.ts";
import type { Call } from "./calls/index.ts";
import type { Deployment } from "./deployment.ts";
import { toQoodError } from "./errors.ts";

const FACE = new Interface(FaucetAbi);

/** What a faucet was made with. */
export interface FaucetTerms {
  /** What a claim gives, in the token's smallest unit. */
  readonly amount: bigint;
  /** Claims of all accounts together in a day. */
  readonly claimsPerDay: bigint;
}

/** A faucet as it stands for an account. */
export interface FaucetState extends FaucetTerms {
  readonly token: Hex;
  /** Claims of today that are left to all accounts together. */
  readonly claimsLeft: bigint;
  /** Unix seconds from which the account can claim; past or present where it can now. */
  readonly nextClaimAt: number;
}

/** The faucet of a deployment. @throws QoodError `NO_FAUCET` where it has none */
export function faucetOf({ chainId, faucet }: Pick<Deployment, "chainId" | "faucet">): Hex {
  if (faucet === undefined) throw new QoodError("NO_FAUCET", `the deployment on chain ${chainId} has no faucet: ask whoever runs this market for QDD`);
  return faucet;
}

/** By whoever wants tokens, once a day. */
export const claimFaucet = (faucet: Hex): Call => ({ to: faucet, data: FACE.encodeFunctionData("claim") as Hex, what: "faucet.claim" });

const asking = (provider: Pick<Provider, "call">, faucet: Hex) => async (method: "token" | "amount" | "claimsPerDay" | "claimsLeft" | "nextClaimAt", args: readonly unknown[] = []): Promise<unknown> => {
  try {
    return FACE.decodeFunctionResult(method, await provider.call({ to: faucet, data: FACE.encodeFunctionData(method, args) }))[0] as unknown;
  } catch (error) {
    throw toQoodError(error, `faucet.${method}`);
  }
};

/** What a faucet was made with. @throws QoodError `CHAIN_CALL_FAILED` */
export async function faucetTerms(provider: Pick<Provider, "call">, faucet: Hex): Promise<FaucetTerms> {
  const ask = asking(provider, faucet);
  return { amount: (await ask("amount")) as bigint, claimsPerDay: (await ask("claimsPerDay")) as bigint };
}

/** What a faucet would give an account, and when. @throws QoodError `CHAIN_CALL_FAILED` */
export async function faucetState(provider: Pick<Provider, "call">, faucet: Hex, account: Hex): Promise<FaucetState> {
  const ask = asking(provider, faucet);
  const [terms, token, claimsLeft, nextClaimAt] = await Promise.all([faucetTerms(provider, faucet), ask("token"), ask("claimsLeft"), ask("nextClaimAt", [account])]);
  return { ...terms, token: token as Hex, claimsLeft: claimsLeft as bigint, nextClaimAt: Number(nextClaimAt) };
}
