/** Puts the shipped schemas into a deployed dictionary. May be stopped at any moment and run again: what is there is kept. */
import type { Signer } from "ethers";
import { type Call, createCalls, createReads, type Deployment, toQoodError } from "../../sdk/client/index.ts";
import { type SchemaFile, shippedSchemas } from "../../sdk/dictionary/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import type { Hex } from "../../sdk/bytes/index.ts";

/** Into which dictionary, and by whom. */
export interface PublishOptions {
  deployment: Deployment;
  /** Pays the deposits, which it may withdraw again once the schemas are accepted. Must have a provider. */
  proposer: Signer;
  /** Accepts what was proposed, where it is given; curators of their own read first and accept later. */
  curator?: Signer;
  /** Told one line a transaction. */
  onProgress?: (line: string) => void;
}

/** What was done; schemas that stood in the dictionary already are in neither list. */
export interface Published {
  proposed: readonly SchemaFile[];
  accepted: readonly SchemaFile[];
}

/**
 * Proposes, in one round of transactions, every shipped schema that is neither accepted nor proposed by this account, and in a
 * second round accepts what is open.
 *
 * @throws QoodError `SCHEMA_OTHER` where another text was accepted under a shipped schema's id, `NO_PROVIDER`, `REVERT`, `CHAIN_CALL_FAILED`
 */
export async function publishDictionary({ deployment, proposer, curator, onProgress = () => undefined }: PublishOptions): Promise<Published> {
  if (proposer.provider === null) throw new QoodError("NO_PROVIDER", "the proposing signer has no provider");
  const calls = createCalls(deployment);
  const reads = createReads(deployment, proposer.provider);
  const account = (await proposer.getAddress()) as Hex;
  const open: SchemaFile[] = [];
  const proposed: SchemaFile[] = [];
  for (const file of shippedSchemas()) {
    const { digest, acceptedAt } = await reads.schemaOf(file.id);
    if (acceptedAt !== 0) {
      if (digest !== file.words.digest) throw new QoodError("SCHEMA_OTHER", `${file.words.name}@${file.words.version} stands in the dictionary with another file: ${digest}`);
      continue;
    }
    open.push(file);
    if ((await reads.schemaProposalOf(file.words, account)).proposedAt === 0) proposed.push(file);
  }
  const deposit = await reads.schemaDeposit();
  await round(proposer, proposed.map(({ words }) => calls.proposeSchema(words, deposit)), onProgress);
  if (curator !== undefined) await round(curator, open.map(({ words }) => calls.acceptSchema(words, account)), onProgress);
  return { proposed, accepted: curator === undefined ? [] : open };
}

/** Sends all, with nonces counted here, then waits for all: a round costs a block or two, not one each. */
async function round(signer: Signer, calls: readonly Call[], onProgress: (line: string) => void): Promise<void> {
  let nonce = await signer.getNonce("pending");
  const sent = [];
  for (const { to, data, value, what } of calls) {
    try {
      sent.push({ what, response: await signer.sendTransaction({ to, data, value: value ?? 0n, nonce: nonce++ }) });
    } catch (error) {
      throw toQoodError(error, what);
    }
  }
  for (const { what, response } of sent) {
    const receipt = await response.wait();
    if (receipt?.status !== 1) throw new QoodError("CHAIN_CALL_FAILED", `${what}: transaction ${response.hash} reverted`);
    onProgress(`${what}: ${receipt.gasUsed} gas`);
  }
}
