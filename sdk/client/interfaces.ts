/** ethers interfaces of the contracts, parsed once. */
import { Interface } from "ethers";
import type { Addresses } from "./deployment.ts";
import {
  AccessManagerAbi,
  AgeVolumeHookAbi,
  AttestationConditionHookAbi,
  AttestedReserveFeedAbi,
  BuyOrdersAbi,
  ComplaintVerifierAbi,
  DataDictionaryAbi,
  DataRegistryAbi,
  DeviceRegistryAbi,
  EscrowAbi,
  HookFactoryAbi,
  OracleConditionHookAbi,
  QDDAbi,
  QDTAbi,
  QoodSharesAbi,
  SampleBeaconAbi,
  SampledHookAbi,
  TranchesHookAbi,
  VehicleRegistryAbi,
} from "./abi/index.ts";

/** Interfaces, under the names of {@link Addresses}. */
export const INTERFACES = {
  accessManager: new Interface(AccessManagerAbi),
  vehicleRegistry: new Interface(VehicleRegistryAbi),
  deviceRegistry: new Interface(DeviceRegistryAbi),
  dataRegistry: new Interface(DataRegistryAbi),
  dataDictionary: new Interface(DataDictionaryAbi),
  qoodShares: new Interface(QoodSharesAbi),
  escrow: new Interface(EscrowAbi),
  complaintVerifier: new Interface(ComplaintVerifierAbi),
  buyOrders: new Interface(BuyOrdersAbi),
  sampleBeacon: new Interface(SampleBeaconAbi),
  sampledHook: new Interface(SampledHookAbi),
  tranchesHook: new Interface(TranchesHookAbi),
  hookFactory: new Interface(HookFactoryAbi),
  reserveFeed: new Interface(AttestedReserveFeedAbi),
  qdd: new Interface(QDDAbi),
  qdt: new Interface(QDTAbi),
} satisfies Partial<Record<keyof Addresses, Interface>>;

/** Contracts that programs talk to. */
export type ContractKey = keyof typeof INTERFACES;

/** Interfaces of the hooks that sellers make for themselves: their addresses are in no deployment. */
export const HOOK_INTERFACES = {
  ageVolume: new Interface(AgeVolumeHookAbi),
  oracleCondition: new Interface(OracleConditionHookAbi),
  attestationCondition: new Interface(AttestationConditionHookAbi),
};
