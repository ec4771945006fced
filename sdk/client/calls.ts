/**
 * Every transaction as data: who keeps intents and signs by itself (workers do) takes the call, who only wants it done gives it
 * to `send`. One function a contract function, arguments as in the contracts' interfaces.
 */
import type { Hex } from "../bytes/index.ts";
import type { Voucher } from "../eip712/index.ts";
import type { Agreement, KeyDeliveryWords, Opening, Purchase, Terms, VersionTerms } from "../market/index.ts";
import type { Addresses, Deployment } from "./deployment.ts";
import { INTERFACES } from "./interfaces.ts";

/** A transaction without its signer. `what` names it in logs and errors. */
export interface Call {
  to: Hex;
  data: Hex;
  what: string;
}

/** An ERC-2612 permit, as `buyWithPermit` takes it. */
export interface Permit {
  value: bigint;
  deadline: number;
  v: number;
  r: Hex;
  s: Hex;
}

/** Builds the calls of one deployment. */
export type Calls = ReturnType<typeof createCalls>;

/** @param deployment where the calls go */
export function createCalls({ addresses }: Pick<Deployment, "addresses">) {
  const call = (contract: keyof Addresses, method: string, args: readonly unknown[], to: Hex = addresses[contract]): Call => ({
    to,
    data: INTERFACES[contract].encodeFunctionData(method, args) as Hex,
    what: `${contract}.${method}`,
  });
  const noOpening: Opening = { lots: [], formers: [] };

  return {
    // accreditation (registrar)
    accreditOem: (oem: Hex, accredited: boolean): Call => call("vehicleRegistry", "accreditOem", [oem, accredited]),
    accreditTsp: (tsp: Hex, accredited: boolean): Call => call("vehicleRegistry", "accreditTsp", [tsp, accredited]),

    // vehicles and devices
    /** By the TSP that the owner's consent names. */
    mint: (voucher: Voucher, consentDeadline: number, oemSignature: Hex, ownerSignature: Hex): Call =>
      call("vehicleRegistry", "mint", [voucher, consentDeadline, oemSignature, ownerSignature]),
    transferVehicle: (from: Hex, to: Hex, vehicle: bigint): Call => call("vehicleRegistry", "transferFrom", [from, to, vehicle]),
    /** By anyone. @param publicKey 64 bytes x || y */
    setupDevice: (setup: {
      vehicle: bigint;
      publicKey: Hex;
      agent: Hex;
      deadline: number;
      ownerSignature: Hex;
      deviceSignature: Hex;
    }): Call =>
      call("deviceRegistry", "setup", [
        setup.vehicle,
        `0x${setup.publicKey.slice(2, 66)}`,
        `0x${setup.publicKey.slice(66, 130)}`,
        setup.agent,
        setup.deadline,
        setup.ownerSignature,
        setup.deviceSignature,
      ]),
    /** By the vehicle's owner or the device's agent. */
    retireDevice: (deviceKey: Hex): Call => call("deviceRegistry", "retire", [deviceKey]),

    // anchors
    /** By the TSP that the headers name. */
    anchor: (root: Hex, sequence: number, leavesHash: Hex, listDigest: Hex): Call =>
      call("dataRegistry", "anchor", [root, sequence, leavesHash, listDigest]),

    // agreements
    /** By anyone with both signatures. */
    agree: (text: Agreement, ownerSignature: Hex, oemSignature: Hex): Call =>
      call("qoodShares", "agree", [text, ownerSignature, oemSignature]),
    /** By either principal. */
    deny: (vehicle: bigint, epoch: number, dataClass: number, privacy: number): Call =>
      call("qoodShares", "deny", [vehicle, epoch, dataClass, privacy]),
    /** By either principal. */
    end: (vehicle: bigint, epoch: number): Call => call("qoodShares", "end", [vehicle, epoch]),

    // trade
    /** Allows the exchange to pull `amount` of a token from the caller. */
    approve: (token: Hex, amount: bigint): Call => call("qdd", "approve", [addresses.escrow, amount], token),
    buy: (purchase: Purchase): Call => call("escrow", "buy", [purchase]),
    buyWithPermit: (purchase: Purchase, permit: Permit): Call => call("escrow", "buyWithPermit", [purchase, permit]),
    deliverProven: (terms: Terms, opening: Opening, delivery: KeyDeliveryWords): Call =>
      call("escrow", "deliverProven", [terms, opening, delivery]),
    /** `opening` is needed from Funded only; `signature` is not needed from the buyer itself. */
    settleByReceipt: (terms: Terms, agreement: VersionTerms, signature: Hex, opening: Opening = noOpening): Call =>
      call("escrow", "settleByReceipt", [terms, agreement, opening, signature]),
    settle: (terms: Terms, agreement: VersionTerms): Call => call("escrow", "settle", [terms, agreement]),
    refund: (terms: Terms): Call => call("escrow", "refund", [terms]),
    concede: (terms: Terms): Call => call("escrow", "concede", [terms]),
    cancelOrder: (nonce: bigint): Call => call("escrow", "cancelOrder", [nonce]),
    cancelOrders: (word: bigint, mask: bigint): Call => call("escrow", "cancelOrders", [word, mask]),

    // money
    withdraw: (token: Hex, to: Hex, amount: bigint): Call => call("escrow", "withdraw", [token, to, amount]),
    withdrawFor: (w: { account: Hex; token: Hex; to: Hex; amount: bigint; deadline: number; signature: Hex }): Call =>
      call("escrow", "withdrawFor", [w.account, w.token, w.to, w.amount, w.deadline, w.signature]),
    transferToken: (token: Hex, to: Hex, amount: bigint): Call => call("qdd", "transfer", [to, amount], token),
    /** By the issuer. */
    mintQdd: (to: Hex, amount: bigint): Call => call("qdd", "mint", [to, amount]),
    /** By the auditor. */
    attest: (documentHash: Hex, asOf: number, amount: bigint): Call => call("reserveFeed", "attest", [documentHash, asOf, amount]),

    // foundation and guardian
    setToken: (token: Hex, listed: boolean): Call => call("escrow", "setToken", [token, listed]),
    setFee: (feeBps: number, recipient: Hex): Call => call("escrow", "setFee", [feeBps, recipient]),
    pausePurchases: (paused: boolean): Call => call("escrow", "pausePurchases", [paused]),
  };
}
