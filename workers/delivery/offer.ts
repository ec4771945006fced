import { AbiCoder, id, keccak256 } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { hashTypedData, sellOrderData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { DATA_CLASS, decodeFlags, PRIVACY } from "@qoodblock/sdk/formats";
import { agreementId, DEAL_FLAGS, encodeOffer, OFFER_FORMAT, page, pairIndex } from "@qoodblock/sdk/market";
import type { Offer, OfferLot, Page, SellOrder, TokenTerms } from "@qoodblock/sdk/market";
import { readStream } from "../shared/queue/index.ts";
import type { AnnouncedBatch, StreamConfig } from "../shared/queue/index.ts";
import { currentVersion, formerVersion } from "./agreements.ts";
import type { AgreementVersion } from "./agreements.ts";
import { leastBond, shortage } from "./bonds.ts";
import { sellerOf } from "./context.ts";
import type { DeliveryContext } from "./context.ts";

/** What making an offer needs. */
export type OfferContext = Pick<DeliveryContext, "redis" | "prefix" | "settings" | "client" | "chain" | "storage" | "wallet" | "vault" | "pool" | "bonds" | "metrics" | "log">;

/** An offer that lies on the storage node. */
export interface Published {
  readonly cid: string;
  readonly orderHash: Hex;
  readonly order: SellOrder;
}

const ZERO_ADDRESS: Hex = `0x${"00".repeat(20)}`;
const ZERO_WORD: Hex = `0x${"00".repeat(32)}`;

/** The nonce of an order over some batches under an agreement version: the same after a restart, so the order is the same too. */
function orderNonce(headerHashes: readonly string[], version: number): bigint {
  return BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32[]", "uint32"], [id("qood/order-nonce/v2"), headerHashes, version])));
}

function priceOf(settings: DeliveryContext["settings"], dataClass: "OEM" | "USER", token: Hex, agreement: AgreementVersion): bigint {
  const floor = agreement.text.tokens.find((each) => each.token.toLowerCase() === token.toLowerCase());
  if (floor === undefined) throw new QoodError("OFFER_TOKEN", `the agreement does not accept the token ${token}`);
  const [wanted, least] = dataClass === "USER" ? [BigInt(settings.priceUser), floor.userFloor] : [BigInt(settings.priceOem), floor.oemFloor];
  return wanted > least ? wanted : least;
}

/** The pages of an order: each with the bond and deposit that the token's terms ask for its lots. */
function pagesOf(settings: DeliveryContext["settings"], headerHashes: readonly Hex[], price: bigint, terms: TokenTerms): { pages: Page[]; provenOnly: boolean } {
  const groups: Hex[][] = [];
  for (let at = 0; at < headerHashes.length; at += settings.pageLots) groups.push(headerHashes.slice(at, at + settings.pageLots));
  const together = settings.allOrNothing && groups.length > 1;
  const provenOnly = together || groups.every((group) => price * BigInt(group.length) >= BigInt(settings.provenFrom));
  const pages = groups.map((group) => {
    const { bond, deposit } = leastBond(terms, group.length);
    return page(group, price * BigInt(group.length), bond, provenOnly ? 0n : deposit);
  });
  return { pages, provenOnly };
}

/** What the lots of an offer have in common, and may be sold. */
async function rightsOf(context: OfferContext, batches: readonly AnnouncedBatch[]): Promise<{ config: StreamConfig & { dataClass: "OEM" | "USER" }; exclusive: boolean; agreement: bigint; current: AgreementVersion }> {
  const { client, chain } = context;
  const first = batches[0]!;
  const config = await readStream(context.redis, context.settings.announcedPrefix ?? context.prefix, first.stream);
  if (config === undefined) throw new QoodError("OFFER_STREAM", `stream ${first.stream} is not registered with this TSP`);
  const { dataClass, privacy } = config;
  if (dataClass === "DISPUTED") throw new QoodError("OFFER_CLASS", "offers of class DISPUTED need the signatures of owner and maker, which this worker does not have");
  const exclusive = decodeFlags(first.lot.header.words.flags).exclusive;
  if (batches.some(({ lot }) => decodeFlags(lot.header.words.flags).exclusive !== exclusive)) throw new QoodError("OFFER_MIXED", "exclusive batches and others are not sold as one: set offerLots to 1");
  const agreement = agreementId(BigInt(config.vehicle), config.epoch);
  const current = await currentVersion(client, chain, agreement);
  const index = pairIndex(DATA_CLASS[dataClass], PRIVACY[privacy]);
  if (current.text.pairs[index]?.authorised !== true || ((current.denied >> index) & 1) === 1) throw new QoodError("OFFER_DENIED", `version ${current.version} of the agreement does not allow to sell class ${dataClass}, ${privacy}`);
  if (current.text.agent.toLowerCase() !== sellerOf(context).toLowerCase()) throw new QoodError("OFFER_AGENT", `${sellerOf(context)} is not the agent of version ${current.version} of the agreement`);
  return { config: { ...config, dataClass }, exclusive, agreement, current };
}

/** The lots with the agreement versions by which their TSP was agent when it anchored, and the latest anchor's time. */
async function lotsOf(context: OfferContext, batches: readonly AnnouncedBatch[], agreement: bigint, current: AgreementVersion): Promise<Pick<Offer, "lots" | "formers"> & { time: number }> {
  const formers: Offer["formers"] = [];
  const lots: OfferLot[] = [];
  let latest = 0;
  for (const { lot, stream, sequence } of batches) {
    const { time } = await context.client.reads.anchorOf(lot.anchor.tsp, lot.anchor.root);
    if (time === 0) throw new QoodError("OFFER_ANCHOR", `the anchor of batch ${sequence} of stream ${stream} is not on the chain`);
    latest = Math.max(latest, time);
    let former = 0;
    if (current.start > time) {
      const { version, text } = await formerVersion(context.client, context.chain, agreement, current.version, time, lot.anchor.tsp);
      if (!formers.some((each) => each.version === version)) formers.push({ version, text });
      former = 1 + formers.findIndex((each) => each.version === version);
    }
    lots.push({ ...lot, former });
  }
  return { lots, formers, time: latest };
}

/** Refuses what could not be bought or bonded. @throws QoodError OFFER_TOKEN, OFFER_WINDOW, OFFER_BOND */
async function checkTerms(context: OfferContext, token: Hex, tokenTerms: TokenTerms, order: SellOrder): Promise<void> {
  const { client, bonds, settings } = context;
  if (!tokenTerms.listed) throw new QoodError("OFFER_TOKEN", `the exchange does not take the token ${token}`);
  const least = await client.reads.leastWindow();
  const windows = [order.deliverTime, order.complaintWindow, ...(order.answerTime === 0 ? [] : [order.answerTime])];
  if (windows.some((window) => window < least)) throw new QoodError("OFFER_WINDOW", `deliverSeconds, answerSeconds and complaintSeconds must be at least ${least}, the exchange's least window`);
  const bond = order.pages.reduce((most, each) => (each.bond > most ? each.bond : most), 0n);
  const balance = await bonds.balance(token);
  if (balance.credit - balance.reserved < bond) throw new QoodError("OFFER_BOND", shortage(sellerOf(context), token, balance, bond, settings.bondDeposit));
}

/**
 * Signs a sell order for batches of one stream and publishes its offer file. Everything in it follows from the batches, the
 * agreement's version and the settings, so a second time gives the same file.
 * @throws QoodError OFFER_* or AGREEMENT_* when they cannot be offered (now)
 */
export async function publishOffer(context: OfferContext, batches: readonly AnnouncedBatch[]): Promise<Published> {
  const { settings, client, wallet } = context;
  const { chainId, addresses } = client.deployment;
  const { config, exclusive, agreement, current } = await rightsOf(context, batches);
  const { lots, formers, time } = await lotsOf(context, batches, agreement, current);
  const token = (settings.token ?? addresses.qdd) as Hex;
  const tokenTerms = await client.reads.tokenTermsOf(token);
  const headerHashes = batches.map(({ headerHash }) => headerHash as Hex);
  const { pages, provenOnly } = pagesOf(settings, headerHashes, priceOf(settings, config.dataClass, token, current), tokenTerms);
  const together = settings.allOrNothing && pages.length > 1;
  const order: SellOrder = {
    ...{ seller: sellerOf(context), buyer: ZERO_ADDRESS, buyersRoot: ZERO_WORD, token, maxFeeBps: settings.maxFeeBps, agreementId: agreement, version: current.version },
    ...{ dataClass: DATA_CLASS[config.dataClass], privacy: PRIVACY[config.privacy], royaltyBps: 0, hook: ZERO_ADDRESS, hookCodeHash: ZERO_WORD },
    flags: (provenOnly ? DEAL_FLAGS.provenOnly : 0) + (exclusive ? DEAL_FLAGS.exclusive : 0) + (together ? DEAL_FLAGS.allOrNothing : 0),
    pages,
    ...{ deliverTime: settings.deliverSeconds, answerTime: provenOnly ? 0 : settings.answerSeconds, complaintWindow: settings.complaintSeconds },
    ...{ repeatable: !exclusive, maxFills: 0, expiry: time + settings.orderSeconds, nonce: orderNonce(headerHashes, current.version), legalHash: current.text.legalHash },
  };
  await checkTerms(context, token, tokenTerms, order);
  const data = sellOrderData({ chainId, verifyingContract: addresses.escrow }, order);
  const handover = settings.handoverListen === undefined ? {} : { handover: settings.handoverUrl ?? `http://${settings.handoverListen.includes(":") ? settings.handoverListen : `127.0.0.1:${settings.handoverListen}`}` };
  const offer: Offer = {
    ...{ format: OFFER_FORMAT, chainId, exchange: addresses.escrow, order },
    ...{ signature: await signTypedData(wallet, data), ownerSignature: "0x", oemSignature: "0x" },
    agreement: { version: current.version, text: current.text },
    ...{ lots, formers },
    multiaddrs: [...(await context.storage.id()).addresses],
    ...handover,
  };
  return { cid: await context.storage.add(encodeOffer(offer)), orderHash: hashTypedData(data), order };
}
