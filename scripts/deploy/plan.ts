/** Who may do what in a deployment, and what is deployed in which order. */
import type { Hex } from "../../sdk/bytes/index.ts";
import type { Addresses, ContractKey } from "../../sdk/client/index.ts";
import type { TokenTerms } from "../../sdk/market/index.ts";

/** Roles of the access manager. The admin (role 0) is the foundation. */
export const ROLES = { registrar: 1n, guardian: 2n, issuer: 3n, auditor: 4n, treasurer: 5n } as const;
export type RoleName = keyof typeof ROLES;

/** Restricted functions: contract, function, role. Everything not named here stays with the admin. */
export const PERMISSIONS: readonly { contract: ContractKey; method: string; role: RoleName }[] = [
  { contract: "vehicleRegistry", method: "accreditOem", role: "registrar" },
  { contract: "vehicleRegistry", method: "accreditTsp", role: "registrar" },
  { contract: "escrow", method: "stopToken", role: "guardian" },
  { contract: "escrow", method: "setToken", role: "treasurer" },
  { contract: "escrow", method: "setFeeRecipient", role: "treasurer" },
  { contract: "reserveFeed", method: "attest", role: "auditor" },
  { contract: "qdd", method: "mint", role: "issuer" },
];

/** What stays the same for a whole deployment. */
export interface Parameters {
  /** Becomes the access manager's admin. */
  foundation: Hex;
  /** Shortest time to deliver and complaint window, seconds. */
  leastWindow: number;
  /** Oldest attestation of the reserve that QDD takes, seconds. */
  reserveMaxAge: number;
}

/**
 * On what terms QDD is taken at first: no fee; deposits and bonds in cents. A bond is to pay for a challenge and a complaint
 * on a rollup; the treasurer changes both as gas prices move.
 */
export const QDD_TERMS: TokenTerms = {
  ...{ listed: true, stopped: false, scale: 4, feeBps: 0 },
  ...{ deposit1: 50, deposit8: 75, deposit32: 150 },
  ...{ bond1: 200, bond8: 250, bond32: 400 },
};

/** A contract to deploy; arguments may name those before it. */
export interface Step {
  key: keyof Addresses;
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
export const STEPS: readonly Step[] = [
  { key: "accessManager", source: "@openzeppelin/contracts/access/manager/AccessManager.sol", args: (_, p) => [p.foundation] },
  { key: "vehicleRegistry", source: "contracts/identity/VehicleRegistry.sol", args: (at) => [at.accessManager] },
  { key: "deviceRegistry", source: "contracts/identity/DeviceRegistry.sol", args: (at) => [at.vehicleRegistry] },
  { key: "dataRegistry", source: "contracts/rights/DataRegistry.sol", args: (at) => [at.vehicleRegistry] },
  { key: "qoodShares", source: "contracts/shares/QoodShares.sol", args: (at) => [at.vehicleRegistry] },
  { key: "keyDelivery1Verifier", source: "contracts/verifiers/KeyDelivery1Verifier.sol", args: () => [] },
  { key: "keyDelivery8Verifier", source: "contracts/verifiers/KeyDelivery8Verifier.sol", args: () => [] },
  { key: "keyDelivery32Verifier", source: "contracts/verifiers/KeyDelivery32Verifier.sol", args: () => [] },
  { key: "segmentKeyVerifier", source: "contracts/verifiers/SegmentKeyVerifier.sol", args: () => [] },
  { key: "complaintVerifier", source: "contracts/market/ComplaintVerifier.sol", args: (at) => [at.segmentKeyVerifier] },
  { key: "escrowDisputes", source: "contracts/market/EscrowDisputes.sol", args: (at, p) => [parts(at, p)] },
  { key: "escrow", source: "contracts/market/Escrow.sol", args: (at, p) => [parts(at, p), at.escrowDisputes] },
  { key: "reserveFeed", source: "contracts/tokens/AttestedReserveFeed.sol", args: (at) => [at.accessManager, 6] },
  { key: "qdd", source: "contracts/tokens/QDD.sol", args: (at, p) => [at.accessManager, at.reserveFeed, p.reserveMaxAge] },
];

/** Name of a step's contract. */
export const contractName = ({ source }: Step): string => source.slice(source.lastIndexOf("/") + 1, -".sol".length);
