/** Who may do what in a deployment, and what is deployed in which order. */
import type { Hex } from "../../sdk/bytes/index.ts";
import { type Addresses, BEACON_SOURCES, type BeaconSource, type ContractKey, type Deployment, type FaucetTerms } from "../../sdk/client/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import type { TokenTerms } from "../../sdk/market/index.ts";

/**
 * Roles of the access manager. The admin (role 0) is the foundation. The guardian stops, at once; the canceller is what
 * OpenZeppelin calls the guardian of a role: it cancels what others have scheduled, and can do nothing else.
 */
export const ROLES = {
  ...{ registrar: 1n, guardian: 2n, issuer: 3n, auditor: 4n, treasurer: 5n, curator: 6n },
  emission: 7n, lister: 8n, steward: 9n, canceller: 10n,
} as const;
export type RoleName = keyof typeof ROLES;

/** Restricted functions: contract, function, role. Everything not named here stays with the admin. */
export const PERMISSIONS: readonly { contract: ContractKey; method: string; role: RoleName }[] = [
  { contract: "vehicleRegistry", method: "accreditOem", role: "registrar" },
  { contract: "vehicleRegistry", method: "revokeOem", role: "registrar" },
  { contract: "vehicleRegistry", method: "accreditTsp", role: "registrar" },
  { contract: "escrow", method: "stopToken", role: "guardian" },
  { contract: "escrow", method: "setToken", role: "treasurer" },
  { contract: "escrow", method: "setFeeRecipient", role: "treasurer" },
  { contract: "dataDictionary", method: "accept", role: "curator" },
  { contract: "dataDictionary", method: "reject", role: "curator" },
  { contract: "dataDictionary", method: "deprecate", role: "curator" },
  { contract: "dataDictionary", method: "setDeposit", role: "treasurer" },
  { contract: "reserveFeed", method: "attest", role: "auditor" },
  { contract: "qdd", method: "mint", role: "issuer" },
  { contract: "qdd", method: "attestRedemption", role: "auditor" },
  { contract: "qdd", method: "sendBackRedemption", role: "auditor" },
  { contract: "qdd", method: "pause", role: "guardian" },
  { contract: "qdd", method: "unpause", role: "treasurer" },
  { contract: "qdd", method: "freeze", role: "lister" },
  { contract: "qdd", method: "unfreeze", role: "lister" },
  { contract: "qdd", method: "setFeed", role: "steward" },
  { contract: "qdt", method: "mint", role: "emission" },
];

/** The waits of a role, seconds. */
export interface Delay {
  /** From scheduling an act to doing it; 0: acts are done at once and cannot be scheduled. */
  execution: number;
  /** From being named to being a member. Without it the admin could pass by an execution delay through a new member. */
  grant: number;
}

/** The waits of a deployment. */
export interface Delays {
  roles: Readonly<Record<RoleName, Delay>>;
  /** Before the admin's change of who may call {@link SLOW_CONTRACTS}, or of the access manager that they obey. */
  contracts: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const AT_ONCE: Delay = { execution: 0, grant: 0 };

/** The longest wait of all: for the feed, and for whoever can make the feed say something else. */
export const LONGEST_DELAY = 14 * DAY;

/**
 * Waits on public chains. A new auditor waits as long as a new feed, as it can say the same; a new emission as long, as it can
 * mint all that is left of QDT. The access manager itself takes a wait that is set for the first time five days later.
 */
export const DELAYS: Delays = {
  roles: {
    ...{ registrar: AT_ONCE, guardian: AT_ONCE, curator: AT_ONCE, canceller: AT_ONCE },
    ...{ issuer: { execution: 0, grant: 2 * DAY }, lister: { execution: 0, grant: 2 * DAY } },
    treasurer: { execution: DAY, grant: DAY },
    ...{ auditor: { execution: 0, grant: LONGEST_DELAY }, emission: { execution: 0, grant: LONGEST_DELAY } },
    steward: { execution: LONGEST_DELAY, grant: LONGEST_DELAY },
  },
  contracts: LONGEST_DELAY,
};

/** None at all, for local chains. */
export const NO_DELAYS: Delays = {
  roles: Object.fromEntries(Object.keys(ROLES).map((role) => [role, AT_ONCE])) as Record<RoleName, Delay>,
  contracts: 0,
};

/** Contracts on whose restrictions the worth of money and votes rests. */
export const SLOW_CONTRACTS: readonly ContractKey[] = ["qdd", "qdt", "reserveFeed"];

/** On what terms QDD is redeemed; they never change. */
export interface RedemptionTerms {
  /** Seconds from a request to its deadline. */
  redemptionTime: number;
  /** Seconds to object to an attested payment. */
  objectionTime: number;
  /** Smallest amount, in QDD's smallest unit. */
  least: bigint;
}

/** Ten days to pay, fourteen to object, a hundred QDD at least. */
export const REDEMPTION: RedemptionTerms = { redemptionTime: 10 * DAY, objectionTime: 14 * DAY, least: 100_000_000n };

/** What stays the same for a whole deployment. */
export interface Parameters {
  /** Becomes the access manager's admin. */
  foundation: Hex;
  /** Shortest time to deliver and complaint window, seconds. */
  leastWindow: number;
  /** Oldest attestation of the reserve that QDD takes, seconds. */
  reserveMaxAge: number;
  /** On what terms QDD is redeemed. */
  redemption: RedemptionTerms;
  /** Where samples come from, see {@link beaconOf}. */
  beacon: Beacon;
  /** What the faucet gives; undefined where there is none. */
  faucet?: FaucetTerms | undefined;
}

/** The randomness of a chain: source, blocks from an anchor to the last show and to the sample block. */
export type Beacon = NonNullable<Deployment["beacon"]>;

/** Arbitrum One, Nova and Sepolia: neither block hashes nor prevrandao are random there. */
const ARBITRUM: readonly number[] = [42_161, 42_170, 421_614];

/**
 * Where samples come from on a chain. The headers' own prevrandao on Ethereum and on rollups of the OP stack, whose blocks
 * carry that of Ethereum, known up to a hundred of their blocks ahead: hence the long way from the last show to the sample
 * block. Nowhere on Arbitrum. On a local chain the block hash, and little waiting.
 * @throws QoodError `DEPLOY_REFUSED` where another source than none is asked for on Arbitrum
 */
export function beaconOf(chainId: number, asked?: BeaconSource): Beacon {
  const arbitrum = ARBITRUM.includes(chainId);
  if (arbitrum && (asked ?? "none") !== "none") {
    throw new QoodError("DEPLOY_REFUSED", `chain ${chainId} is of Arbitrum, where neither block hashes nor prevrandao are random: no source but none is taken`);
  }
  const local = chainId === 31_337;
  const source = asked ?? (arbitrum ? "none" : local ? "blockhash" : "prevrandao");
  return { source, ...(local ? { showWithin: 8, distance: 12 } : { showWithin: 64, distance: 192 }) };
}

/** Leaves of each batch that an order with the shipped hook opens before payment. */
export const SAMPLE_SIZE = 4;

/**
 * On what terms QDD is taken at first: no fee; deposits and bonds in cents. A bond is to pay for a challenge and a complaint
 * on a rollup; the treasurer changes both as gas prices move.
 */
export const QDD_TERMS: TokenTerms = {
  ...{ listed: true, stopped: false, scale: 4, feeBps: 0 },
  ...{ deposit1: 50, deposit8: 75, deposit32: 150 },
  ...{ bond1: 200, bond8: 250, bond32: 400 },
  // Its transfers take no fee, and it cannot be changed.
  exact: true,
};

/**
 * What proposing a schema takes at first, and the most that it can ever take, in the chain's own coin (wei): enough that filling
 * the list of proposals ties money up, too little to keep anybody out. It goes back in any case.
 */
export const SCHEMA_DEPOSIT = { first: 10n ** 16n, most: 10n ** 18n } as const;

/** What the contracts of a deployment are known by. */
export type StepKey = keyof Addresses | "faucet";

/** A contract to deploy; arguments may name those before it. */
export interface Step {
  key: StepKey;
  /** Solidity file, which has the contract's name. */
  source: string;
  args: (at: Addresses, p: Parameters) => unknown[];
}

/** What both halves of the exchange are built on. */
const parts = (at: Addresses, p: Parameters): unknown[] => [
  ...[at.accessManager, at.vehicleRegistry, at.dataRegistry, at.qoodShares],
  ...[at.keyDelivery1Verifier, at.keyDelivery8Verifier, at.keyDelivery32Verifier, at.complaintVerifier, p.leastWindow],
];

/** In the order of deployment. */
export const STEPS: readonly (Step & { key: keyof Addresses })[] = [
  { key: "accessManager", source: "@openzeppelin/contracts/access/manager/AccessManager.sol", args: (_, p) => [p.foundation] },
  { key: "vehicleRegistry", source: "contracts/identity/VehicleRegistry.sol", args: (at) => [at.accessManager] },
  { key: "deviceRegistry", source: "contracts/identity/DeviceRegistry.sol", args: (at) => [at.vehicleRegistry] },
  { key: "dataRegistry", source: "contracts/rights/DataRegistry.sol", args: (at) => [at.vehicleRegistry, at.deviceRegistry] },
  { key: "qoodShares", source: "contracts/shares/QoodShares.sol", args: (at) => [at.vehicleRegistry] },
  { key: "keyDelivery1Verifier", source: "contracts/verifiers/KeyDelivery1Verifier.sol", args: () => [] },
  { key: "keyDelivery8Verifier", source: "contracts/verifiers/KeyDelivery8Verifier.sol", args: () => [] },
  { key: "keyDelivery32Verifier", source: "contracts/verifiers/KeyDelivery32Verifier.sol", args: () => [] },
  { key: "segmentKeyVerifier", source: "contracts/verifiers/SegmentKeyVerifier.sol", args: () => [] },
  { key: "complaintVerifier", source: "contracts/market/ComplaintVerifier.sol", args: (at) => [at.segmentKeyVerifier] },
  { key: "escrowDisputes", source: "contracts/market/EscrowDisputes.sol", args: (at, p) => [parts(at, p)] },
  { key: "escrow", source: "contracts/market/Escrow.sol", args: (at, p) => [parts(at, p), at.escrowDisputes] },
  { key: "buyOrders", source: "contracts/market/BuyOrders.sol", args: (at) => [at.escrow] },
  {
    key: "sampleBeacon",
    source: "contracts/market/hooks/SampleBeacon.sol",
    args: (at, { beacon }) => [at.dataRegistry, BEACON_SOURCES.indexOf(beacon.source), beacon.showWithin, beacon.distance],
  },
  { key: "sampledHook", source: "contracts/market/hooks/SampledHook.sol", args: (at) => [at.escrow, at.sampleBeacon, SAMPLE_SIZE] },
  { key: "tranchesHook", source: "contracts/market/hooks/TranchesHook.sol", args: (at) => [at.escrow] },
  { key: "hookFactory", source: "contracts/market/hooks/HookFactory.sol", args: (at) => [at.escrow] },
  { key: "reserveFeed", source: "contracts/tokens/AttestedReserveFeed.sol", args: (at) => [at.accessManager, 6] },
  { key: "qdd", source: "contracts/tokens/QDD.sol", args: (at, p) => [at.accessManager, at.reserveFeed, p.reserveMaxAge, p.redemption] },
  { key: "qdt", source: "contracts/tokens/QDT.sol", args: (at) => [at.accessManager] },
  {
    key: "dataDictionary",
    source: "contracts/rights/DataDictionary.sol",
    args: (at) => [at.accessManager, SCHEMA_DEPOSIT.first, SCHEMA_DEPOSIT.most],
  },
];

/** On testnets that are to have one, after all others: its address is nobody's argument. */
const FAUCET: Step = { key: "faucet", source: "contracts/testnet/Faucet.sol", args: (at, { faucet }) => [at.qdd, faucet!.amount, faucet!.claimsPerDay] };

/** The steps of a deployment with a faucet, or without. */
export const stepsOf = (hasFaucet: boolean): readonly Step[] => (hasFaucet ? [...STEPS, FAUCET] : STEPS);

/** Name of a step's contract. */
export const contractName = ({ source }: Step): string => source.slice(source.lastIndexOf("/") + 1, -".sol".length);
