import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { versionDigest, versionTerms } from "@qoodblock/sdk/market";
import type { Agreement } from "@qoodblock/sdk/market";
import type { Chain } from "../shared/chain/index.ts";

/** A version of an agreement with its signed text. */
export interface AgreementVersion {
  readonly version: number;
  readonly text: Agreement;
  /** Since when it is or was in force, Unix seconds. */
  readonly start: number;
}

/** Reads a version's text from its event and compares it with the digest that the contract keeps. @throws QoodError AGREEMENT_MISSING */
export async function readVersion(client: Client, chain: Chain, agreementId: bigint, version: number): Promise<AgreementVersion> {
  const { start, digest } = await client.reads.versionOf(agreementId, version);
  const found = await readEvents(client.deployment, chain.provider, "Agreed", { fromBlock: client.deployment.startBlock, toBlock: "latest", indexed: [agreementId, BigInt(version)] });
  const text = found.at(-1)?.text;
  if (text === undefined || versionDigest(agreementId, version, versionTerms(text)).toLowerCase() !== digest.toLowerCase()) {
    throw new QoodError("AGREEMENT_MISSING", `the RPC does not give the text of version ${version} of agreement ${agreementId}: is its history complete?`);
  }
  return { version, text, start };
}

/** The version in force now. @throws QoodError AGREEMENT_NONE */
export async function currentVersion(client: Client, chain: Chain, agreementId: bigint): Promise<AgreementVersion & { readonly denied: number }> {
  const { version, denied } = await client.reads.currentVersion(agreementId);
  if (version === 0) throw new QoodError("AGREEMENT_NONE", `no agreement ${agreementId} is in force: owner and OEM have to sign one first`);
  return { ...(await readVersion(client, chain, agreementId, version)), denied };
}

/**
 * The version that was in force when a header was anchored, among those before the current one.
 * @throws QoodError AGREEMENT_FORMER when there was none, or the TSP was not its agent
 */
export async function formerVersion(client: Client, chain: Chain, agreementId: bigint, before: number, time: number, tsp: Hex): Promise<AgreementVersion> {
  for (let version = before - 1; version >= 1; version -= 1) {
    const { start } = await client.reads.versionOf(agreementId, version);
    if (start > time) continue;
    const found = await readVersion(client, chain, agreementId, version);
    if (found.text.agent.toLowerCase() !== tsp.toLowerCase()) break;
    return found;
  }
  throw new QoodError("AGREEMENT_FORMER", `when the batch was anchored ${tsp} was not the agent of agreement ${agreementId}: it cannot be sold under it`);
}
