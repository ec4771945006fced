import { TLSSocket } from "node:tls";
import type { Duplex } from "node:stream";
import { deviceKeyName } from "@qoodblock/sdk/device";
import type { Access } from "./access.ts";

/**
 * The device behind a TLS connection, by the key of its certificate. Who signed the certificate counts for nothing: the handshake has
 * shown that the other side holds the key, and the registry says which vehicle's key it is.
 * @returns undefined where there is no certificate, or none of an EC key of 256 bits
 */
export function accessOfCertificate(connection: Duplex): Access | undefined {
  const certificate = connection instanceof TLSSocket ? connection.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return undefined;
  const key = certificate.publicKey.export({ format: "jwk" });
  if (key.kty !== "EC" || key.x === undefined || key.y === undefined) return undefined;
  const point = Buffer.concat([Buffer.from(key.x, "base64url"), Buffer.from(key.y, "base64url")]);
  return point.length === 64 ? { kind: "device", device: deviceKeyName(new Uint8Array(point)) } : undefined;
}
