/**
 * Every transaction as data: who keeps intents and signs by itself (workers do) takes the call, who only wants it done gives it
 * to `send`. One function a contract function, arguments as in the contracts' interfaces.
 */
import type { Hex } from "../bytes/index.ts";
import type { SchemaWords } from "../dictionary/index.ts";
import type { DeviceEnvelope } from "../device/index.ts";
import type { Claim, Voucher } from "../eip712/index.ts";
import type { HeaderWords } from "../formats/index.ts";
import { termsWords, versionBrief, versionParties } from "../market/index.ts";
import type {
  Agreement,
  AgeVolumeTable,
  BuyOrder,
  ComplaintWords,
  KeyDeliveryWords,
  OfferedLot,
  Opening,
  OracleCondition,
  Purchase,
  Terms,
  TokenTerms,
  VersionTerms,
} from "../market/index.ts";
import type { Deployment } from "./deployment.ts";
import { type ContractKey, HOOK_INTERFACES, INTERFACES } from "./interfaces.ts";
import type { Authorization } from "./tokens.ts";

/** A transaction without its signer. `what` names it in logs and errors. */
export interface Call {
  to: Hex;
  data: Hex;
  /** Wei of the chain's own coin to send along; none where it is left out. */
  value?: bigint;
  what: string;
}

/** A device key with its signature, r || s of 64 bytes or with a recovery byte. */
export interface SignedKey {
  /** 64 bytes, x || y. */
  publicKey: Hex;
  signature: Hex;
}

/** A header with the path to its anchor. */
export interface OpenedHeader {
  header: HeaderWords;
  path: readonly Hex[];
}

/** The last message of a batch, opened: what its device signed. */
export interface LastMessage {
  /** Chain hash before the message. */
  previous: Hex;
  rowsRoot: Hex;
  /** 64 bytes, x || y. */
  publicKey: Hex;
  signature: Hex;
}

/** The last message of a batch, for {@link createCalls}' `admitLateHeader`. @param link from `openBatch` @param envelope as it came with the header */
export const lastMessageOf = (link: { previous: Hex; rowsRoot: Hex }, { publicKey, signature }: DeviceEnvelope): LastMessage => ({ ...link, publicKey, signature });

/** What a grant is of: a range of a stream's sequences for a party. */
export interface GrantRange {
  stream: Hex;
  party: Hex;
  first: number;
  last: number;
  /** Last second, Unix. */
  expiry: number;
  paid: boolean;
}

/** An ERC-2612 permit, as `buyWithPermit` takes it. */
export interface Permit {
  value: bigint;
  deadline: number;
  v: number;
  r: Hex;
  s: Hex;
}

const coordinates = (publicKey: Hex): { x: Hex; y: Hex } => ({ x: `0x${publicKey.slice(2, 66)}`, y: `0x${publicKey.slice(66, 130)}` });
const signedKey = ({ publicKey, signature }: SignedKey) => ({ ...coordinates(publicKey), signature });

const purchaseWords = (purchase: Purchase) => ({
  ...purchase,
  agreement: versionBrief(purchase.agreement),
  extras: purchase.extras.map((extras) => ({ ...extras, parties: versionParties(purchase.agreement), right: extras.right.map(termsWords) })),
});

/** The functions of ERC-3009 that take a signature as bytes; each has a namesake that takes v, r, s. */
const AUTHORIZED = {
  transfer: "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
  receive: "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
  cancel: "cancelAuthorization(address,bytes32,bytes)",
};
const authorizationWords = (a: Authorization): readonly unknown[] => [a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce];

/** Builds the calls of one deployment. */
export type Calls = ReturnType<typeof createCalls>;

/** @param deployment where the calls go */
export function createCalls({ addresses }: Pick<Deployment, "addresses">) {
  const call = (contract: ContractKey, method: string, args: readonly unknown[], to: Hex = addresses[contract]): Call => ({
    to,
    data: INTERFACES[contract].encodeFunctionData(method, args) as Hex,
    what: `${contract}.${method}`,
  });
  const noOpening: Opening = { lots: [], formers: [] };

  return {
    // accreditation (registrar)
    /** @param wmi see `wmiBytes` */
    accreditOem: (oem: Hex, wmi: Hex): Call => call("vehicleRegistry", "accreditOem", [oem, wmi]),
    revokeOem: (oem: Hex, wmi: Hex): Call => call("vehicleRegistry", "revokeOem", [oem, wmi]),
    accreditTsp: (tsp: Hex, accredited: boolean): Call => call("vehicleRegistry", "accreditTsp", [tsp, accredited]),

    // vehicles
    /** By the TSP that the owner's consent names. */
    mint: (voucher: Voucher, consentDeadline: number, oemSignature: Hex, ownerSignature: Hex): Call =>
      call("vehicleRegistry", "mint", [voucher, consentDeadline, oemSignature, ownerSignature]),
    /** By the TSP that the owner's consent names. */
    mintUnconfirmed: (claim: Claim, consentDeadline: number, ownerSignature: Hex): Call =>
      call("vehicleRegistry", "mintUnconfirmed", [claim, consentDeadline, ownerSignature]),
    /** By anyone. */
    confirmVehicle: (vehicle: bigint, tag: Hex, deadline: number, oemSignature: Hex): Call =>
      call("vehicleRegistry", "confirm", [vehicle, tag, deadline, oemSignature]),
    transferVehicle: (from: Hex, to: Hex, vehicle: bigint): Call => call("vehicleRegistry", "transferFrom", [from, to, vehicle]),

    // devices
    /** By anyone. @param publicKey 64 bytes x || y */
    setupDevice: (setup: {
      vehicle: bigint;
      publicKey: Hex;
      agent: Hex;
      deadline: number;
      ownerSignature: Hex;
      deviceSignature: Hex;
    }): Call =>
      call("deviceRegistry", "setup", [
        ...[setup.vehicle, setup.agent, setup.deadline],
        ...[signedKey({ publicKey: setup.publicKey, signature: setup.deviceSignature }), setup.ownerSignature],
      ]),
    /** By anyone: a further key of a device. */
    setupDeviceDup: (first: SignedKey, key: SignedKey, deadline: number): Call =>
      call("deviceRegistry", "setupDup", [signedKey(first), signedKey(key), deadline]),
    /** By the vehicle's owner or the device's agent. */
    retireDevice: (deviceKey: Hex): Call => call("deviceRegistry", "retire", [deviceKey]),
    /** By anyone: a device goes on under a new key. */
    resetDevice: (first: SignedKey, key: SignedKey, deadline: number): Call =>
      call("deviceRegistry", "reset", [signedKey(first), signedKey(key), deadline]),
    /** By the vehicle's owner, of a device whose key is lost. */
    askDeviceRecovery: (deviceKey: Hex, key: SignedKey): Call => call("deviceRegistry", "askRecovery", [deviceKey, signedKey(key)]),
    /** By the device's agent, once. */
    contestDeviceRecovery: (deviceKey: Hex): Call => call("deviceRegistry", "contestRecovery", [deviceKey]),
    /** By the vehicle's owner. */
    cancelDeviceRecovery: (deviceKey: Hex): Call => call("deviceRegistry", "cancelRecovery", [deviceKey]),
    /** By anyone, when it is ready. */
    finishDeviceRecovery: (deviceKey: Hex, publicKey: Hex): Call => {
      const { x, y } = coordinates(publicKey);
      return call("deviceRegistry", "finishRecovery", [deviceKey, x, y]);
    },

    // anchors
    /** By the TSP that the headers name. */
    anchor: (root: Hex, sequence: number, leavesHash: Hex, listDigest: Hex): Call =>
      call("dataRegistry", "anchor", [root, sequence, leavesHash, listDigest]),
    /** By anyone: two headers of one (stream, sequence). */
    proveTwoOfOneSequence: (first: OpenedHeader, second: OpenedHeader): Call =>
      call("dataRegistry", "proveTwoOfOneSequence", [first, second]),
    /** By anyone: two headers that claim the same messages. `first` begins no later. @param firstRest encoded second level of the header */
    proveOverlap: (first: OpenedHeader, firstRest: Uint8Array, second: OpenedHeader, secondRest: Uint8Array): Call =>
      call("dataRegistry", "proveOverlap", [first, firstRest, second, secondRest]),
    /** By anyone: what the data registry has proven counts in the exchange from then on. */
    showEquivocated: (headerHash: Hex): Call => call("escrow", "showEquivocated", [headerHash]),
    /** By anyone: a header of a closed ownership epoch that was anchored after the transfer. @param rest encoded second level of the header */
    admitLateHeader: ({ header, path }: OpenedHeader, handleProof: Hex, rest: Uint8Array, message: LastMessage): Call => {
      const { publicKey, ...words } = message;
      return call("dataRegistry", "admit", [header, path, handleProof, rest, { ...words, ...coordinates(publicKey) }]);
    },

    // grants
    /** By a principal of the stream's class. */
    grantFree: (range: GrantRange, handleProof: Hex, serviceHash: Hex): Call => call("dataRegistry", "grantFree", [range, handleProof, serviceHash]),
    /** By a principal of the stream's class; the header is the last of the range. */
    grantPaid: (range: GrantRange, handleProof: Hex, paymentHash: Hex, { header, path }: OpenedHeader): Call =>
      call("dataRegistry", "grantPaid", [range, handleProof, paymentHash, header, path]),
    /** By a principal of the stream's class. */
    revokeGrant: (range: GrantRange, handleProof: Hex): Call => call("dataRegistry", "revoke", [range, handleProof]),
    /** By a principal of the stream's class: later data has another key, and all free grants end. */
    beginKeyEpoch: (stream: Hex, handleProof: Hex): Call => call("dataRegistry", "beginKeyEpoch", [stream, handleProof]),

    // dictionary
    /** By anyone. @param deposit what `reads.schemaDeposit()` says */
    proposeSchema: (schema: SchemaWords, deposit: bigint): Call => ({ ...call("dataDictionary", "propose", [schema]), value: deposit }),
    /** By the proposer. */
    retractSchema: (schema: SchemaWords): Call => call("dataDictionary", "retract", [schema]),
    /** By the proposer, when no curator has decided for `reads.schemaReviewTime()` seconds. */
    reclaimSchemaDeposit: (schema: SchemaWords): Call => call("dataDictionary", "reclaim", [schema]),
    /** Curator. */
    acceptSchema: (schema: SchemaWords, proposer: Hex): Call => call("dataDictionary", "accept", [schema, proposer]),
    /** Curator. */
    rejectSchema: (schema: SchemaWords, proposer: Hex): Call => call("dataDictionary", "reject", [schema, proposer]),
    /** Curator. */
    deprecateSchema: (id: Hex): Call => call("dataDictionary", "deprecate", [id]),
    /** Treasurer. Wei; counts for later proposals. */
    setSchemaDeposit: (deposit: bigint): Call => call("dataDictionary", "setDeposit", [deposit]),
    /** By anyone with a credit in the dictionary. */
    withdrawSchemaCredit: (to: Hex, amount: bigint): Call => call("dataDictionary", "withdraw", [to, amount]),

    // agreements
    /** By anyone with both signatures. */
    agree: (text: Agreement, ownerSignature: Hex, oemSignature: Hex): Call =>
      call("qoodShares", "agree", [text, ownerSignature, oemSignature]),
    /** By either principal. */
    deny: (vehicle: bigint, epoch: number, dataClass: number, privacy: number): Call =>
      call("qoodShares", "deny", [vehicle, epoch, dataClass, privacy]),
    /** By either principal. */
    end: (vehicle: bigint, epoch: number): Call => call("qoodShares", "end", [vehicle, epoch]),

    // trade
    /** Allows the exchange to pull `amount` of a token from the caller. */
    approve: (token: Hex, amount: bigint): Call => call("qdd", "approve", [addresses.escrow, amount], token),
    buy: (purchase: Purchase): Call => call("escrow", "buy", [purchaseWords(purchase)]),
    buyWithPermit: (purchase: Purchase, permit: Permit): Call => call("escrow", "buyWithPermit", [purchaseWords(purchase), permit]),
    /** By the buyer's operator or the buyer, out of its credit. @param inspectTime seconds in which the buyer may reject */
    buyFor: (purchase: Purchase, buyer: Hex, inspectTime: number): Call => call("escrow", "buyFor", [purchaseWords(purchase), buyer, inspectTime]),
    /** By the buyer, while the deal is reserved. */
    accept: (terms: Terms): Call => call("escrow", "accept", [termsWords(terms)]),
    /** By the buyer, while the deal is reserved. */
    reject: (terms: Terms): Call => call("escrow", "reject", [termsWords(terms)]),
    /** By the seller. */
    deliverUnproven: (terms: Terms, page: number, opening: Opening, r: readonly [bigint, bigint], c: readonly bigint[]): Call =>
      call("escrow", "deliverUnproven", [termsWords(terms), page, opening, r, c]),
    /** By anyone. */
    deliverProven: (terms: Terms, page: number, opening: Opening, delivery: KeyDeliveryWords): Call =>
      call("escrow", "deliverProven", [termsWords(terms), page, opening, delivery]),
    /** By anyone: page 0 the owner's part, page 1 the OEM's. */
    deliverDisputed: (terms: Terms, page: number, agreement: VersionTerms, opening: Opening, delivery: KeyDeliveryWords): Call =>
      call("escrow", "deliverDisputed", [termsWords(terms), page, agreement, opening, delivery]),
    /** By the buyer. */
    challenge: (terms: Terms, page: number): Call => call("escrow", "challenge", [termsWords(terms), page]),
    /** By anyone who has the proof. @param headers words of the page's lots */
    answer: (terms: Terms, page: number, headers: readonly HeaderWords[], delivery: KeyDeliveryWords): Call =>
      call("escrow", "answer", [termsWords(terms), page, headers, delivery]),
    /** By anyone. @param headers header hashes of the page @param index the lot that the complaint is about */
    complain: (terms: Terms, page: number, headers: readonly Hex[], index: number, header: HeaderWords, complaint: ComplaintWords): Call =>
      call("escrow", "complain", [termsWords(terms), page, headers, index, header, complaint]),
    /** By anyone. @param index the lot whose header was shown bad */
    refundBad: (terms: Terms, page: number, headers: readonly Hex[], index: number): Call => call("escrow", "refundBad", [termsWords(terms), page, headers, index]),
    /** By anyone. From Funded `opening` is needed, later `headers`; `signature` is not needed from the buyer itself. */
    settleByReceipt: (
      terms: Terms,
      page: number,
      agreement: VersionTerms,
      by: { signature?: Hex; opening?: Opening; headers?: readonly Hex[] },
    ): Call => call("escrow", "settleByReceipt", [termsWords(terms), page, agreement, by.opening ?? noOpening, by.headers ?? [], by.signature ?? "0x"]),
    /** By anyone, after the window. @param headers header hashes of the page, of all pages where they end together */
    settle: (terms: Terms, page: number, agreement: VersionTerms, headers: readonly Hex[]): Call => call("escrow", "settle", [termsWords(terms), page, agreement, headers]),
    refund: (terms: Terms, page: number): Call => call("escrow", "refund", [termsWords(terms), page]),
    /** By the seller. */
    concede: (terms: Terms, page: number): Call => call("escrow", "concede", [termsWords(terms), page]),
    cancelOrder: (nonce: bigint): Call => call("escrow", "cancelOrder", [nonce]),
    cancelOrders: (word: bigint, mask: bigint): Call => call("escrow", "cancelOrders", [word, mask]),

    // buy orders
    /** By the buyer, who has made BuyOrders its operator. @param amount of its credit */
    placeBuyOrder: (wanted: BuyOrder, amount: bigint): Call => call("buyOrders", "place", [wanted, amount]),
    /** By the buyer. */
    fundBuyOrder: (wanted: BuyOrder, amount: bigint): Call => call("buyOrders", "fund", [wanted, amount]),
    /** By the buyer, after the deadline by anyone. */
    closeBuyOrder: (wanted: BuyOrder): Call => call("buyOrders", "close", [wanted]),
    /** By an agent. @param orderHash EIP-712 digest of its sell order @param offerDigest digest of the offer file's CID @param agentPath in the order's list */
    answerBuyOrder: (wanted: BuyOrder, orderHash: Hex, offerDigest: Hex, agentPath: readonly Hex[] = []): Call =>
      call("buyOrders", "answer", [wanted, orderHash, offerDigest, agentPath]),
    /** By the buyer. @param purchase of the agent's sell order, with the buy order's delivery key */
    acceptAnswer: (wanted: BuyOrder, agent: Hex, purchase: Purchase): Call => call("buyOrders", "accept", [wanted, agent, purchaseWords(purchase)]),
    /** By the buyer: costs it as much as the agent. */
    markJunk: (wanted: BuyOrder, agent: Hex, orderHash: Hex): Call => call("buyOrders", "markJunk", [wanted, agent, orderHash]),
    /** By anyone, a week after the answer or when the order is over. */
    returnAnswerDeposit: (wanted: BuyOrder, agent: Hex, orderHash: Hex): Call => call("buyOrders", "returnDeposit", [wanted, agent, orderHash]),
    /** By anyone: reserves what fits the rule. @param lots of all pages, see `offeredLots` @param sellerPath in the order's list */
    fillBuyOrder: (wanted: BuyOrder, purchase: Purchase, lots: readonly OfferedLot[], sellerPath: readonly Hex[] = []): Call =>
      call("buyOrders", "fill", [wanted, purchaseWords(purchase), lots, sellerPath]),

    // smart orders
    /** By anyone, soon after a header was anchored. */
    showHeader: (header: HeaderWords, path: readonly Hex[]): Call => call("sampleBeacon", "show", [header, path]),
    /** By anyone. @param header RLP of the block's header where the source is prevrandao, see `blockHeader` */
    captureBeacon: (blockNumber: number, header: Hex = "0x"): Call => call("sampleBeacon", "capture", [blockNumber, header]),
    makeAgeVolumeHook: ({ ages, lots, bps }: AgeVolumeTable): Call => call("hookFactory", "ageVolume", [ages, lots, bps.flat()]),
    makeOracleHook: ({ feed, threshold, atLeast, maxAge, steps }: OracleCondition): Call =>
      call("hookFactory", "oracleCondition", [feed, threshold, atLeast, maxAge, steps]),
    /** @param steps see `CONDITION_STEPS` */
    makeAttestationHook: (attester: Hex, steps: number): Call => call("hookFactory", "attestationCondition", [attester, steps]),
    /** By anyone, to a hook that `makeAttestationHook` has made. */
    attestDelivery: (hook: Hex, dealId: Hex, page: number, signature: Hex): Call => ({
      to: hook,
      data: HOOK_INTERFACES.attestationCondition.encodeFunctionData("attestDelivery", [dealId, page, signature]) as Hex,
      what: "attestationConditionHook.attestDelivery",
    }),

    // money
    /** Pays the caller's tokens in for an account's credit. */
    deposit: (token: Hex, account: Hex, amount: bigint): Call => call("escrow", "deposit", [token, account, amount]),
    setOperator: (operator: Hex, approved: boolean): Call => call("escrow", "setOperator", [operator, approved]),
    transferCredit: (from: Hex, token: Hex, to: Hex, amount: bigint): Call => call("escrow", "transferCredit", [from, token, to, amount]),
    withdraw: (token: Hex, to: Hex, amount: bigint): Call => call("escrow", "withdraw", [token, to, amount]),
    withdrawFor: (w: { account: Hex; token: Hex; to: Hex; amount: bigint; deadline: number; signature: Hex }): Call =>
      call("escrow", "withdrawFor", [w.account, w.token, w.to, w.amount, w.deadline, w.signature]),
    transferToken: (token: Hex, to: Hex, amount: bigint): Call => call("qdd", "transfer", [to, amount], token),
    /** By the issuer. */
    mintQdd: (to: Hex, amount: bigint): Call => call("qdd", "mint", [to, amount]),
    /** By anyone with the payer's signature, which may be of a contract wallet. */
    transferWithAuthorization: (a: Authorization, signature: Hex): Call => call("qdd", AUTHORIZED.transfer, [...authorizationWords(a), signature]),
    /** By the payee. */
    receiveWithAuthorization: (a: Authorization, signature: Hex): Call => call("qdd", AUTHORIZED.receive, [...authorizationWords(a), signature]),
    cancelAuthorization: (authorizer: Hex, nonce: Hex, signature: Hex): Call => call("qdd", AUTHORIZED.cancel, [authorizer, nonce, signature]),

    // redemption of QDD
    /** @param payoutHash of where to pay, which the issuer is told off chain */
    queueRedemption: (amount: bigint, payoutHash: Hex): Call => call("qdd", "queueRedemption", [amount, payoutHash]),
    /** By the redeemer: the dollars have come. */
    confirmRedemption: (id: bigint): Call => call("qdd", "confirmRedemption", [id]),
    /** By anyone with the redeemer's signature, see `redemptionReceiptData`. */
    confirmRedemptionFor: (id: bigint, signature: Hex): Call => call("qdd", "confirmRedemptionFor", [id, signature]),
    /** By the redeemer: the attested payment has not come. */
    disputeRedemption: (id: bigint): Call => call("qdd", "disputeRedemption", [id]),
    /** By the redeemer, past the deadline. */
    takeBackRedemption: (id: bigint): Call => call("qdd", "takeBackRedemption", [id]),
    /** By the auditor: the dollars were paid. */
    attestRedemption: (id: bigint, documentHash: Hex): Call => call("qdd", "attestRedemption", [id, documentHash]),
    /** By the auditor, past the deadline: the dollars cannot be paid. */
    sendBackRedemption: (id: bigint, documentHash: Hex): Call => call("qdd", "sendBackRedemption", [id, documentHash]),
    /** By anyone, after the objection time. */
    settleRedemption: (id: bigint): Call => call("qdd", "settleRedemption", [id]),

    // roles of the tokens
    /** By the guardian. */
    pauseQdd: (): Call => call("qdd", "pause", []),
    /** By the treasurer. */
    unpauseQdd: (): Call => call("qdd", "unpause", []),
    /** By the lister. @param orderHash of the legal order */
    freeze: (account: Hex, orderHash: Hex): Call => call("qdd", "freeze", [account, orderHash]),
    /** By the lister. @param orderHash of the legal order */
    unfreeze: (account: Hex, orderHash: Hex): Call => call("qdd", "unfreeze", [account, orderHash]),
    /** By the steward. */
    setFeed: (feed: Hex): Call => call("qdd", "setFeed", [feed]),
    /** By the emission. */
    mintQdt: (to: Hex, amount: bigint): Call => call("qdt", "mint", [to, amount]),
    /** Gives the votes of the caller's QDT to an account, itself or another. */
    delegateVotes: (delegatee: Hex): Call => call("qdt", "delegate", [delegatee]),

    // delayed acts
    /** By who may do an act with a delay. @param when Unix seconds, 0 for as soon as can be */
    schedule: ({ to, data }: Call, when = 0): Call => call("accessManager", "schedule", [to, data, when]),
    /** By the same account, when the delay is over; the act can also be sent as it is. */
    execute: ({ to, data }: Call): Call => call("accessManager", "execute", [to, data]),
    /** By the canceller, the admin or who has scheduled it. @param caller who has scheduled it */
    cancelScheduled: (caller: Hex, { to, data }: Call): Call => call("accessManager", "cancel", [caller, to, data]),

    /** By the auditor. */
    attest: (documentHash: Hex, asOf: number, amount: bigint): Call => call("reserveFeed", "attest", [documentHash, asOf, amount]),

    // foundation and guardian
    setToken: (token: Hex, terms: TokenTerms): Call => call("escrow", "setToken", [token, terms]),
    setFeeRecipient: (recipient: Hex): Call => call("escrow", "setFeeRecipient", [recipient]),
    stopToken: (token: Hex, stopped: boolean): Call => call("escrow", "stopToken", [token, stopped]),
  };
}
