/** Who may do what in a deployment, and what is deployed in which order. */
import type { Hex } from "../../sdk/bytes/index.ts";
import type { Addresses } from "../../sdk/client/index.ts";
import type { ContractName } from "../abi/contracts.ts";

/** Roles of the access manager. The admin (role 0) is the foundation. */
export const ROLES = { registrar: 1n, guardian: 2n, issuer: 3n, auditor: 4n, treasurer: 5n } as const;
export type RoleName = keyof typeof ROLES;

/** Restricted functions: contract, function, role. Everything not named here stays with the admin. */
export const PERMISSIONS: readonly { contract: keyof Addresses; method: string; role: RoleName }[] = [
  { contract: "vehicleRegistry", method: "accreditOem", role: "registrar" },
  { contract: "vehicleRegistry", method: "accreditTsp", role: "registrar" },
  { contract: "escrow", method: "pausePurchases", role: "guardian" },
  { contract: "escrow", method: "setToken", role: "treasurer" },
  { contract: "escrow", method: "setFee", role: "treasurer" },
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

/** A contract to deploy; arguments may name those before it. */
export interface Step {
  key: keyof Addresses;
  contract: ContractName;
  args: (at: Addresses, p: Parameters) => unknown[];
}

/** In the order of deployment. */
export const STEPS: readonly Step[] = [
  { key: "accessManager", contract: "AccessManager", args: (_, p) => [p.foundation] },
  { key: "vehicleRegistry", contract: "VehicleRegistry", args: (at) => [at.accessManager] },
  { key: "deviceRegistry", contract: "DeviceRegistry", args: (at) => [at.vehicleRegistry] },
  { key: "dataRegistry", contract: "DataRegistry", args: (at) => [at.vehicleRegistry] },
  { key: "qoodShares", contract: "QoodShares", args: (at) => [at.vehicleRegistry] },
  { key: "keyDeliveryVerifier", contract: "KeyDelivery1Verifier", args: () => [] },
  {
    key: "escrow",
    contract: "Escrow",
    args: (at, p) => [at.accessManager, at.vehicleRegistry, at.dataRegistry, at.qoodShares, at.keyDeliveryVerifier, p.leastWindow],
  },
  { key: "reserveFeed", contract: "AttestedReserveFeed", args: (at) => [at.accessManager, 6] },
  { key: "qdd", contract: "QDD", args: (at, p) => [at.accessManager, at.reserveFeed, p.reserveMaxAge] },
];
