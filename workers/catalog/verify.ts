import type { Provider } from "ethers";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { toHex } from "@qoodblock/sdk/bytes";
import { hasSigned, together } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { sha256 } from "@qoodblock/sdk/crypto";
import { checkDescription, encodeDescription } from "@qoodblock/sdk/description";
import type { Description } from "@qoodblock/sdk/description";
import { sellOrderData } from "@qoodblock/sdk/eip712";
import { ensure } from "@qoodblock/sdk/errors";
import { hashHeader } from "@qoodblock/sdk/formats";
import { DATA_CLASS, offerSchema } from "@qoodblock/sdk/market";
import type { Offer, OfferLot } from "@qoodblock/sdk/market";
import { checkAgreement, checkLotOnChain, checkLotWords, checkOrder } from "@qoodblock/sdk/offer";
import type { OfferRecord } from "./record.ts";

/** What the checks ask. */
export interface VerifyContext {
  readonly client: Client;
  readonly provider: Pick<Provider, "getCode" | "call">;
  readonly mostLots: number;
}

/** What is sent in: the offer file, and the description files of those lots that are to be found by time and place. */
export const submissionSchema = z.strictObject({
  offer: offerSchema,
  descriptions: z.array(z.record(z.string(), z.unknown())).max(1024).default([]),
});

/** Lots whose questions to the chain are open at the same time. */
const AT_ONCE = 32;
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The token is one of the agreement's, and what its principals must have signed they have. @throws QoodError OFFER_TOKEN, OFFER_SIGNATURE */
async function checkPrincipals(context: VerifyContext, offer: Offer): Promise<void> {
  const { order, agreement, ownerSignature, oemSignature } = offer;
  const { owner, oem, tokens } = agreement.text;
  const token = tokens.find((each) => same(each.token, order.token));
  ensure(token !== undefined, "OFFER_TOKEN", `the offer's agreement does not accept the token ${order.token}`);
  const isDisputed = order.dataClass === DATA_CLASS.DISPUTED;
  const floor = order.dataClass === DATA_CLASS.OEM ? token.oemFloor : order.dataClass === DATA_CLASS.USER ? token.userFloor : token.disputedFloor;
  const isBelow = order.pages.some(({ price, lotCount }, i) => price < floor * BigInt(lotCount) && !(isDisputed && i % 2 === 1));
  const { chainId, addresses } = context.client.deployment;
  const data = sellOrderData({ chainId, verifyingContract: addresses.escrow }, order);
  const checkSigned = async (who: Hex, signature: Hex, what: string): Promise<void> =>
    ensure(await hasSigned(context.provider, who, data, signature), "OFFER_SIGNATURE", `the order is not signed by ${what} ${who}`);
  await together([
    isDisputed || (isBelow && order.dataClass === DATA_CLASS.USER) ? checkSigned(owner, ownerSignature, "the owner") : undefined,
    isDisputed || (isBelow && order.dataClass === DATA_CLASS.OEM) ? checkSigned(oem, oemSignature, "the maker") : undefined,
  ]);
}

/** Description files by the hash that a header names them by. @throws QoodError DESCRIPTION_FORM */
function byHash(descriptions: readonly Record<string, unknown>[]): Map<string, Uint8Array> {
  return new Map(
    descriptions.map((each) => {
      const bytes = encodeDescription(each as unknown as Description);
      return [toHex(sha256(bytes)), bytes];
    }),
  );
}

/**
 * Checks an offer as a buyer does before it fetches anything: signature, agreement, every header with its anchor, device and rights.
 * @returns what is public of its lots
 * @throws QoodError with the code of what is wrong, in one line
 */
export async function verifyOffer(context: VerifyContext, { offer, descriptions }: z.output<typeof submissionSchema>): Promise<OfferRecord["lots"]> {
  ensure(offer.lots.length <= context.mostLots, "OFFER_TOO_MANY_LOTS", `the offer has ${offer.lots.length} batches; this catalog takes offers of at most ${context.mostLots}`);
  // Its seller's word first: for who gives none the chain is asked nothing more.
  await checkOrder(context, offer);
  await together([checkAgreement(context, offer), checkPrincipals(context, offer)]);
  const files = byHash(descriptions);
  const lots: OfferRecord["lots"][number][] = [];
  for (let at = 0; at < offer.lots.length; at += AT_ONCE) {
    lots.push(...(await together(offer.lots.slice(at, at + AT_ONCE).map((lot) => verifyLot(context, offer, lot, files)))));
  }
  return lots;
}

async function verifyLot(context: VerifyContext, offer: Offer, lot: OfferLot, files: ReadonlyMap<string, Uint8Array>): Promise<OfferRecord["lots"][number]> {
  const anchor = await checkLotOnChain(context, offer, lot, false);
  checkLotWords(lot, anchor.time);
  const file = files.get(lot.header.rest.descriptionHash.toLowerCase());
  const described = file === undefined ? undefined : checkDescription(file, lot.header);
  const time = described?.time === undefined ? null : { first: described.time.first, last: described.time.last };
  return { headerHash: hashHeader(lot.header.words), anchoredAt: anchor.time, time, cells: [...(described?.h3 ?? [])] };
}
