/** A device's chain of messages: the signer's side and the verifier's, both in constant memory. */
import { fromHex, toHex, type Hex } from "../bytes/index.ts";
import { type Curve, publicKeyOf, signDigest } from "../crypto/ecdsa.ts";
import { sha256 } from "../crypto/hash.ts";
import { randomBytes } from "../crypto/random.ts";
import { verifyingKey, type VerifyingKey } from "../crypto/verifier.ts";
import { QoodError, ensure } from "../errors/index.ts";
import { ZERO32 } from "../formats/header.ts";
import { SALT_LENGTH, chainPreimage, rowHashes, rowsRoot } from "../formats/message.ts";
import type { ChainState, DeviceMessage } from "./types.ts";

/** State before the first message of a (stream, device key). */
export const CHAIN_START: ChainState = { nextCounter: 0, chain: ZERO32 };

/** Signs messages in order. Keep `state` durable: a counter must never be used for two different messages. */
export class MessageSigner {
  /** 64 bytes, x || y. */
  readonly publicKey: Uint8Array;
  private readonly privateKey: Uint8Array;
  private readonly curve: Curve;
  private readonly stream: Hex;
  private current: ChainState;

  /** @param options.curve secp256k1 without it @throws QoodError `BAD_DEVICE_KEY`, `BAD_HEX` */
  constructor(options: { privateKey: Uint8Array; stream: Hex; state?: ChainState; curve?: Curve }) {
    this.privateKey = options.privateKey;
    this.curve = options.curve ?? "secp256k1";
    this.publicKey = publicKeyOf(options.privateKey, this.curve);
    fromHex(options.stream, 32);
    this.stream = options.stream;
    this.current = options.state ?? CHAIN_START;
  }

  /** State after the last message. */
  get state(): ChainState {
    return this.current;
  }

  /**
   * Makes the next message.
   * @param rows canonical row bytes (formats' `encodeRow`), at least one
   * @param salt16 fresh random bytes; given only by tests
   * @throws QoodError `EMPTY_MESSAGE`, `BAD_SALT`
   */
  sign(rows: readonly Uint8Array[], salt16: Uint8Array = randomBytes(SALT_LENGTH)): DeviceMessage {
    const counter = this.current.nextCounter;
    const chain = sha256(preimage(this.current, fromHex(this.stream), counter, salt16, rows));
    this.current = { nextCounter: counter + 1, chain: toHex(chain) };
    return { stream: this.stream, counter, salt16, rows, signature: signDigest(this.privateKey, chain, this.curve) };
  }
}

/** Makes one message from a stored state. See {@link MessageSigner} for the errors. */
export function signMessage(options: {
  privateKey: Uint8Array;
  stream: Hex;
  state: ChainState;
  rows: readonly Uint8Array[];
  salt16?: Uint8Array;
  curve?: Curve;
}): { message: DeviceMessage; state: ChainState } {
  const signer = new MessageSigner(options);
  const message = signer.sign(options.rows, options.salt16);
  return { message, state: signer.state };
}

/** Follows a device's chain and refuses whatever does not continue it. */
export class MessageChain {
  private readonly stream: Hex;
  private readonly streamBytes: Uint8Array;
  private readonly key: VerifyingKey | null;
  private current: ChainState;

  /**
   * @param options.publicKey 64 bytes, x || y; null for a stream that its TSP attests (messages then carry no signature)
   * @throws QoodError `BAD_DEVICE_KEY`, `BAD_HEX`
   */
  constructor(options: { stream: Hex; publicKey: Uint8Array | null; state?: ChainState }) {
    this.streamBytes = fromHex(options.stream, 32);
    this.stream = options.stream.toLowerCase() as Hex;
    this.key = options.publicKey === null ? null : verifyingKey(options.publicKey);
    this.current = options.state ?? CHAIN_START;
  }

  /** State after the last accepted message. */
  get state(): ChainState {
    return this.current;
  }

  /**
   * Verifies a message against the chain and, if it is right, moves on by it. A refused message changes nothing.
   * Rows are bytes here: whether they are canonical and within the schema's ranges is for `decodeRow` and the dictionary.
   * @returns the new state
   * @throws QoodError `MESSAGE_STREAM`, `MESSAGE_COUNTER`, `MESSAGE_UNSIGNED`, `MESSAGE_SIGNATURE`, `EMPTY_MESSAGE`, `BAD_SALT`
   */
  accept(message: DeviceMessage): ChainState {
    const { counter, signature } = message;
    const details = { counter };
    ensure(message.stream === this.stream || message.stream.toLowerCase() === this.stream, "MESSAGE_STREAM", `message ${counter} belongs to another stream`, details);
    if (counter !== this.current.nextCounter) {
      throw new QoodError("MESSAGE_COUNTER", `message ${counter} does not follow: expected counter ${this.current.nextCounter}`, { details });
    }
    const signed = preimage(this.current, this.streamBytes, counter, message.salt16, message.rows);
    checkSignature(this.key, counter, signed, signature);
    this.current = { nextCounter: counter + 1, chain: toHex(sha256(signed)) };
    return this.current;
  }
}

/** Verifies one message from a stored state and gives the next. See {@link MessageChain.accept} for the errors. */
export function verifyMessage(message: DeviceMessage, options: { stream: Hex; publicKey: Uint8Array | null; state: ChainState }): ChainState {
  return new MessageChain(options).accept(message);
}

/**
 * The rule on signatures: with a device key every message carries a right one, without a key none does.
 * @param signed preimage of the chain hash
 * @throws QoodError `MESSAGE_UNSIGNED`, `MESSAGE_SIGNATURE`
 */
export function checkSignature(key: VerifyingKey | null, counter: number, signed: Uint8Array, signature: Uint8Array | null): void {
  const details = { counter };
  if (key === null) {
    ensure(signature === null, "MESSAGE_SIGNATURE", `message ${counter} carries a signature though no device key is named`, details);
  } else {
    ensure(signature !== null, "MESSAGE_UNSIGNED", `message ${counter} carries no signature`, details);
    ensure(key.verify(signed, signature), "MESSAGE_SIGNATURE", `message ${counter} is not signed by the device`, details);
  }
}

function preimage(state: ChainState, stream: Uint8Array, counter: number, salt16: Uint8Array, rows: readonly Uint8Array[]): Uint8Array {
  return chainPreimage(fromHex(state.chain, 32), stream, counter, rowsRoot(rowHashes(salt16, rows)));
}
