/** How a device shows a gateway that it holds its key: one EIP-712 text over a nonce that the gateway has given it. */
import { TypedDataEncoder } from "ethers";
import { fromHex, toHex, type Hex } from "../bytes/index.ts";
import { type Curve, publicKeyOf, signDigest, verifyDigest } from "../crypto/ecdsa.ts";
import { keccak256 } from "../crypto/hash.ts";

/** What the device signs. */
export interface DeviceLogin {
  /** Chain of the device registry that the key is set up in. */
  readonly chainId: number;
  /** The gateway's own name, so that no other gateway can pass the answer on. */
  readonly gateway: string;
  /** keccak256 of the 64-byte public key. */
  readonly device: Hex;
  /** 32 bytes from the gateway, good once. */
  readonly nonce: Hex;
  /** Unix seconds until which it counts. */
  readonly deadline: number;
}

const TYPES = {
  DeviceLogin: [
    { name: "gateway", type: "string" },
    { name: "device", type: "bytes32" },
    { name: "nonce", type: "bytes32" },
    { name: "deadline", type: "uint64" },
  ],
};

/** The digest of a login, 32 bytes. */
export function loginDigest({ chainId, gateway, device, nonce, deadline }: DeviceLogin): Uint8Array {
  return fromHex(TypedDataEncoder.hash({ name: "QoodBlock gateway", version: "1", chainId }, TYPES, { gateway, device, nonce, deadline }), 32);
}

/** Name of a device's key: keccak256 of its 64 bytes. */
export const deviceKeyName = (publicKey: Uint8Array): Hex => toHex(keccak256(publicKey));

/** The device's answer to a challenge: r || s, 64 bytes. @throws QoodError `BAD_DEVICE_KEY` */
export function signLogin(privateKey: Uint8Array, login: Omit<DeviceLogin, "device">, curve: Curve = "secp256k1"): Uint8Array {
  const device = deviceKeyName(publicKeyOf(privateKey, curve));
  return signDigest(privateKey, loginDigest({ ...login, device }), curve);
}

/** Whether a login is signed by the key (64 bytes, x || y) that it names. @throws QoodError `BAD_DEVICE_KEY` */
export function isLoginSigned(publicKey: Uint8Array, login: DeviceLogin, signature: Uint8Array): boolean {
  return login.device === deviceKeyName(publicKey) && verifyDigest(publicKey, loginDigest(login), signature);
}
