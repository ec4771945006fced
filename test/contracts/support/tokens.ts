/** The deployed tokens with some QDD in the hands of a few: the start of their tests. */
import type { BaseContract, Signer } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Client, TOKEN_NAMES, type TokenKey } from "../../../sdk/client/index.ts";
import type { Domain } from "../../../sdk/eip712/index.ts";
import { REDEMPTION } from "../../../scripts/deploy/plan.ts";
import { type Accounts, CHAIN_ID, contractAt, deployed, ethers, now, tx } from "./chain.ts";
import { hash } from "./world.ts";

/** What the bank holds, and what each of owner, buyer and tsp has. */
export const RESERVE = 1_000_000_000_000n;
export const HELD = 10_000_000_000n;
/** The least redemption. */
export const LEAST = REDEMPTION.least;
export const { redemptionTime: TO_PAY, objectionTime: TO_OBJECT } = REDEMPTION;

/** A contract as an ethers object. */
export type Deployed = Awaited<ReturnType<typeof contractAt>>;

export interface Tokens extends Client {
  who: Accounts;
  feed: Deployed;
  qdd: Deployed;
  qdt: Deployed;
  manager: Deployed;
  /** The text's domain of a token. */
  domain: (token: TokenKey) => Domain;
}

/** Deployed contracts without any attestation or token. */
export async function bareTokens(): Promise<Tokens> {
  const client = await deployed();
  const { addresses } = client.deployment;
  return {
    ...client,
    ...{ feed: await contractAt("AttestedReserveFeed", addresses.reserveFeed), manager: await contractAt("AccessManager", addresses.accessManager) },
    ...{ qdd: await contractAt("QDD", addresses.qdd), qdt: await contractAt("QDT", addresses.qdt) },
    domain: (token) => ({ chainId: CHAIN_ID, verifyingContract: addresses[token] }),
  };
}

/** An attested reserve; owner, buyer and tsp hold the same of QDD. */
export async function heldTokens(): Promise<Tokens> {
  const t = await bareTokens();
  await tx(t.who.auditor, t.calls.attest(hash("audit"), await now(), RESERVE));
  for (const to of [t.who.at.owner, t.who.at.buyer, t.who.at.tsp]) await tx(t.who.issuer, t.calls.mintQdd(to, HELD));
  return t;
}

/** Asks for a redemption by the owner. @returns its id and deadline */
export async function requested(t: Tokens, amount = LEAST, by: Signer = t.who.owner): Promise<{ id: bigint; deadline: number }> {
  await tx(by, t.calls.queueRedemption(amount, hash("IBAN")));
  const id = await t.reads.redemptionCount();
  return { id, deadline: (await t.reads.redemptionOf(id))!.deadline };
}

/** Sends a function that the client has no name for. */
export const act = (contract: Pick<BaseContract, "target" | "interface">, by: Signer, method: string, ...args: unknown[]) =>
  by.sendTransaction({ to: contract.target, data: contract.interface.encodeFunctionData(method, args) });

/** A contract wallet whose key is an account's. */
export async function wallet1271(key: Hex): Promise<Deployed & { at: Hex }> {
  const wallet = await ethers.deployContract("Wallet1271", [key]);
  return Object.assign(wallet, { at: (await wallet.getAddress()) as Hex });
}

export { TOKEN_NAMES };

/** Both tokens with 1000 units each in the owner's hands: what the standards' texts are tried on. */
export async function bothTokens(): Promise<Tokens> {
  const t = await heldTokens();
  await tx(t.who.owner, t.calls.transferToken(t.qdd.target as Hex, t.who.at.foundation, HELD - 1000n));
  await tx(t.who.emission, t.calls.mintQdt(t.who.at.owner, 1000n));
  return t;
}
