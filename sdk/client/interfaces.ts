/** ethers interfaces of the contracts, parsed once. */
import { Interface } from "ethers";
import type { Addresses } from "./deployment.ts";
import {
  AccessManagerAbi,
  AttestedReserveFeedAbi,
  ComplaintVerifierAbi,
  DataRegistryAbi,
  DeviceRegistryAbi,
  EscrowAbi,
  QDDAbi,
  QoodSharesAbi,
  VehicleRegistryAbi,
} from "./abi/index.ts";

/** Interfaces, under the names of {@link Addresses}. */
export const INTERFACES = {
  accessManager: new Interface(AccessManagerAbi),
  vehicleRegistry: new Interface(VehicleRegistryAbi),
  deviceRegistry: new Interface(DeviceRegistryAbi),
  dataRegistry: new Interface(DataRegistryAbi),
  qoodShares: new Interface(QoodSharesAbi),
  escrow: new Interface(EscrowAbi),
  complaintVerifier: new Interface(ComplaintVerifierAbi),
  reserveFeed: new Interface(AttestedReserveFeedAbi),
  qdd: new Interface(QDDAbi),
} satisfies Partial<Record<keyof Addresses, Interface>>;

/** Contracts that programs talk to. */
export type ContractKey = keyof typeof INTERFACES;
