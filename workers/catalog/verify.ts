import { Interface } from "ethers";
import type { Provider } from "ethers";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { sha256 } from "@qoodblock/sdk/crypto";
import { checkDescription, encodeDescription } from "@qoodblock/sdk/description";
import type { Description } from "@qoodblock/sdk/description";
import { hashTypedData, recoverTypedData, sellOrderData } from "@qoodblock/sdk/eip712";
import { ensure, QoodError } from "@qoodblock/sdk/errors";
import { hashHeader } from "@qoodblock/sdk/formats";
import { DATA_CLASS, offerSchema } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
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

const ERC1271 = new Interface(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** An account's word on the order, a contract's too. @throws QoodError OFFER_SIGNATURE */
async function checkSigned({ client, provider }: VerifyContext, { order }: Offer, who: Hex, signature: Hex, what: string): Promise<void> {
  const { chainId, addresses } = client.deployment;
  const data = sellOrderData({ chainId, verifyingContract: addresses.escrow }, order);
  const refused = new QoodError("OFFER_SIGNATURE", `the order is not signed by ${what} ${who}`);
  if ((await provider.getCode(who)) !== "0x") {
    const answer = await provider.call({ to: who, data: ERC1271.encodeFunctionData("isValidSignature", [hashTypedData(data), signature]) }).catch(() => "0x");
    if (!answer.startsWith("0x1626ba7e")) throw refused;
    return;
  }
  let signer: string;
  try {
    signer = recoverTypedData(data, signature);
  } catch {
    throw refused;
  }
  if (!same(signer, who)) throw refused;
}

/** The token is one of the agreement's, and what its principals must have signed they have. @throws QoodError OFFER_TOKEN, OFFER_SIGNATURE */
async function checkPrincipals(context: VerifyContext, offer: Offer): Promise<void> {
  const { order, agreement, ownerSignature, oemSignature } = offer;
  const { owner, oem, tokens } = agreement.text;
  const token = tokens.find((each) => same(each.token, order.token));
  ensure(token !== undefined, "OFFER_TOKEN", `the offer's agreement does not accept the token ${order.token}`);
  const isDisputed = order.dataClass === DATA_CLASS.DISPUTED;
  const floor = order.dataClass === DATA_CLASS.OEM ? token.oemFloor : order.dataClass === DATA_CLASS.USER ? token.userFloor : token.disputedFloor;
  const isBelow = order.pages.some(({ price, lotCount }, i) => price < floor * BigInt(lotCount) && !(isDisputed && i % 2 === 1));
  if (isDisputed || (isBelow && order.dataClass === DATA_CLASS.USER)) await checkSigned(context, offer, owner, ownerSignature, "the owner");
  if (isDisputed || (isBelow && order.dataClass === DATA_CLASS.OEM)) await checkSigned(context, offer, oem, oemSignature, "the maker");
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
  await checkOrder(context, offer);
  await checkAgreement(context, offer);
  await checkSigned(context, offer, offer.order.seller, offer.signature, "its seller");
  await checkPrincipals(context, offer);
  const files = byHash(descriptions);
  const lots: OfferRecord["lots"][number][] = [];
  for (const lot of offer.lots) {
    const anchor = await checkLotOnChain(context, offer, lot, false);
    checkLotWords(lot, anchor.time);
    const file = files.get(lot.header.rest.descriptionHash.toLowerCase());
    const described = file === undefined ? undefined : checkDescription(file, lot.header);
    const time = described?.time === undefined ? null : { first: described.time.first, last: described.time.last };
    lots.push({ headerHash: hashHeader(lot.header.words), anchoredAt: anchor.time, time, cells: [...(described?.h3 ?? [])] });
  }
  return lots;
}
