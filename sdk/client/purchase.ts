/** Small steps between an offer, a purchase and a settlement. */
import { Signature, type Signer } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { QoodError } from "../errors/index.ts";
import { type Extras, type Lot, lotsOfPage, noExtras, type Offer, type Opening, type Purchase, totalPrice, versionTerms } from "../market/index.ts";
import type { Permit } from "./calls/index.ts";

/**
 * What `buy` takes, from an offer and the buyer's delivery key.
 * @throws QoodError `TOKEN_NOT_AGREED` where the agreement does not accept the order's token
 */
export function purchaseOf(offer: Offer, buyer: { keyX: bigint; keyY: bigint; nonce: bigint; maxTotal?: bigint; extras?: Partial<Extras> }): Purchase {
  const { text } = offer.agreement;
  const tokenIndex = text.tokens.findIndex(({ token }) => token.toLowerCase() === offer.order.token.toLowerCase());
  if (tokenIndex < 0) throw new QoodError("TOKEN_NOT_AGREED", `the offer's agreement does not accept the token ${offer.order.token}`);
  return {
    order: offer.order,
    sellerSignature: offer.signature,
    agreement: versionTerms(text),
    tokens: text.tokens,
    tokenIndex,
    keyX: buyer.keyX,
    keyY: buyer.keyY,
    nonce: buyer.nonce,
    maxTotal: buyer.maxTotal ?? totalPrice(offer.order),
    extras: extrasOf(offer, buyer.extras),
  };
}

/** None where nothing beyond the order is needed. */
function extrasOf({ ownerSignature, oemSignature }: Offer, change: Partial<Extras> | undefined): Extras[] {
  return ownerSignature === "0x" && oemSignature === "0x" && change === undefined ? [] : [{ ...noExtras(), ownerSignature, oemSignature, ...change }];
}

/** What opens the headers of an offer's lots on chain: those of one page, or of all where none is named. */
export function openingOf(offer: Pick<Offer, "lots" | "formers" | "order">, page?: number): Opening {
  const lots = (page === undefined ? offer.lots : lotsOfPage(offer, page)).map(({ header: { words, rest }, anchor, former }): Lot => ({
    ...{ header: words, path: anchor.path, schema: rest.schema, former },
  }));
  return { lots, formers: offer.formers.map(({ version, text }) => ({ version, terms: versionTerms(text) })) };
}

/**
 * An ERC-2612 permit of `value` to the exchange.
 * @param token its address, its EIP-712 name, and the owner's present permit nonce; version "1"
 */
export async function signPermit(
  signer: Signer,
  token: { address: Hex; name: string; nonce: bigint },
  permit: { chainId: number; spender: Hex; value: bigint; deadline: number },
): Promise<Permit> {
  const signature = Signature.from(
    await signer.signTypedData(
      { name: token.name, version: "1", chainId: permit.chainId, verifyingContract: token.address },
      {
        Permit: [
          { name: "owner", type: "address" },
          { name: "spender", type: "address" },
          { name: "value", type: "uint256" },
          { name: "nonce", type: "uint256" },
          { name: "deadline", type: "uint256" },
        ],
      },
      { owner: await signer.getAddress(), spender: permit.spender, value: permit.value, nonce: token.nonce, deadline: permit.deadline },
    ),
  );
  return { value: permit.value, deadline: permit.deadline, v: signature.v, r: signature.r as Hex, s: signature.s as Hex };
}
