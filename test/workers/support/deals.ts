import type { HDNodeWallet } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { eventIn, readEvents, send, purchaseOf } from "@qoodblock/sdk/client";
import type { Call } from "@qoodblock/sdk/client";
import { deliveryContext, padLots, randomDeliveryKey, unwrapKeys } from "@qoodblock/sdk/delivery";
import type { DeliveryKey, WrappedKeys } from "@qoodblock/sdk/delivery";
import { signTypedData, withdrawalData } from "@qoodblock/sdk/eip712";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import { decodeOffer, lotsOfPage } from "@qoodblock/sdk/market";
import type { DealState, Offer, Purchase, Terms } from "@qoodblock/sdk/market";
import { keys } from "../../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../../workers/shared/storage/kubo.ts";
import { act } from "./market.ts";
import { secretOf, until } from "./world.ts";
import type { Car } from "./fleet.ts";
import type { World } from "./world.ts";

/** A deal as its buyer knows it. */
export interface TestDeal {
  readonly dealId: Hex;
  readonly terms: Terms;
  readonly offer: Offer;
  readonly key: DeliveryKey;
}

/** An offer as it was announced. */
export interface Announced {
  readonly cid: string;
  readonly stream: string;
  readonly sequence: number;
  readonly price: string;
  readonly pages: number;
}

/** All offers that were announced, in order. */
export async function announcedOffers(world: World, prefix: string): Promise<Announced[]> {
  return (await world.redis.xrange(keys.offers(prefix), "-", "+")).map(([, [, text]]) => JSON.parse(text!) as Announced);
}

/** Reads an offer file as a buyer does. */
export async function readOffer(world: World, cid: string): Promise<Offer> {
  const storage = createKuboStorage(world.storageSocket);
  try {
    return decodeOffer(await storage.get(cid));
  } finally {
    await storage.close();
  }
}

let nonces = 1000n;

/** Buys an offer with a fresh delivery key, as the world's buyer or another account that has money. */
export async function buyDeal(world: World, offer: Offer, who: HDNodeWallet = world.accounts.buyer): Promise<TestDeal> {
  const key = randomDeliveryKey();
  return bought(world, who, offer, key, world.client.calls.buy(purchaseFor(offer, key)));
}

/** Buys an offer for the world's buyer out of its credit, with time to reject it. */
export async function buyReserved(world: World, offer: Offer, inspectTime: number): Promise<TestDeal> {
  const { buyer } = world.accounts;
  const key = randomDeliveryKey();
  return bought(world, buyer, offer, key, world.client.calls.buyFor(purchaseFor(offer, key), buyer.address as Hex, inspectTime));
}

const purchaseFor = (offer: Offer, key: DeliveryKey): Purchase => purchaseOf(offer, { keyX: key.publicKey[0], keyY: key.publicKey[1], nonce: (nonces += 1n) });

async function bought(world: World, who: HDNodeWallet, offer: Offer, key: DeliveryKey, call: Call): Promise<TestDeal> {
  const receipt = await send(who.connect(world.provider), call);
  const { dealId, sale } = eventIn(world.client.deployment, "Bought", receipt)!;
  return { dealId, terms: { order: offer.order, sale }, offer, key };
}

/** State of a page on the chain. */
export const stateOf = async (world: World, deal: TestDeal, page = 0): Promise<DealState> => (await world.client.reads.pageOf(deal.terms, page)).deal.state;

/** Events by which a page comes into a state. They stay, also where the state is over before anybody looks. */
const EVENTS_OF: Readonly<Partial<Record<DealState, readonly ("DeliveredUnproven" | "DeliveredProven" | "Challenged" | "Answered" | "Settled" | "Refunded")[]>>> = {
  ...{ DeliveredUnproven: ["DeliveredUnproven"], Challenged: ["Challenged"], DeliveredProven: ["DeliveredProven", "Answered"], Settled: ["Settled"], Refunded: ["Refunded"] },
};

/** Waits until a page is in a state, or was. */
export async function untilState(world: World, deal: Pick<TestDeal, "dealId" | "terms">, state: DealState, page = 0): Promise<void> {
  const { deployment, reads } = world.client;
  await until(`page ${page} to be ${state}`, async () => {
    if ((await reads.pageOf(deal.terms, page)).deal.state === state) return true;
    for (const name of EVENTS_OF[state] ?? []) {
      const events = await readEvents(deployment, world.provider, name, { fromBlock: 0, toBlock: "latest", indexed: [deal.dealId] });
      if (events.some((event) => event.page === page)) return true;
    }
    return false;
  });
}

/** The keys that the stream's owner would derive for a page's batches. */
export function trueKeys(car: Car, deal: TestDeal, page = 0): bigint[] {
  return lotsOfPage(deal.offer, page).map(({ header: { words, rest } }) => batchKey(daySecret(secretOf(car), rest.day), car.config.handle, words.sequence, rest.sealNonce));
}

/** Opens wrapped keys as the buyer; throws for any that is not the committed one. */
export function openKeys(world: World, deal: TestDeal, wrapped: WrappedKeys, page = 0): bigint[] {
  const { chainId, addresses } = world.client.deployment;
  const context = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId: deal.dealId, page });
  const lots = lotsOfPage(deal.offer, page);
  return unwrapKeys(deal.key.secret, { context, commitments: padLots(lots.map(({ header }) => header.words.kc1)), wrapped }).slice(0, lots.length);
}

/** All deliveries of a page that stand in the chain. */
export async function deliveriesOf(world: World, deal: TestDeal, page = 0): Promise<(WrappedKeys & { readonly name: "DeliveredUnproven" | "DeliveredProven" })[]> {
  const found = [];
  for (const name of ["DeliveredUnproven", "DeliveredProven"] as const) {
    const events = await readEvents(world.client.deployment, world.provider, name, { fromBlock: 0, toBlock: "latest", indexed: [deal.dealId, BigInt(page)] });
    found.push(...events.map(({ r, c }) => ({ name, R: r, c })));
  }
  return found;
}

/** Lets the chain's clock run. */
export async function passTime(world: World, seconds: number): Promise<void> {
  await world.provider.send("evm_increaseTime", [seconds]);
  await world.provider.send("evm_mine", []);
}

/** Pays out of the TSP's standing balance all but an amount; another account sends, as the TSP's is its workers' lane. */
export async function withdrawAllBut(world: World, leave: bigint): Promise<void> {
  const { tsp, keeper } = world.accounts;
  const { client } = world;
  const { chainId, addresses } = client.deployment;
  const [account, token] = [tsp.address as Hex, addresses.qdd];
  const deadline = (await world.provider.getBlock("latest"))!.timestamp + 600;
  const withdrawal = { account, token, to: keeper.address as Hex, amount: (await client.reads.creditOf(account, token)) - leave, nonce: await client.reads.withdrawalNonce(account), deadline };
  const signature = await signTypedData(tsp, withdrawalData({ chainId, verifyingContract: addresses.escrow }, withdrawal));
  await act(world, keeper, client.calls.withdrawFor({ ...withdrawal, signature }));
}
