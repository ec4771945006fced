/** Logs as typed events. */
import { getAddress, type Log, type Provider, type Result } from "ethers";
import type { Hex } from "../bytes/index.ts";
import type { SchemaWords } from "../dictionary/index.ts";
import { type Agreement, type BuyOrder, REFUND_REASONS, type RefundReason, type Sale, saleOf, type VersionTerms } from "../market/index.ts";
import type { Deployment } from "./deployment.ts";
import { type ContractKey, INTERFACES } from "./interfaces.ts";
import { logName, readLog } from "./logs.ts";

/** Where an event stands in the chain. */
export interface EventPlace {
  blockNumber: number;
  blockHash: Hex;
  transactionHash: Hex;
  logIndex: number;
}

/** The events that programs follow, by name. */
export interface Events {
  VehicleMinted: { vehicle: bigint; oem: Hex; owner: Hex; tag: Hex; tsp: Hex; legalHash: Hex };
  VehicleUnconfirmed: { vehicle: bigint; oem: Hex };
  VehicleConfirmed: { vehicle: bigint; oem: Hex; tag: Hex };
  EpochClosed: { vehicle: bigint; epoch: number; owner: Hex; endedAt: number };
  DeviceSetUp: { deviceKey: Hex; vehicle: bigint; agent: Hex; device: Hex; publicKey: Hex };
  DeviceRetired: { deviceKey: Hex; vehicle: bigint; validUntil: number };
  DeviceReset: { deviceKey: Hex; newKey: Hex; vehicle: bigint; recovered: boolean };
  RecoveryAsked: { deviceKey: Hex; newKey: Hex; owner: Hex; readyAt: number };
  Anchored: { tsp: Hex; root: Hex; sequence: number; leavesHash: Hex; listDigest: Hex };
  Equivocated: { tsp: Hex; stream: Hex; first: Hex; second: Hex; reason: number };
  LateHeaderAdmitted: { headerHash: Hex; tsp: Hex; vehicle: bigint; epoch: number };
  KeyEpochBegun: { stream: Hex; by: Hex; keyEpoch: number };
  SchemaProposed: { id: Hex; proposer: Hex; key: Hex; schema: SchemaWords; deposit: bigint };
  ProposalRetracted: { id: Hex; proposer: Hex; key: Hex };
  ProposalRejected: { id: Hex; proposer: Hex; key: Hex; curator: Hex };
  SchemaAccepted: { id: Hex; proposer: Hex; key: Hex; schema: SchemaWords; curator: Hex };
  SchemaDeprecated: { id: Hex; curator: Hex };
  Agreed: { agreementId: bigint; version: number; agent: Hex; text: Agreement; terms: VersionTerms };
  Denied: { agreementId: bigint; by: Hex; dataClass: number; privacy: number };
  Ended: { agreementId: bigint; by: Hex; version: number; endsAt: number };
  Bought: { dealId: Hex; seller: Hex; buyer: Hex; orderHash: Hex; sale: Sale };
  Accepted: { dealId: Hex };
  Rejected: { dealId: Hex; amount: bigint };
  DeliveredUnproven: { dealId: Hex; page: number; r: [bigint, bigint]; c: bigint[] };
  DeliveredProven: { dealId: Hex; page: number; r: [bigint, bigint]; c: bigint[] };
  Challenged: { dealId: Hex; page: number; answerBy: number };
  Answered: { dealId: Hex; page: number; complainBy: number };
  HeaderShownBad: { headerHash: Hex; dealId: Hex };
  HeaderShownEquivocated: { headerHash: Hex };
  Settled: { dealId: Hex; page: number; byReceipt: boolean; owner: bigint; oem: bigint; agent: bigint; storage: bigint; seller: bigint; fee: bigint };
  Refunded: { dealId: Hex; page: number; reason: RefundReason; amount: bigint; bond: bigint };
  OrdersCancelled: { seller: Hex; word: bigint; mask: bigint };
  BuyOrderPlaced: { id: Hex; buyer: Hex; schema: Hex; wanted: BuyOrder; amount: bigint };
  BuyOrderFunded: { id: Hex; amount: bigint };
  BuyOrderClosed: { id: Hex; returned: bigint };
  BuyOrderFilled: { id: Hex; dealId: Hex; seller: Hex; spent: bigint; lots: number };
  AnswerGiven: { id: Hex; agent: Hex; orderHash: Hex; offerDigest: Hex };
  AnswerAccepted: { id: Hex; dealId: Hex; agent: Hex; orderHash: Hex; spent: bigint };
  AnswerReturned: { id: Hex; agent: Hex; orderHash: Hex; deposit: bigint };
  AnswerJunked: { id: Hex; agent: Hex; orderHash: Hex; burnt: bigint };
  HeaderShown: { headerHash: Hex; tsp: Hex; stream: Hex; sequence: number; sampleBlock: number };
  Captured: { blockNumber: number; value: Hex };
  HookMade: { hook: Hex; codeHash: Hex; kind: string };
  Deposited: { account: Hex; token: Hex; by: Hex; amount: bigint };
  Withdrawn: { account: Hex; token: Hex; to: Hex; amount: bigint };
}
export type EventName = keyof Events;

const hex64 = (value: bigint): string => value.toString(16).padStart(64, "0");
const n = Number;

/* eslint-disable @typescript-eslint/no-unsafe-assignment -- an ethers Result is untyped; the ABI that it was decoded by gives its form, and tests compare. */
const sale = (t: Result): Sale => {
  const unpacked = saleOf({ party: t.party, fee: t.fee, rightKey: t.rightKey, agreementDigest: t.agreementDigest, keyX: t.keyX, keyY: t.keyY });
  return { ...unpacked, buyer: getAddress(unpacked.buyer) as Hex, feeRecipient: getAddress(unpacked.feeRecipient) as Hex };
};

const delivery = (a: Result) => ({ dealId: a.dealId, page: n(a.page), r: [...(a.r as Result)] as [bigint, bigint], c: [...(a.c as Result)] as bigint[] });

const agreementOf = (a: Result): Agreement => ({
  vehicle: a.vehicle,
  epoch: n(a.epoch),
  owner: a.owner,
  oem: a.oem,
  agent: a.agent,
  storagePayee: a.storagePayee,
  pairs: (a.pairs as Result[]).map((p) => ({
    dataClass: n(p.dataClass),
    privacy: n(p.privacy),
    authorised: p.authorised,
    ownerBps: n(p.ownerBps),
    oemBps: n(p.oemBps),
    agentBps: n(p.agentBps),
    storageBps: n(p.storageBps),
  })),
  tokens: (a.tokens as Result[]).map((t) => ({ token: t.token, oemFloor: t.oemFloor, userFloor: t.userFloor, disputedFloor: t.disputedFloor })),
  noticePeriod: n(a.noticePeriod),
  legalHash: a.legalHash,
  nonce: n(a.nonce),
  deadline: n(a.deadline),
});

const schemaWords = (s: Result): SchemaWords => ({ name: s.name, version: s.version, digest: s.digest, fileHash: s.fileHash, fields: n(s.fields) });

const proposalOf = (a: Result) => ({ id: a.id, proposer: a.proposer, key: a.key });

const versionTermsOf = (v: Result): VersionTerms => ({
  owner: v.owner,
  oem: v.oem,
  storagePayee: v.storagePayee,
  textHash: v.textHash,
  agent: v.agent,
  shares: v.shares,
  tokensHash: v.tokensHash,
});

const buyOrderOf = (w: Result): BuyOrder => ({
  buyer: w.buyer,
  token: w.token,
  schema: w.schema,
  dataClass: n(w.dataClass),
  privacy: n(w.privacy),
  flags: n(w.flags),
  origins: n(w.origins),
  firstTime: n(w.firstTime),
  lastTime: n(w.lastTime),
  anchoredFrom: n(w.anchoredFrom),
  anchoredTo: n(w.anchoredTo),
  cellsHash: w.cellsHash,
  vehicleHash: w.vehicleHash,
  searchDigest: w.searchDigest,
  agentsRoot: w.agentsRoot,
  oem: w.oem,
  legalHash: w.legalHash,
  minLots: n(w.minLots),
  maxPrice: w.maxPrice,
  maxDeliverTime: n(w.maxDeliverTime),
  minComplaintWindow: n(w.minComplaintWindow),
  inspectTime: n(w.inspectTime),
  deadline: n(w.deadline),
  answerDeposit: w.answerDeposit,
  keyX: w.keyX,
  keyY: w.keyY,
  nonce: w.nonce,
});

const answerOf = (a: Result) => ({ id: a.id, agent: a.agent, orderHash: a.orderHash });

const EVENTS: { [E in EventName]: { contract: ContractKey; decode: (args: Result) => Events[E] } } = {
  VehicleMinted: {
    contract: "vehicleRegistry",
    decode: (a) => ({ vehicle: a.vehicle, oem: a.oem, owner: a.owner, tag: a.tag, tsp: a.tsp, legalHash: a.legalHash }),
  },
  VehicleUnconfirmed: { contract: "vehicleRegistry", decode: (a) => ({ vehicle: a.vehicle, oem: a.oem }) },
  VehicleConfirmed: { contract: "vehicleRegistry", decode: (a) => ({ vehicle: a.vehicle, oem: a.oem, tag: a.tag }) },
  EpochClosed: {
    contract: "vehicleRegistry",
    decode: (a) => ({ vehicle: a.vehicle, epoch: n(a.epoch), owner: a.owner, endedAt: n(a.endedAt) }),
  },
  DeviceSetUp: {
    contract: "deviceRegistry",
    decode: (a) => ({ deviceKey: a.deviceKey, vehicle: a.vehicle, agent: a.agent, device: a.device, publicKey: `0x${hex64(a.x as bigint)}${hex64(a.y as bigint)}` }),
  },
  DeviceRetired: {
    contract: "deviceRegistry",
    decode: (a) => ({ deviceKey: a.deviceKey, vehicle: a.vehicle, validUntil: n(a.validUntil) }),
  },
  DeviceReset: {
    contract: "deviceRegistry",
    decode: (a) => ({ deviceKey: a.deviceKey, newKey: a.newKey, vehicle: a.vehicle, recovered: a.recovered }),
  },
  RecoveryAsked: {
    contract: "deviceRegistry",
    decode: (a) => ({ deviceKey: a.deviceKey, newKey: a.newKey, owner: a.owner, readyAt: n(a.readyAt) }),
  },
  Equivocated: {
    contract: "dataRegistry",
    decode: (a) => ({ tsp: a.tsp, stream: a.stream, first: a.first, second: a.second, reason: n(a.reason) }),
  },
  LateHeaderAdmitted: {
    contract: "dataRegistry",
    decode: (a) => ({ headerHash: a.headerHash, tsp: a.tsp, vehicle: a.vehicle, epoch: n(a.epoch) }),
  },
  KeyEpochBegun: { contract: "dataRegistry", decode: (a) => ({ stream: a.stream, by: a.by, keyEpoch: n(a.keyEpoch) }) },
  Anchored: {
    contract: "dataRegistry",
    decode: (a) => ({ tsp: a.tsp, root: a.root, sequence: n(a.sequence), leavesHash: a.leavesHash, listDigest: a.listDigest }),
  },
  SchemaProposed: { contract: "dataDictionary", decode: (a) => ({ ...proposalOf(a), schema: schemaWords(a.schema as Result), deposit: a.deposit }) },
  ProposalRetracted: { contract: "dataDictionary", decode: proposalOf },
  ProposalRejected: { contract: "dataDictionary", decode: (a) => ({ ...proposalOf(a), curator: a.curator }) },
  SchemaAccepted: { contract: "dataDictionary", decode: (a) => ({ ...proposalOf(a), schema: schemaWords(a.schema as Result), curator: a.curator }) },
  SchemaDeprecated: { contract: "dataDictionary", decode: (a) => ({ id: a.id, curator: a.curator }) },
  Agreed: {
    contract: "qoodShares",
    decode: (a) => ({ agreementId: a.agreementId, version: n(a.version), agent: a.agent, text: agreementOf(a.text as Result), terms: versionTermsOf(a.terms as Result) }),
  },
  Denied: {
    contract: "qoodShares",
    decode: (a) => ({ agreementId: a.agreementId, by: a.by, dataClass: n(a.dataClass), privacy: n(a.privacy) }),
  },
  Ended: { contract: "qoodShares", decode: (a) => ({ agreementId: a.agreementId, by: a.by, version: n(a.version), endsAt: n(a.endsAt) }) },
  Bought: {
    contract: "escrow",
    decode: (a) => ({ dealId: a.dealId, seller: a.seller, buyer: a.buyer, orderHash: a.orderHash, sale: sale(a.sale as Result) }),
  },
  Accepted: { contract: "escrow", decode: (a) => ({ dealId: a.dealId }) },
  Rejected: { contract: "escrow", decode: (a) => ({ dealId: a.dealId, amount: a.amount }) },
  DeliveredUnproven: { contract: "escrow", decode: delivery },
  DeliveredProven: { contract: "escrow", decode: delivery },
  Challenged: { contract: "escrow", decode: (a) => ({ dealId: a.dealId, page: n(a.page), answerBy: n(a.answerBy) }) },
  Answered: { contract: "escrow", decode: (a) => ({ dealId: a.dealId, page: n(a.page), complainBy: n(a.complainBy) }) },
  HeaderShownEquivocated: { contract: "escrow", decode: (a) => ({ headerHash: a.headerHash }) },
  HeaderShownBad: { contract: "escrow", decode: (a) => ({ headerHash: a.headerHash, dealId: a.dealId }) },
  Settled: {
    contract: "escrow",
    decode: (a) => ({
      dealId: a.dealId,
      page: n(a.page),
      byReceipt: a.byReceipt,
      owner: a.ownerAmount,
      oem: a.oemAmount,
      agent: a.agentAmount,
      storage: a.storageAmount,
      seller: a.sellerAmount,
      fee: a.fee,
    }),
  },
  Refunded: {
    contract: "escrow",
    decode: (a) => ({ dealId: a.dealId, page: n(a.page), reason: REFUND_REASONS[n(a.reason)]!, amount: a.amount, bond: a.bond }),
  },
  OrdersCancelled: { contract: "escrow", decode: (a) => ({ seller: a.seller, word: a.word, mask: a.mask }) },
  BuyOrderPlaced: {
    contract: "buyOrders",
    decode: (a) => ({ id: a.id, buyer: a.buyer, schema: a.schema, wanted: buyOrderOf(a.wanted as Result), amount: a.amount }),
  },
  BuyOrderFunded: { contract: "buyOrders", decode: (a) => ({ id: a.id, amount: a.amount }) },
  BuyOrderClosed: { contract: "buyOrders", decode: (a) => ({ id: a.id, returned: a.returned }) },
  BuyOrderFilled: { contract: "buyOrders", decode: (a) => ({ id: a.id, dealId: a.dealId, seller: a.seller, spent: a.spent, lots: n(a.lots) }) },
  AnswerGiven: { contract: "buyOrders", decode: (a) => ({ ...answerOf(a), offerDigest: a.offerDigest }) },
  AnswerAccepted: { contract: "buyOrders", decode: (a) => ({ ...answerOf(a), dealId: a.dealId, spent: a.spent }) },
  AnswerReturned: { contract: "buyOrders", decode: (a) => ({ ...answerOf(a), deposit: a.deposit }) },
  AnswerJunked: { contract: "buyOrders", decode: (a) => ({ ...answerOf(a), burnt: a.burnt }) },
  HeaderShown: {
    contract: "sampleBeacon",
    decode: (a) => ({ headerHash: a.headerHash, tsp: a.tsp, stream: a.stream, sequence: n(a.sequence), sampleBlock: n(a.sampleBlock) }),
  },
  Captured: { contract: "sampleBeacon", decode: (a) => ({ blockNumber: n(a.blockNumber), value: a.value }) },
  HookMade: { contract: "hookFactory", decode: (a) => ({ hook: a.hook, codeHash: a.codeHash, kind: a.kind }) },
  Deposited: { contract: "escrow", decode: (a) => ({ account: a.account, token: a.token, by: a.by, amount: a.amount }) },
  Withdrawn: { contract: "escrow", decode: (a) => ({ account: a.account, token: a.token, to: a.to, amount: a.amount }) },
};
/* eslint-enable @typescript-eslint/no-unsafe-assignment */

/** Indexed arguments to filter by: null or left out matches all, an array any of its values. */
export type TopicFilter = readonly (string | bigint | null | readonly (string | bigint)[])[];

/** eth_getLogs filter of an event. `indexed` are the indexed arguments in order. */
export function eventFilter({ addresses }: Pick<Deployment, "addresses">, name: EventName, indexed: TopicFilter = []) {
  const { contract } = EVENTS[name];
  return { address: addresses[contract] as string, topics: INTERFACES[contract].encodeFilterTopics(name, indexed as unknown[]) };
}

/** The event of a log, or null if the log is not this event of this deployment. */
export function decodeEvent<E extends EventName>(
  { addresses }: Pick<Deployment, "addresses">,
  name: E,
  log: Pick<Log, "address" | "topics" | "data">,
): Events[E] | null {
  const { contract, decode } = EVENTS[name];
  if (log.address.toLowerCase() !== addresses[contract].toLowerCase()) return null;
  const found = logName(contract, log) === name ? readLog(contract, log) : null;
  // By name alone, as a Result is.
  return found === null ? null : decode(found.args as Result);
}

/** All events of a name in a range of blocks (both ends included), in the chain's order. */
export async function readEvents<E extends EventName>(
  deployment: Pick<Deployment, "addresses">,
  provider: Pick<Provider, "getLogs">,
  name: E,
  range: { fromBlock: number; toBlock: number | "latest"; indexed?: TopicFilter },
): Promise<(Events[E] & EventPlace)[]> {
  const filter = eventFilter(deployment, name, range.indexed);
  const logs = await provider.getLogs({ ...filter, fromBlock: range.fromBlock, toBlock: range.toBlock });
  return logs.flatMap((log) => {
    const event = decodeEvent(deployment, name, log);
    if (event === null) return [];
    const place = { blockNumber: log.blockNumber, blockHash: log.blockHash as Hex, transactionHash: log.transactionHash as Hex, logIndex: log.index };
    return [{ ...event, ...place }];
  });
}

/** The one event of a name in a receipt, or null. */
export function eventIn<E extends EventName>(
  deployment: Pick<Deployment, "addresses">,
  name: E,
  receipt: { logs: readonly Pick<Log, "address" | "topics" | "data">[] },
): Events[E] | null {
  for (const log of receipt.logs) {
    const event = decodeEvent(deployment, name, log);
    if (event !== null) return event;
  }
  return null;
}
