/** ethers interfaces of the contracts, parsed once. */
import { Interface } from "ethers";
import type { Addresses } from "./deployment.ts";
import {
  AccessManagerAbi,
  AttestedReserveFeedAbi,
  DataRegistryAbi,
  DeviceRegistryAbi,
  EscrowAbi,
  KeyDelivery1VerifierAbi,
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
  keyDeliveryVerifier: new Interface(KeyDelivery1VerifierAbi),
  reserveFeed: new Interface(AttestedReserveFeedAbi),
  qdd: new Interface(QDDAbi),
} satisfies Record<keyof Addresses, Interface>;
