import { AbiCoder, id, keccak256 } from "ethers";
import type { BaseWallet } from "ethers";
import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { hashTypedData, sellOrderData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { DATA_CLASS, decodeFlags, PRIVACY } from "@qoodblock/sdk/formats";
import { agreementId, DEAL_FLAGS, encodeOffer, OFFER_FORMAT, page, pairIndex } from "@qoodblock/sdk/market";
import type { Offer, SellOrder } from "@qoodblock/sdk/market";
import type { Chain } from "../shared/chain/index.ts";
import { readStream } from "../shared/queue/index.ts";
import type { AnnouncedBatch } from "../shared/queue/index.ts";
import type { Storage } from "../shared/storage/index.ts";
import { currentVersion, formerVersion } from "./agreements.ts";
import type { AgreementVersion } from "./agreements.ts";
import type { DeliverySettings } from "./settings.ts";

/** What making an offer needs. */
export interface OfferContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly settings: DeliverySettings;
  readonly client: Client;
  readonly chain: Chain;
  readonly storage: Storage;
  readonly wallet: BaseWallet;
}

/** An offer that lies on the storage node. */
export interface Published {
  readonly cid: string;
  readonly orderHash: Hex;
  readonly order: SellOrder;
}

const ZERO_ADDRESS: Hex = `0x${"00".repeat(20)}`;
const ZERO_WORD: Hex = `0x${"00".repeat(32)}`;

/** The nonce of a batch's order under an agreement version: the same after a restart, so the order is the same too. */
function orderNonce(headerHash: string, version: number): bigint {
  return BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32", "uint32"], [id("qood/order-nonce/v1"), headerHash, version])));
}

function priceOf(settings: DeliverySettings, dataClass: "OEM" | "USER", token: Hex, agreement: AgreementVersion): bigint {
  const floor = agreement.text.tokens.find((each) => each.token.toLowerCase() === token.toLowerCase());
  if (floor === undefined) throw new QoodError("OFFER_TOKEN", `the agreement does not accept the token ${token}`);
  const [wanted, least] = dataClass === "USER" ? [BigInt(settings.priceUser), floor.userFloor] : [BigInt(settings.priceOem), floor.oemFloor];
  return wanted > least ? wanted : least;
}

/**
 * Signs a sell order for a batch and publishes its offer file. Everything in it follows from the batch, the agreement's
 * version and the settings, so a second time gives the same file.
 * @throws QoodError OFFER_* or AGREEMENT_* when the batch cannot be offered (now)
 */
export async function publishOffer(context: OfferContext, batch: AnnouncedBatch): Promise<Published> {
  const { settings, client, chain, wallet } = context;
  const { deployment } = client;
  const config = await readStream(context.redis, context.prefix, batch.stream);
  if (config === undefined) throw new QoodError("OFFER_STREAM", `stream ${batch.stream} is not registered with this TSP`);
  const { dataClass, privacy } = config;
  if (dataClass === "DISPUTED") throw new QoodError("OFFER_CLASS", "batches of class DISPUTED need two pages, which this exchange does not take yet");
  if (decodeFlags(batch.lot.header.words.flags).exclusive) throw new QoodError("OFFER_EXCLUSIVE", "exclusive batches bind to exclusive deals, which this exchange does not take yet");
  const agreement = agreementId(BigInt(config.vehicle), config.epoch);
  const current = await currentVersion(client, chain, agreement);
  const seller = wallet.address as Hex;
  const index = pairIndex(DATA_CLASS[dataClass], PRIVACY[privacy]);
  if (current.text.pairs[index]?.authorised !== true || ((current.denied >> index) & 1) === 1) throw new QoodError("OFFER_DENIED", `version ${current.version} of the agreement does not allow to sell class ${dataClass}, ${privacy}`);
  if (current.text.agent.toLowerCase() !== seller.toLowerCase()) throw new QoodError("OFFER_AGENT", `${seller} is not the agent of version ${current.version} of the agreement`);
  const { time } = await client.reads.anchorOf(batch.lot.anchor.tsp, batch.lot.anchor.root);
  if (time === 0) throw new QoodError("OFFER_ANCHOR", `the anchor of batch ${batch.sequence} of stream ${batch.stream} is not on the chain`);
  const former = current.start <= time ? undefined : await formerVersion(client, chain, agreement, current.version, time, batch.lot.anchor.tsp);

  const token = (settings.token ?? deployment.addresses.qdd) as Hex;
  const { scale, bond1 } = await client.reads.tokenTermsOf(token);
  const bond = BigInt(bond1) * 10n ** BigInt(scale);
  const order: SellOrder = {
    ...{ seller, buyer: ZERO_ADDRESS, buyersRoot: ZERO_WORD, token, maxFeeBps: settings.maxFeeBps, agreementId: agreement, version: current.version },
    ...{ dataClass: DATA_CLASS[dataClass], privacy: PRIVACY[privacy], flags: DEAL_FLAGS.provenOnly, royaltyBps: 0, hook: ZERO_ADDRESS, hookCodeHash: ZERO_WORD },
    pages: [page([batch.headerHash as Hex], priceOf(settings, dataClass, token, current), bond)],
    ...{ deliverTime: settings.deliverSeconds, answerTime: 0, complaintWindow: settings.complaintSeconds, repeatable: true, maxFills: 0 },
    ...{ expiry: time + settings.orderSeconds, nonce: orderNonce(batch.headerHash, current.version), legalHash: current.text.legalHash },
  };
  const data = sellOrderData({ chainId: deployment.chainId, verifyingContract: deployment.addresses.escrow }, order);
  const offer: Offer = {
    ...{ format: OFFER_FORMAT, chainId: deployment.chainId, exchange: deployment.addresses.escrow, order },
    ...{ signature: await signTypedData(wallet, data), ownerSignature: "0x", oemSignature: "0x" },
    agreement: { version: current.version, text: current.text },
    lots: [{ ...batch.lot, former: former === undefined ? 0 : 1 }],
    formers: former === undefined ? [] : [{ version: former.version, text: former.text }],
    multiaddrs: [...(await context.storage.id()).addresses],
  };
  return { cid: await context.storage.add(encodeOffer(offer)), orderHash: hashTypedData(data), order };
}
