/** The contracts whose ABI the SDK carries, with the artifact that each comes from. */
export const CONTRACTS = {
  AccessManager: "@openzeppelin/contracts/access/manager/AccessManager.sol",
  VehicleRegistry: "contracts/identity/VehicleRegistry.sol",
  DeviceRegistry: "contracts/identity/DeviceRegistry.sol",
  DataRegistry: "contracts/rights/DataRegistry.sol",
  QoodShares: "contracts/shares/QoodShares.sol",
  Escrow: "contracts/market/Escrow.sol",
  ComplaintVerifier: "contracts/market/ComplaintVerifier.sol",
  KeyDelivery1Verifier: "contracts/verifiers/KeyDelivery1Verifier.sol",
  AttestedReserveFeed: "contracts/tokens/AttestedReserveFeed.sol",
  QDD: "contracts/tokens/QDD.sol",
} as const;

export type ContractName = keyof typeof CONTRACTS;
