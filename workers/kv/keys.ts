import { randomBytes } from "node:crypto";
import { z } from "zod";
import { mayRead } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { deliveryScalar, wrapKeys } from "@qoodblock/sdk/delivery";
import { QoodError } from "@qoodblock/sdk/errors";
import { headerFromJson, openHeader } from "@qoodblock/sdk/formats";
import { batchKey, daySecret, keyCommitment, NO_KEY_COMMITMENT } from "@qoodblock/sdk/keys";
import { checkKeyRequest, keyRequestContext, keyRequestSchema, wrappedKeySchema } from "@qoodblock/sdk/kv";
import type { Vault } from "../shared/vault/index.ts";

/** What gives out keys. */
export interface KeyDesk {
  readonly client: Client;
  readonly vault: Pick<Vault, "streamSecret">;
  /** Unix seconds; the system's clock where it is left out. */
  readonly now?: () => number;
}

const WORDS = {
  OTHER_PARTY: "the grant is another party's",
  OTHER_STREAM: "the grant is of another stream",
  NOT_GRANTED: "there is no such grant on the chain, or it has ended",
  SOLD_WITHOUT_COPY: "the batch was sold without a copy kept: free grants over it no longer count",
} as const;

/**
 * Answers an authorised app: the key of one batch, wrapped for the app's key, if the chain lets the app read it now.
 * @throws QoodError KV_REQUEST, KV_REQUEST_STALE, KV_REQUEST_SIGNATURE, KV_NOT_ALLOWED, KV_NO_KEY, and those of the header's form
 */
export async function answerKeyRequest({ client, vault, now = () => Math.floor(Date.now() / 1000) }: KeyDesk, body: unknown): Promise<z.input<typeof wrappedKeySchema>> {
  const parsed = keyRequestSchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new QoodError("KV_REQUEST", `the request for a key: ${issue.path.map(String).join(".") || "it"}: ${issue.message}`);
  }
  const header = headerFromJson(parsed.data.header);
  openHeader(header);
  const request = { ...parsed.data, header };
  checkKeyRequest(client.deployment, request, now());
  const right = await mayRead(client, { party: request.range.party, header: header.words, range: request.range, handleProof: request.handleProof });
  if (!right.allowed) throw new QoodError("KV_NOT_ALLOWED", `the key is not given: ${WORDS[right.why]}`, { details: { why: right.why } });
  const { words, rest } = header;
  const noKey = new QoodError("KV_NO_KEY", "the key of this batch is not held here: ask its agent, or its owner");
  if (words.kc2 !== NO_KEY_COMMITMENT) throw noKey;
  const secret = await vault.streamSecret(words.stream, rest.keyEpoch).catch((cause: unknown) => {
    if (cause instanceof QoodError && ["VAULT_NO_SECRET", "VAULT_FORGOTTEN"].includes(cause.code)) throw noKey;
    throw cause;
  });
  const key = batchKey(daySecret(secret, rest.day), words.stream, words.sequence, rest.sealNonce);
  if (keyCommitment(key) !== words.kc1) throw noKey;
  const context = keyRequestContext(client.deployment, request);
  // Nobody has to make the same wrapping again, so its scalar comes from a secret that is used once.
  const { statement } = wrapKeys({ buyerKey: request.key, context, keys: [key], scalar: deliveryScalar(randomBytes(32), context) });
  return z.encode(wrappedKeySchema, { r: [statement.R[0], statement.R[1]], c: [...statement.c] });
}
