/** A device's messages: what it signs and what goes over the wire. */
import type { Hex } from "../bytes/index.ts";

/** One signed message. The previous chain value is not sent: both ends hold it. */
export interface DeviceMessage {
  /** Handle of the stream, 0x-hex of 32 bytes. */
  stream: Hex;
  /** From 0 per (stream, device key), without gaps. */
  counter: number;
  /** 16 fresh random bytes; they stay inside the sealed payload, so that row hashes cannot be guessed from outside. */
  salt16: Uint8Array;
  /** Rows, each the canonical CBOR array of its raw values in schema order (column 0: Unix milliseconds). At least one. */
  rows: readonly Uint8Array[];
  /** r || s, 64 bytes, low s; null where a TSP attests without a device signature. */
  signature: Uint8Array | null;
}

/** Position in a device's chain: what both ends remember between messages. Plain data, so it can be stored as JSON. */
export interface ChainState {
  /** Counter of the next message. */
  nextCounter: number;
  /** Chain value of the last message; 32 zero bytes before the first. */
  chain: Hex;
}

/** Travels beside a header, never inside it: proof that the device signed the chain up to the batch's last message. */
export interface DeviceEnvelope {
  /** 64 bytes x || y as 0x-hex; its keccak256 is the header's `deviceKey`. */
  publicKey: Hex;
  /** r || s of the last message's signature over the header's `chainAfter`, 0x-hex of 64 bytes. */
  signature: Hex;
}
