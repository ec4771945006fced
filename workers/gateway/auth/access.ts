import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { deviceKeyOf } from "../../shared/registry/index.ts";
import type { KnownStream } from "../streams.ts";

/**
 * What a connection or a request may send for.
 * - device: every stream whose registered device key has this name (keccak256 of the public key)
 * - streams: named streams, by a token that the TSP has made; for sources without a key of their own
 * - signed: nothing is known of the sender; only messages count that their device has signed
 */
export type Access = { readonly kind: "device"; readonly device: Hex } | { readonly kind: "streams"; readonly streams: ReadonlySet<string> } | { readonly kind: "signed" };

/**
 * Whether an access reaches a stream.
 * @throws QoodError ACCESS_STREAM
 */
export function checkAccess(access: Access, { config }: KnownStream): void {
  const key = deviceKeyOf(config);
  if (access.kind === "device" && key === access.device) return;
  if (access.kind === "streams" && access.streams.has(config.handle)) return;
  // Every message of such a stream is checked against the device's signature before it is stored.
  if (access.kind === "signed" && key !== undefined) return;
  throw new QoodError("ACCESS_STREAM", `this login does not reach stream ${config.handle}`);
}
