/** EIP-712 struct types, field order as in the contracts; tests compare every hash with Solidity's. */
import type { TypedDataField } from "ethers";

const fields = (list: string): readonly TypedDataField[] =>
  list.split(",").map((field) => {
    const [type, name] = field.trim().split(" ");
    return { type: type!, name: name! };
  });

/** All struct types by name. */
export const TYPES = {
  Voucher: fields("address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash,uint64 deadline"),
  MintConsent: fields("Voucher voucher,address tsp,uint64 deadline"),
  Claim: fields("address oem,bytes6 wmi,bytes32 tag,address owner,bytes32 legalHash"),
  ClaimConsent: fields("Claim claim,address tsp,uint64 deadline"),
  Confirmation: fields("uint256 vehicle,bytes32 tag,uint64 deadline"),
  DeviceSetup: fields("uint256 vehicle,uint64 epoch,bytes32 deviceKey,address agent,uint64 deadline"),
  DeviceDup: fields("uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline"),
  DeviceReset: fields("uint256 vehicle,bytes32 device,bytes32 deviceKey,uint64 deadline"),
  DeviceRecovery: fields("uint256 vehicle,bytes32 device,bytes32 deviceKey,address owner"),
  PairShares: fields(
    "uint8 dataClass,uint8 privacy,bool authorised,uint16 ownerBps,uint16 oemBps,uint16 agentBps,uint16 storageBps",
  ),
  TokenFloor: fields("address token,uint128 oemFloor,uint128 userFloor,uint128 disputedFloor"),
  Agreement: fields(
    "uint256 vehicle,uint64 epoch,address owner,address oem,address agent,address storagePayee,PairShares[] pairs,TokenFloor[] tokens," +
      "uint32 noticePeriod,bytes32 legalHash,uint32 nonce,uint64 deadline",
  ),
  Page: fields("bytes32 lotsHash,uint32 lotCount,uint128 price,uint128 challengeDeposit,uint128 bond"),
  SellOrder: fields(
    "address seller,address buyer,bytes32 buyersRoot,address token,uint16 maxFeeBps,uint256 agreementId,uint32 version,uint8 dataClass," +
      "uint8 privacy,uint8 flags,uint16 royaltyBps,address hook,bytes32 hookCodeHash,Page[] pages,uint32 deliverTime,uint32 answerTime,uint32 complaintWindow," +
      "bool repeatable,uint32 maxFills,uint64 expiry,uint256 nonce,bytes32 legalHash",
  ),
  Receipt: fields("bytes32 dealId,uint256 page"),
  HandoverRequest: fields("bytes32 dealId,uint256 page,bytes32 nonce,uint64 deadline"),
  Withdrawal: fields("address account,address token,address to,uint256 amount,uint256 nonce,uint64 deadline"),
  PurchaseAttestation: fields("bytes32 orderHash,address buyer,uint64 validUntil"),
  DeliveryAttestation: fields("bytes32 dealId,uint256 page"),
} as const;
