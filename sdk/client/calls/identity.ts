/** Accreditation, vehicles and their devices. */
import type { Hex } from "../../bytes/index.ts";
import type { Claim, Voucher } from "../../eip712/index.ts";
import type { Call, Encode } from "./call.ts";

/** A device key with its signature, r || s of 64 bytes or with a recovery byte. */
export interface SignedKey {
  /** 64 bytes, x || y. */
  publicKey: Hex;
  signature: Hex;
}

/** A key as the contracts take it. */
export const coordinates = (publicKey: Hex): { x: Hex; y: Hex } => ({ x: `0x${publicKey.slice(2, 66)}`, y: `0x${publicKey.slice(66, 130)}` });
const signedKey = ({ publicKey, signature }: SignedKey) => ({ ...coordinates(publicKey), signature });

/** See the head of this file. */
export const identityCalls = (call: Encode) => ({
  // accreditation (registrar)
  /** @param wmi see `wmiBytes` */
  accreditOem: (oem: Hex, wmi: Hex): Call => call("vehicleRegistry", "accreditOem", [oem, wmi]),
  revokeOem: (oem: Hex, wmi: Hex): Call => call("vehicleRegistry", "revokeOem", [oem, wmi]),
  accreditTsp: (tsp: Hex, accredited: boolean): Call => call("vehicleRegistry", "accreditTsp", [tsp, accredited]),

  // vehicles
  /** By the TSP that the owner's consent names. */
  mint: (voucher: Voucher, consentDeadline: number, oemSignature: Hex, ownerSignature: Hex): Call =>
    call("vehicleRegistry", "mint", [voucher, consentDeadline, oemSignature, ownerSignature]),
  /** By the TSP that the owner's consent names. */
  mintUnconfirmed: (claim: Claim, consentDeadline: number, ownerSignature: Hex): Call =>
    call("vehicleRegistry", "mintUnconfirmed", [claim, consentDeadline, ownerSignature]),
  /** By anyone. */
  confirmVehicle: (vehicle: bigint, tag: Hex, deadline: number, oemSignature: Hex): Call =>
    call("vehicleRegistry", "confirm", [vehicle, tag, deadline, oemSignature]),
  transferVehicle: (from: Hex, to: Hex, vehicle: bigint): Call => call("vehicleRegistry", "transferFrom", [from, to, vehicle]),

  // devices
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
      ...[setup.vehicle, setup.agent, setup.deadline],
      ...[signedKey({ publicKey: setup.publicKey, signature: setup.deviceSignature }), setup.ownerSignature],
    ]),
  /** By anyone: a further key of a device. */
  setupDeviceDup: (first: SignedKey, key: SignedKey, deadline: number): Call =>
    call("deviceRegistry", "setupDup", [signedKey(first), signedKey(key), deadline]),
  /** By the vehicle's owner or the device's agent. */
  retireDevice: (deviceKey: Hex): Call => call("deviceRegistry", "retire", [deviceKey]),
  /** By anyone: a device goes on under a new key. */
  resetDevice: (first: SignedKey, key: SignedKey, deadline: number): Call =>
    call("deviceRegistry", "reset", [signedKey(first), signedKey(key), deadline]),
  /** By the vehicle's owner, of a device whose key is lost. */
  askDeviceRecovery: (deviceKey: Hex, key: SignedKey): Call => call("deviceRegistry", "askRecovery", [deviceKey, signedKey(key)]),
  /** By the device's agent, once. */
  contestDeviceRecovery: (deviceKey: Hex): Call => call("deviceRegistry", "contestRecovery", [deviceKey]),
  /** By the vehicle's owner. */
  cancelDeviceRecovery: (deviceKey: Hex): Call => call("deviceRegistry", "cancelRecovery", [deviceKey]),
  /** By anyone, when it is ready. */
  finishDeviceRecovery: (deviceKey: Hex, publicKey: Hex): Call => {
    const { x, y } = coordinates(publicKey);
    return call("deviceRegistry", "finishRecovery", [deviceKey, x, y]);
  },
});
