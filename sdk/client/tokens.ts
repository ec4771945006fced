/** What holders of QDD and QDT sign, by the texts of ERC-2612, ERC-3009 and ERC-5805, and QDD's receipt. */
import type { Hex } from "../bytes/index.ts";
import type { Domain, TypedData } from "../eip712/index.ts";

/** A transfer that its payer has signed (ERC-3009). It counts between the two times, both excluded. */
export interface Authorization {
  from: Hex;
  to: Hex;
  value: bigint;
  /** Unix seconds. */
  validAfter: number | bigint;
  /** Unix seconds. */
  validBefore: number | bigint;
  /** 32 random bytes. */
  nonce: Hex;
}

/** The two tokens, with the names under which their texts are signed. */
export const TOKEN_NAMES = { qdd: "QoodBlock Dollar", qdt: "QoodBlock Token" } as const;
export type TokenKey = keyof typeof TOKEN_NAMES;

const TYPES = {
  Permit: "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
  TransferWithAuthorization: "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
  ReceiveWithAuthorization: "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
  CancelAuthorization: "address authorizer,bytes32 nonce",
  Delegation: "address delegatee,uint256 nonce,uint256 expiry",
  RedemptionReceipt: "uint256 id",
};

function text(token: TokenKey, { chainId, verifyingContract }: Domain, primaryType: keyof typeof TYPES, message: object): TypedData {
  const fields = TYPES[primaryType].split(",").map((field) => ({ type: field.split(" ")[0]!, name: field.split(" ")[1]! }));
  return { domain: { name: TOKEN_NAMES[token], version: "1", chainId, verifyingContract }, types: { [primaryType]: fields }, primaryType, message: { ...message } };
}

/** Signed by the owner (ERC-2612). @param token which of the two; `domain.verifyingContract` is it */
export const permitData = (token: TokenKey, domain: Domain, permit: { owner: Hex; spender: Hex; value: bigint; nonce: bigint; deadline: number | bigint }): TypedData =>
  text(token, domain, "Permit", permit);

/** Signed by the payer, for anyone to submit; `domain.verifyingContract` is QDD. */
export const transferAuthorizationData = (domain: Domain, authorization: Authorization): TypedData => text("qdd", domain, "TransferWithAuthorization", authorization);

/** Signed by the payer, for the payee to submit; `domain.verifyingContract` is QDD. */
export const receiveAuthorizationData = (domain: Domain, authorization: Authorization): TypedData => text("qdd", domain, "ReceiveWithAuthorization", authorization);

/** Signed by who no longer wants to be bound; `domain.verifyingContract` is QDD. */
export const cancelAuthorizationData = (domain: Domain, cancelled: { authorizer: Hex; nonce: Hex }): TypedData => text("qdd", domain, "CancelAuthorization", cancelled);

/** Signed by the holder of votes (ERC-5805); `domain.verifyingContract` is QDT. */
export const delegationData = (domain: Domain, delegation: { delegatee: Hex; nonce: bigint; expiry: number | bigint }): TypedData => text("qdt", domain, "Delegation", delegation);

/** Signed by the redeemer when the dollars have come; `domain.verifyingContract` is QDD. */
export const redemptionReceiptData = (domain: Domain, receipt: { id: bigint }): TypedData => text("qdd", domain, "RedemptionReceipt", receipt);
