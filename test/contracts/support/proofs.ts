/** Real proofs of delivery, by the committed development key. */
import { join } from "node:path";
import { deliveryContext, deliveryScalar, wrapKeys } from "../../../sdk/delivery/index.ts";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { KeyDeliveryWords } from "../../../sdk/market/index.ts";
import { KeyDeliveryProver, loadProofArtifacts } from "../../../sdk/proof/index.ts";
import { CHAIN_ID } from "./chain.ts";
import { BUYER_KEY, KEY } from "./world.ts";

const prover = new KeyDeliveryProver(loadProofArtifacts(join(import.meta.dirname, "../../../circuits/keys"), "KeyDelivery1"));

/** A proven delivery of a key for a deal. */
export async function prove(exchange: Hex, dealId: Hex, options: { key?: bigint; chainId?: number; page?: number } = {}): Promise<KeyDeliveryWords> {
  const context = deliveryContext({ chainId: BigInt(options.chainId ?? CHAIN_ID), exchange, dealId, page: options.page ?? 0 });
  const scalar = deliveryScalar(new Uint8Array(32).fill(7), context);
  const { input } = wrapKeys({ buyerKey: BUYER_KEY.publicKey, context, keys: [options.key ?? KEY], scalar });
  const { proof, statement } = await prover.prove(input);
  return {
    r: [...statement.R] as [bigint, bigint],
    c: [...statement.c],
    proofA: [...proof.a] as [bigint, bigint],
    proofB: [[...proof.b[0]], [...proof.b[1]]] as KeyDeliveryWords["proofB"],
    proofC: [...proof.c] as [bigint, bigint],
  };
}

