/** Everything that programs read of the contracts, as typed values. */
import type { Provider, Result } from "ethers";
import type { Hex } from "../bytes/index.ts";
import type { SchemaWords } from "../dictionary/index.ts";
import { BUY_STATUSES, type BuyStatus, DEAL_STATES, type Deal, type Terms, termsWords, type TokenTerms } from "../market/index.ts";
import type { GrantRange } from "./calls/index.ts";
import { BEACON_SOURCES, type BeaconSource, type Deployment } from "./deployment.ts";
import { toQoodError } from "./errors.ts";
import { type ContractKey, INTERFACES } from "./interfaces.ts";

/** An anchor of a TSP; `time` 0 where there is none. */
export interface Anchor {
  sequence: number;
  time: number;
  blockNumber: number;
}

/** A registered device key; `vehicle` 0 where it is unknown, `validUntil` 0 while in use (blocks). */
export interface Device {
  vehicle: bigint;
  validFrom: number;
  validUntil: number;
  agent: Hex;
  /** Unix seconds of both blocks, 0 for no end. */
  setUpAt: number;
  endedAt: number;
  /** Of a further key: the device's first one; else zero. */
  device: Hex;
}

/** An accepted schema; `acceptedAt` 0 where there is none, `deprecatedAt` 0 while it is in force (Unix seconds). */
export interface SchemaEntry {
  /** Of the CID of the schema's file, see `digestToCid`. */
  digest: Hex;
  acceptedAt: number;
  deprecatedAt: number;
  /** Public search fields, see `SEARCH_FIELDS`. */
  fields: number;
}

/** An open request for dollars. */
export interface Redemption {
  redeemer: Hex;
  /** Last second in which the issuer is in time. */
  deadline: number;
  /** Last second to object to the attested payment; 0 where none is attested. */
  objectBy: number;
  amount: bigint;
}

const dealWords = (d: Result): Deal => ({
  state: DEAL_STATES[Number(d.state)]!,
  marks: Number(d.marks),
  purchasedAt: Number(d.purchasedAt),
  versionStart: Number(d.versionStart),
  endsAt: Number(d.endsAt),
  delivered: Number(d.delivered),
});

/** Reads of one deployment. */
export type Reads = ReturnType<typeof createReads>;

/** @param provider asked with eth_call at the latest block; errors are thrown as {@link QoodError} in words */
export function createReads({ addresses }: Pick<Deployment, "addresses">, provider: Pick<Provider, "call">) {
  const read = async (contract: ContractKey, method: string, args: readonly unknown[], to: Hex = addresses[contract]): Promise<Result> => {
    const face = INTERFACES[contract];
    let data: string;
    try {
      data = await provider.call({ to, data: face.encodeFunctionData(method, args) });
    } catch (error) {
      throw toQoodError(error, `${contract}.${method}`);
    }
    return face.decodeFunctionResult(method, data);
  };
  const one = async <T>(contract: ContractKey, method: string, args: readonly unknown[], to?: Hex): Promise<T> =>
    (await read(contract, method, args, to))[0] as T;

  return {
    // vehicles
    /** Zero address where no maker is accredited for it. @param wmi see `wmiBytes` */
    oemOfWmi: (wmi: Hex) => one<Hex>("vehicleRegistry", "oemOfWmi", [wmi]),
    isTsp: (account: Hex) => one<boolean>("vehicleRegistry", "isTsp", [account]),
    ownerOf: (vehicle: bigint) => one<Hex>("vehicleRegistry", "ownerOf", [vehicle]),
    oemOf: (vehicle: bigint) => one<Hex>("vehicleRegistry", "oemOf", [vehicle]),
    /** The maker, and whether it has confirmed the vehicle. */
    makerOf: async (vehicle: bigint) => {
      const m = await read("vehicleRegistry", "makerOf", [vehicle]);
      return { oem: m.oem as Hex, confirmed: m.confirmed as boolean };
    },
    epochOf: async (vehicle: bigint) => Number(await one<bigint>("vehicleRegistry", "epochOf", [vehicle])),
    ownerInEpoch: (vehicle: bigint, epoch: number) => one<Hex>("vehicleRegistry", "ownerInEpoch", [vehicle, epoch]),
    /** Unix seconds, 0 for the current epoch. */
    epochEnd: async (vehicle: bigint, epoch: number) => Number(await one<bigint>("vehicleRegistry", "epochEnd", [vehicle, epoch])),

    // devices
    deviceOf: async (deviceKey: Hex): Promise<Device> => {
      const d = await one<Result>("deviceRegistry", "deviceOf", [deviceKey]);
      return {
        ...{ vehicle: d.vehicle as bigint, validFrom: Number(d.validFrom), validUntil: Number(d.validUntil), agent: d.agent as Hex },
        ...{ setUpAt: Number(d.setUpAt), endedAt: Number(d.endedAt), device: d.device as Hex },
      };
    },
    /** The running recovery of a device; `readyAt` 0 where there is none. */
    deviceRecoveryOf: async (deviceKey: Hex) => {
      const r = await one<Result>("deviceRegistry", "recoveryOf", [deviceKey]);
      return { newKey: r.newKey as Hex, owner: r.owner as Hex, readyAt: Number(r.readyAt), contested: r.contested as boolean };
    },
    isDeviceValidAt: (deviceKey: Hex, vehicle: bigint, blockNumber: number) =>
      one<boolean>("deviceRegistry", "isValidAt", [deviceKey, vehicle, blockNumber]),

    // anchors
    anchorOf: async (tsp: Hex, root: Hex): Promise<Anchor> => {
      const a = await one<Result>("dataRegistry", "anchorOf", [tsp, root]);
      return { sequence: Number(a.sequence), time: Number(a.time), blockNumber: Number(a.blockNumber) };
    },
    isEquivocated: (headerHash: Hex) => one<boolean>("dataRegistry", "isEquivocated", [headerHash]),
    /** How often a TSP was shown to contradict itself. */
    equivocationsOf: async (tsp: Hex) => Number(await one<bigint>("dataRegistry", "equivocationsOf", [tsp])),
    /** Whether a header that was anchored after its ownership epoch's end counts all the same. */
    isAdmitted: (headerHash: Hex) => one<boolean>("dataRegistry", "isAdmitted", [headerHash]),

    // grants
    keyEpochOf: async (stream: Hex) => Number(await one<bigint>("dataRegistry", "keyEpochOf", [stream])),
    isGranted: (range: GrantRange, handleProof: Hex, sequence: number) => one<boolean>("dataRegistry", "isGranted", [range, handleProof, sequence]),

    // dictionary
    /** The accepted schema of an id, keccak256(name@version). */
    schemaOf: async (id: Hex): Promise<SchemaEntry> => {
      const e = await one<Result>("dataDictionary", "schemaOf", [id]);
      return { digest: e.digest as Hex, acceptedAt: Number(e.acceptedAt), deprecatedAt: Number(e.deprecatedAt), fields: Number(e.fields) };
    },
    /** An open proposal of an account; `proposedAt` 0 where there is none. */
    schemaProposalOf: async (schema: SchemaWords, proposer: Hex): Promise<{ deposit: bigint; proposedAt: number }> => {
      const p = await one<Result>("dataDictionary", "proposalOf", [await one<Hex>("dataDictionary", "proposalKey", [schema, proposer])]);
      return { deposit: p.deposit as bigint, proposedAt: Number(p.proposedAt) };
    },
    /** Wei that a proposal must bring now. */
    schemaDeposit: () => one<bigint>("dataDictionary", "deposit", []),
    /** Seconds after which a proposer may have the deposit back without a decision. */
    schemaReviewTime: async () => Number(await one<bigint>("dataDictionary", "REVIEW_TIME", [])),
    /** Wei that an account may withdraw from the dictionary. */
    schemaCreditOf: (account: Hex) => one<bigint>("dataDictionary", "creditOf", [account]),

    // agreements
    headOf: async (agreementId: bigint) => {
      const h = await one<Result>("qoodShares", "headOf", [agreementId]);
      return { latest: Number(h.latest), nonce: Number(h.nonce), noticePeriod: Number(h.noticePeriod) };
    },
    versionOf: async (agreementId: bigint, version: number) => {
      const v = await one<Result>("qoodShares", "versionOf", [agreementId, version]);
      return { start: Number(v.start), digest: v.digest as Hex };
    },
    /** Version in force now; 0 where nothing is. */
    currentVersion: async (agreementId: bigint) => {
      const c = await read("qoodShares", "current", [agreementId]);
      return { version: Number(c.version), denied: Number(c.denied), start: Number(c.start), digest: c.digest as Hex };
    },

    // trade
    /** The stored state under a key: None for a page above 0 that nobody has moved yet, see {@link pageOf}. */
    dealOf: async (key: Hex): Promise<Deal> => dealWords(await one<Result>("escrow", "dealOf", [key])),
    /** A page as every move sees it. */
    pageOf: async (terms: Terms, page: number): Promise<{ dealId: Hex; key: Hex; deal: Deal }> => {
      const found = await read("escrow", "pageOf", [termsWords(terms), page]);
      return { dealId: found.dealId as Hex, key: found.key as Hex, deal: dealWords(found.deal as Result) };
    },
    /** keccak256(R, c…) of an unproven delivery; zero where there was none. */
    deliveryOf: (key: Hex) => one<Hex>("escrow", "deliveryOf", [key]),
    /** Whether a right complaint was made about a header, and the page that has it for itself (zero for none). */
    markOf: async (headerHash: Hex): Promise<{ bad: boolean; reservedBy: Hex }> => {
      const m = await read("escrow", "markOf", [headerHash]);
      return { bad: m.bad as boolean, reservedBy: m.reservedBy as Hex };
    },
    isCancelled: (seller: Hex, nonce: bigint) => one<boolean>("escrow", "isCancelled", [seller, nonce]),
    fillsOf: async (orderHash: Hex) => Number(await one<bigint>("escrow", "fillsOf", [orderHash])),
    tokenTermsOf: async (token: Hex): Promise<TokenTerms> => {
      const t = await one<Result>("escrow", "tokenTermsOf", [token]);
      return {
        ...{ listed: t.listed as boolean, stopped: t.stopped as boolean, scale: Number(t.scale), feeBps: Number(t.feeBps) },
        ...{ deposit1: Number(t.deposit1), deposit8: Number(t.deposit8), deposit32: Number(t.deposit32) },
        ...{ bond1: Number(t.bond1), bond8: Number(t.bond8), bond32: Number(t.bond32), exact: t.exact as boolean },
      };
    },
    feeRecipient: () => one<Hex>("escrow", "feeRecipient", []),
    leastWindow: async () => Number(await one<bigint>("escrow", "leastWindow", [])),

    // buy orders
    /** What an order is in, and what may still be spent. */
    buyOrderOf: async (id: Hex): Promise<{ status: BuyStatus; left: bigint }> => {
      const o = await one<Result>("buyOrders", "stateOf", [id]);
      return { status: BUY_STATUSES[Number(o.status)]!, left: o.left as bigint };
    },
    /** When an agent has answered; 0 where there is no answer or it has ended. */
    answeredAt: async (id: Hex, agent: Hex, orderHash: Hex) => Number(await one<bigint>("buyOrders", "answeredAt", [id, agent, orderHash])),
    /** Whether a header was reserved for an order by its rule. */
    wasTaken: (id: Hex, headerHash: Hex) => one<boolean>("buyOrders", "wasTaken", [id, headerHash]),

    // samples
    /** Where this chain's samples come from. */
    beaconOf: async (): Promise<{ source: BeaconSource; showWithin: number; distance: number }> => {
      const [source, showWithin, distance] = await Promise.all(["source", "showWithin", "distance"].map((name) => one<bigint>("sampleBeacon", name, [])));
      return { source: BEACON_SOURCES[Number(source)]!, showWithin: Number(showWithin), distance: Number(distance) };
    },
    /** The block that a header's sample comes from; 0 where it was not shown. */
    sampleBlockOf: async (headerHash: Hex) => Number(await one<bigint>("sampleBeacon", "sampleBlockOf", [headerHash])),
    /** The kept randomness of a block; zero where it was not captured. */
    beaconValueOf: (blockNumber: number) => one<Hex>("sampleBeacon", "valueOf", [blockNumber]),
    /** The leaves of a batch that are opened before payment, as the contract names them; see `sampleIndices`. */
    sampleOf: async (headerHash: Hex, leafCount: number, n: number) => [...(await one<Result>("sampleBeacon", "sampleOf", [headerHash, leafCount, n]))].map(Number),
    /** How many leaves of each batch an order with the shipped SampledHook opens. */
    sampleSize: async () => Number(await one<bigint>("sampledHook", "samples", [])),

    // money
    creditOf: (account: Hex, token: Hex) => one<bigint>("escrow", "creditOf", [account, token]),
    isOperator: (account: Hex, operator: Hex) => one<boolean>("escrow", "isOperator", [account, operator]),
    withdrawalNonce: (account: Hex) => one<bigint>("escrow", "withdrawalNonce", [account]),
    balanceOf: (token: Hex, account: Hex) => one<bigint>("qdd", "balanceOf", [account], token),
    allowance: (token: Hex, owner: Hex) => one<bigint>("qdd", "allowance", [owner, addresses.escrow], token),
    /** ERC-2612 nonce. */
    permitNonce: (token: Hex, owner: Hex) => one<bigint>("qdd", "nonces", [owner], token),
    qddSupply: () => one<bigint>("qdd", "totalSupply", []),
    qddReserve: () => one<bigint>("qdd", "reserve", []),
    qddFeed: () => one<Hex>("qdd", "feed", []),
    qddPaused: () => one<boolean>("qdd", "isPaused", []),
    isFrozen: (account: Hex) => one<boolean>("qdd", "isFrozen", [account]),
    /** Whether an ERC-3009 nonce was used or cancelled. */
    authorizationState: (authorizer: Hex, nonce: Hex) => one<boolean>("qdd", "authorizationState", [authorizer, nonce]),

    // redemption of QDD
    /** An open request; undefined where it is closed or never was. */
    redemptionOf: async (id: bigint): Promise<Redemption | undefined> => {
      const r = await one<Result>("qdd", "redemptionOf", [id]);
      if (BigInt(r.redeemer as Hex) === 0n) return undefined;
      return { redeemer: r.redeemer as Hex, deadline: Number(r.deadline), objectBy: Number(r.objectBy), amount: r.amount as bigint };
    },
    /** The oldest request past its deadline, which stops minting; 0 where there is none. */
    overdueRedemption: () => one<bigint>("qdd", "overdue", []),
    redemptionCount: () => one<bigint>("qdd", "redemptionCount", []),
    /** Seconds to pay and to object, and the least amount. */
    redemptionTerms: async (): Promise<{ redemptionTime: number; objectionTime: number; least: bigint }> => ({
      redemptionTime: Number(await one<bigint>("qdd", "redemptionTime", [])),
      objectionTime: Number(await one<bigint>("qdd", "objectionTime", [])),
      least: await one<bigint>("qdd", "leastRedemption", []),
    }),

    // votes
    qdtSupply: () => one<bigint>("qdt", "totalSupply", []),
    /** What an account has by delegation, of its own QDT too. */
    votesOf: (account: Hex) => one<bigint>("qdt", "getVotes", [account]),
    /** The same at a past moment, Unix seconds. */
    pastVotesOf: (account: Hex, timepoint: number) => one<bigint>("qdt", "getPastVotes", [account, timepoint]),
    /** Whose votes an account's QDT are; zero for nobody's. */
    delegateOf: (account: Hex) => one<Hex>("qdt", "delegates", [account]),

    // roles
    /** Unix seconds from which a scheduled act can be done; 0 where it is not scheduled, done, cancelled or expired. */
    scheduledFor: async (caller: Hex, { to, data }: { to: Hex; data: Hex }) =>
      Number(await one<bigint>("accessManager", "getSchedule", [await one<Hex>("accessManager", "hashOperation", [caller, to, data])])),
  };
}
