/** Credits and tokens, and the way of QDD back to dollars. */
import type { Hex } from "../../bytes/index.ts";
import type { Authorization } from "../tokens.ts";
import type { Call, Encode } from "./call.ts";

/** The functions of ERC-3009 that take a signature as bytes; each has a namesake that takes v, r, s. */
const AUTHORIZED = {
  transfer: "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
  receive: "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
  cancel: "cancelAuthorization(address,bytes32,bytes)",
};
const authorizationWords = (a: Authorization): readonly unknown[] => [a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce];

/** See the head of this file. */
export const moneyCalls = (call: Encode) => ({
  // money
  /** Pays the caller's tokens in for an account's credit. */
  deposit: (token: Hex, account: Hex, amount: bigint): Call => call("escrow", "deposit", [token, account, amount]),
  setOperator: (operator: Hex, approved: boolean): Call => call("escrow", "setOperator", [operator, approved]),
  transferCredit: (from: Hex, token: Hex, to: Hex, amount: bigint): Call => call("escrow", "transferCredit", [from, token, to, amount]),
  withdraw: (token: Hex, to: Hex, amount: bigint): Call => call("escrow", "withdraw", [token, to, amount]),
  withdrawFor: (w: { account: Hex; token: Hex; to: Hex; amount: bigint; deadline: number; signature: Hex }): Call =>
    call("escrow", "withdrawFor", [w.account, w.token, w.to, w.amount, w.deadline, w.signature]),
  transferToken: (token: Hex, to: Hex, amount: bigint): Call => call("qdd", "transfer", [to, amount], token),
  /** By the issuer. */
  mintQdd: (to: Hex, amount: bigint): Call => call("qdd", "mint", [to, amount]),
  /** By anyone with the payer's signature, which may be of a contract wallet. */
  transferWithAuthorization: (a: Authorization, signature: Hex): Call => call("qdd", AUTHORIZED.transfer, [...authorizationWords(a), signature]),
  /** By the payee. */
  receiveWithAuthorization: (a: Authorization, signature: Hex): Call => call("qdd", AUTHORIZED.receive, [...authorizationWords(a), signature]),
  cancelAuthorization: (authorizer: Hex, nonce: Hex, signature: Hex): Call => call("qdd", AUTHORIZED.cancel, [authorizer, nonce, signature]),

  // redemption of QDD
  /** @param payoutHash of where to pay, which the issuer is told off chain */
  queueRedemption: (amount: bigint, payoutHash: Hex): Call => call("qdd", "queueRedemption", [amount, payoutHash]),
  /** By the redeemer: the dollars have come. */
  confirmRedemption: (id: bigint): Call => call("qdd", "confirmRedemption", [id]),
  /** By anyone with the redeemer's signature, see `redemptionReceiptData`. */
  confirmRedemptionFor: (id: bigint, signature: Hex): Call => call("qdd", "confirmRedemptionFor", [id, signature]),
  /** By the redeemer: the attested payment has not come. */
  disputeRedemption: (id: bigint): Call => call("qdd", "disputeRedemption", [id]),
  /** By the redeemer, past the deadline. */
  takeBackRedemption: (id: bigint): Call => call("qdd", "takeBackRedemption", [id]),
  /** By the auditor: the dollars were paid. */
  attestRedemption: (id: bigint, documentHash: Hex): Call => call("qdd", "attestRedemption", [id, documentHash]),
  /** By the auditor, past the deadline: the dollars cannot be paid. */
  sendBackRedemption: (id: bigint, documentHash: Hex): Call => call("qdd", "sendBackRedemption", [id, documentHash]),
  /** By anyone, after the objection time. */
  settleRedemption: (id: bigint): Call => call("qdd", "settleRedemption", [id]),
});
