/** The contracts whose ABI the SDK carries, with the artifacts that each comes from: several halves of one address are put together. */
export const CONTRACTS = {
  AccessManager: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
  VehicleRegistry: ["contracts/identity/VehicleRegistry.sol"],
  DeviceRegistry: ["contracts/identity/DeviceRegistry.sol"],
  DataRegistry: ["contracts/rights/DataRegistry.sol"],
  DataDictionary: ["contracts/rights/DataDictionary.sol"],
  QoodShares: ["contracts/shares/QoodShares.sol"],
  Escrow: ["contracts/market/Escrow.sol", "contracts/market/EscrowDisputes.sol"],
  ComplaintVerifier: ["contracts/market/ComplaintVerifier.sol"],
  BuyOrders: ["contracts/market/BuyOrders.sol"],
  SampleBeacon: ["contracts/market/hooks/SampleBeacon.sol"],
  SampledHook: ["contracts/market/hooks/SampledHook.sol"],
  TranchesHook: ["contracts/market/hooks/TranchesHook.sol"],
  AgeVolumeHook: ["contracts/market/hooks/AgeVolumeHook.sol"],
  OracleConditionHook: ["contracts/market/hooks/OracleConditionHook.sol"],
  AttestationConditionHook: ["contracts/market/hooks/AttestationConditionHook.sol"],
  HookFactory: ["contracts/market/hooks/HookFactory.sol"],
  AttestedReserveFeed: ["contracts/tokens/AttestedReserveFeed.sol"],
  QDD: ["contracts/tokens/QDD.sol"],
  QDT: ["contracts/tokens/QDT.sol"],
  Faucet: ["contracts/testnet/Faucet.sol"],
} as const;

export type ContractName = keyof typeof CONTRACTS;
