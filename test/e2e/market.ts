/** A small market in which single things can be made wrong: a real chain, two real storage nodes, one car, and a TSP that may lie. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HDNodeWallet, JsonRpcProvider } from "ethers";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, openProvider, openingOf } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { deliveryContext, deliveryScalar, padLots, randomDeliveryKey, wrapKeys } from "@qoodblock/sdk/delivery";
import type { DeliveryKey, Wrapping } from "@qoodblock/sdk/delivery";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { CAROBD } from "@qoodblock/sdk/dictionary";
import { sellOrderData, signTypedData } from "@qoodblock/sdk/eip712";
import { ZERO32, anchorTree } from "@qoodblock/sdk/formats";
import { batchKey, dayOf, daySecret } from "@qoodblock/sdk/keys";
import { DEAL_FLAGS, OFFER_FORMAT, agreementId, encodeOffer, lotsOfPage, page } from "@qoodblock/sdk/market";
import type { Agreement, KeyDeliveryWords, Offer, OfferLot, SellOrder } from "@qoodblock/sdk/market";
import { PageProver, closeProofEngine } from "@qoodblock/sdk/proof";
import { sealBatch } from "@qoodblock/sdk/sealing";
import type { SealInput, SealedBatch } from "@qoodblock/sdk/sealing";
import { checkOffer, pay } from "@qoodblock/sdk/purchase";
import type { Paid } from "@qoodblock/sdk/purchase";
import type { BuyerContext } from "../../cli/flows/buyer/context.ts";
import { deploy } from "../../scripts/deploy/deploy.ts";
import { createHeliaStorage } from "../../workers/shared/storage/index.ts";
import type { Storage } from "../../workers/shared/storage/index.ts";
import { testAccount, testChain } from "../workers/support/engines.ts";
import { bytes32, makeCar } from "../workers/support/fleet.ts";
import type { Car } from "../workers/support/fleet.ts";
import { act, depositBonds, enrolDevice, fundBuyer, mintWithAgreement } from "../workers/support/market.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const FAR = 4_000_000_000;
const ZERO_ADDRESS: Hex = `0x${"00".repeat(20)}`;
/** What a batch costs, in the smallest unit of QDD: above the agreement's floor. */
export const PRICE = 3_000_000n;
/** What the seller bonds and the buyer deposits for a page of one batch, likewise: QDD's terms at deployment. */
export const BOND = 2_000_000n;
export const DEPOSIT = 500_000n;
/** How long the buyer waits for a file that nobody gives, milliseconds. */
const PATIENCE_MS = 2500;

/** A sealed batch with its key. */
export interface Batch {
  readonly sealed: SealedBatch;
  readonly k: bigint;
  readonly messages: readonly DeviceMessage[];
}

/** How a batch is made; each default is the honest way. */
export interface BatchRecipe {
  readonly car?: Car;
  /** Account that the header names. */
  readonly tsp?: HDNodeWallet;
  /** Device key that the header names. */
  readonly devicePublicKey?: Hex;
  readonly messages?: readonly DeviceMessage[];
  /** Seals otherwise than `sealBatch`. */
  readonly seal?: (input: SealInput) => SealedBatch;
  readonly exclusive?: boolean;
  readonly k2?: bigint;
}

/** Where a batch's files and header are brought; each default is the honest way. */
export interface LotRecipe {
  /** Who anchors; null: nobody. */
  readonly anchoredBy?: HDNodeWallet | null;
  /** The dataHash list is not uploaded. */
  readonly withholdDataHashes?: boolean;
}

/** See {@link startMarket}. */
export interface Market {
  readonly client: Client;
  readonly provider: JsonRpcProvider;
  readonly accounts: { readonly foundation: HDNodeWallet; readonly oem: HDNodeWallet; readonly owner: HDNodeWallet; readonly tsp: HDNodeWallet; readonly buyer: HDNodeWallet; readonly keeper: HDNodeWallet };
  /** What the buyer's steps work with. */
  readonly buyer: BuyerContext;
  /** The TSP's node. */
  readonly seller: Storage;
  readonly repos: { readonly seller: string; readonly buyer: string };
  /** The car whose data is sold, its device registered. */
  readonly car: Car;
  /** Mints a further vehicle with an agreement and a registered device. */
  newCar(): Promise<Car>;
  /** Four messages of five rows as a car's device would sign them at the start of its chain, from second `at` of the day's drive on. */
  drive(car: Car, at: number): DeviceMessage[];
  seal(recipe?: BatchRecipe): Batch;
  /** Uploads and anchors a batch. */
  lot(batch: Batch, recipe?: LotRecipe): Promise<OfferLot>;
  /** An offer for a lot, or for several on one page, its order signed by the TSP; `order` changes what is signed. */
  offer(lot: OfferLot | readonly OfferLot[], batch: Batch | readonly Batch[], order?: Partial<SellOrder>, car?: Car): Promise<Offer>;
  /** Puts an offer on the TSP's node. */
  publish(offer: Offer): Promise<string>;
  /** All of it, honestly. */
  sell(recipe?: BatchRecipe, order?: (batch: Batch) => Partial<SellOrder>): Promise<{ batch: Batch; lot: OfferLot; offer: Offer; cid: string }>;
  /** Terms of an order that may be delivered without a proof; `batch` is what it sells. */
  readonly unproven: (batch: Batch) => Partial<SellOrder>;
  /** What the buyer's program does: check, and only if all is well, pay. */
  purchase(cid: string, key?: DeliveryKey): Promise<Paid>;
  /** Delivers keys for a page with a proof, as the delivery worker does. */
  deliver(paid: Paid, keys: bigint | readonly bigint[], page?: number): Promise<void>;
  /** The same without a proof: whatever keys are given. */
  deliverUnproven(paid: Paid, keys: bigint | readonly bigint[], page?: number): Promise<void>;
  /** Answers a challenge with the proof of exactly what was delivered. */
  answer(paid: Paid, keys: bigint | readonly bigint[], page?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Puts other bytes where a node keeps exactly these. */
export function replaceBlock(repo: string, bytes: Uint8Array, by: Uint8Array): void {
  const folder = join(repo, "blocks");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)).filter((name) => name.endsWith(".data"));
  const found = files.find((name) => readFileSync(name).equals(bytes));
  if (found === undefined) throw new Error(`no block of ${bytes.length} bytes like this in ${repo}`);
  writeFileSync(found, by);
}

/** One bit of a byte string turned over. */
export function flipped(bytes: Uint8Array, at = 5): Uint8Array {
  return Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
}

/** Starts a market; it costs some six seconds. */
export async function startMarket(): Promise<Market> {
  const dir = mkdtempSync(join(tmpdir(), "qood-market-"));
  // At the very end: a node that has been stopped may still note which peers it has lost.
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  const repos = { seller: join(dir, "seller"), buyer: join(dir, "buyer") };
  const [chain, seller, own] = await Promise.all([testChain(join(dir, "chain")), createHeliaStorage({ repo: repos.seller }), createHeliaStorage({ repo: repos.buyer })]);
  const provider = openProvider(chain.url, 31337, 100);
  const [foundation, oem, owner, tsp, buyer, keeper] = [0, 1, 2, 3, 4, 5].map(testAccount) as [HDNodeWallet, HDNodeWallet, HDNodeWallet, HDNodeWallet, HDNodeWallet, HDNodeWallet];
  const accounts = { foundation, oem, owner, tsp, buyer, keeper };
  const deployment = await deploy({
    ...{ foundation: foundation.connect(provider), oems: [{ account: oem.address as Hex, wmis: ["WDB"] }], tsps: [tsp.address as Hex], leastWindow: 2 },
    ...{ artifacts: join(root, "artifacts"), developmentKey: true },
  });
  const client = createClient(deployment, provider);
  const world = { accounts, client, provider };
  const { addresses, chainId } = deployment;
  const peers = (await seller.id()).addresses;
  const storage: Storage = { ...own, get: (cid, options) => own.get(cid, { timeoutMs: PATIENCE_MS, ...options }) };
  const context: BuyerContext = { client, provider, signer: buyer.connect(provider), storage, say: () => undefined };
  const texts = new Map<string, Agreement>();
  const numbers = new Map<Hex, number>();
  let [cars, seals] = [0, 0];
  let prover: PageProver | undefined;

  /** Wrapped by the same scalar each time, so that an answer proves what was delivered. */
  function wrap({ dealId, terms }: Paid, keys: bigint | readonly bigint[], pageNumber: number): Wrapping {
    const { keyX, keyY } = terms.sale;
    const place = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId, page: pageNumber });
    return wrapKeys({ buyerKey: [keyX, keyY], context: place, keys: padLots([keys].flat()), scalar: deliveryScalar(bytes32("delivery secret"), place) });
  }
  async function prove(paid: Paid, keys: bigint | readonly bigint[], pageNumber: number): Promise<KeyDeliveryWords> {
    prover ??= new PageProver(join(root, "circuits", "keys"), { singleThread: true });
    const { proof: { a, b, c }, statement } = await prover.prove(wrap(paid, keys, pageNumber).input);
    return { r: [...statement.R], c: [...statement.c], proofA: [...a], proofB: [[...b[0]], [...b[1]]], proofC: [...c] };
  }

  async function newCar(): Promise<Car> {
    const n = (cars += 1);
    const { vehicle, text } = await mintWithAgreement(world, n);
    texts.set(vehicle, text);
    const car = makeCar(n, addresses.vehicleRegistry.toLowerCase() as Hex, vehicle);
    numbers.set(car.config.handle, n);
    await enrolDevice(world, n, car);
    return car;
  }
  const car = await newCar();
  await fundBuyer(world, 1000n * PRICE);
  await depositBonds(world, 1000n * BOND);

  const market: Market = {
    ...{ client, provider, accounts, buyer: context, seller, repos, car, newCar },
    drive(from, at) {
      const anew = makeCar(numbers.get(from.config.handle)!, addresses.vehicleRegistry.toLowerCase() as Hex, from.config.vehicle);
      return [0, 1, 2, 3].map((i) => anew.message(at + 5 * i, 5));
    },
    seal(recipe = {}) {
      const from = recipe.car ?? car;
      seals += 1;
      const messages = recipe.messages ?? market.drive(from, seals * 100);
      const stream = from.config.handle;
      const sealNonce = toHex(bytes32(`seal nonce ${seals}`));
      const day = dayOf(Date.UTC(2026, 2, 1));
      const k = batchKey(daySecret(bytes32(`stream secret ${stream}`), day), stream, 0, sealNonce);
      const input: SealInput = {
        header: {
          ...{ stream, sequence: 0, tsp: (recipe.tsp ?? tsp).address as Hex, flags: { exclusive: recipe.exclusive ?? false, origin: "DEVICE_SIGNED" } },
          ...{ previousHeader: ZERO32, sealNonce, keyEpoch: 0, schema: from.config.schema, dictionaryVersion: 1, devicePublicKey: recipe.devicePublicKey ?? from.config.devicePublicKey },
        },
        keys: recipe.k2 === undefined ? { k1: k } : { k1: k, k2: recipe.k2 },
        intervals: [{ blocks: messages.map(({ counter, salt16, signature, rows }) => ({ messages: [{ counter, salt16, signature, rows }] })) }],
        ...{ columns: CAROBD.columns.length, chainBefore: ZERO32 },
      };
      return { sealed: (recipe.seal ?? sealBatch)(input), k, messages };
    },
    async lot({ sealed }, { anchoredBy = tsp, withholdDataHashes = false } = {}) {
      const ciphertext = await seller.add(sealed.ciphertext);
      const dataHashes = withholdDataHashes ? sealed.cids.dataHashes : await seller.add(sealed.dataHashes);
      const description = await seller.add(sealed.description);
      const tree = anchorTree([sealed.headerHash]);
      if (anchoredBy !== null) await act(world, anchoredBy, client.calls.anchor(tree.root, 0, tree.listHash, tree.listDigest));
      const anchor = { tsp: sealed.header.words.tsp, root: tree.root, sequence: 0, path: tree.paths[0]! };
      return { header: sealed.header, envelope: sealed.envelope, anchor, cids: { ciphertext, dataHashes, description }, former: 0 };
    },
    async offer(lot, batch, change = {}, from = car) {
      const batches = [batch].flat();
      const text = texts.get(from.config.vehicle)!;
      const order: SellOrder = {
        ...{ seller: tsp.address as Hex, buyer: ZERO_ADDRESS, buyersRoot: ZERO32, token: addresses.qdd, maxFeeBps: 0, agreementId: agreementId(text.vehicle, text.epoch), version: 1 },
        ...{ dataClass: 2, privacy: 1, flags: DEAL_FLAGS.provenOnly, royaltyBps: 0, hook: ZERO_ADDRESS, hookCodeHash: ZERO32 },
        pages: [page(batches.map(({ sealed }) => sealed.headerHash), BigInt(batches.length) * PRICE, BigInt(batches.length) * BOND)],
        ...{ deliverTime: 600, answerTime: 0, complaintWindow: 5, repeatable: true, maxFills: 0, expiry: FAR, nonce: BigInt(batches[0]!.sealed.headerHash), legalHash: text.legalHash },
        ...change,
      };
      const signature = await signTypedData(tsp, sellOrderData({ chainId, verifyingContract: addresses.escrow }, order));
      return {
        ...{ format: OFFER_FORMAT, chainId, exchange: addresses.escrow, order, signature, ownerSignature: "0x", oemSignature: "0x" },
        ...{ agreement: { version: order.version, text }, lots: [lot].flat(), formers: [], multiaddrs: [...peers] },
      };
    },
    publish: (offer) => seller.add(encodeOffer(offer)),
    unproven: ({ sealed }) => ({ flags: 0, answerTime: 600, complaintWindow: 600, pages: [page([sealed.headerHash], PRICE, BOND, DEPOSIT)] }),
    async sell(recipe = {}, order = () => ({})) {
      const batch = market.seal(recipe);
      const lot = await market.lot(batch, recipe.tsp === undefined ? {} : { anchoredBy: recipe.tsp });
      const offer = await market.offer(lot, batch, order(batch), recipe.car);
      return { batch, lot, offer, cid: await market.publish(offer) };
    },
    async purchase(cid, key = randomDeliveryKey()) {
      return pay(context, await checkOffer(context, cid, peers), key);
    },
    async deliver(paid, keys, pageNumber = 0) {
      await act(world, tsp, client.calls.deliverProven(paid.terms, pageNumber, openingOf(paid.checked.offer, pageNumber), await prove(paid, keys, pageNumber)));
    },
    async deliverUnproven(paid, keys, pageNumber = 0) {
      const { R, c } = wrap(paid, keys, pageNumber).statement;
      await act(world, tsp, client.calls.deliverUnproven(paid.terms, pageNumber, openingOf(paid.checked.offer, pageNumber), [...R], c));
    },
    async answer(paid, keys, pageNumber = 0) {
      const headers = lotsOfPage(paid.checked.offer, pageNumber).map(({ header }) => header.words);
      await act(world, tsp, client.calls.answer(paid.terms, pageNumber, headers, await prove(paid, keys, pageNumber)));
    },
    async stop() {
      await closeProofEngine();
      provider.destroy();
      await Promise.all([seller.close(), own.close(), chain.stop()]);
    },
  };
  return market;
}
