/**
 * A record's body: a sealed batch whose header is encrypted too, signed by the key of its address.
 *
 * body = 0x01 ‖ public key 64 ‖ signature 64 ‖ dHash 32 ‖ nonce 32 ‖ head length u32 ‖ head ‖ list length u32 ‖ dataHash list ‖ ciphertext;
 * head = ChaCha20(HKDF(secret, "qood/kv/head/v1", key ‖ nonce), zstd(CBOR [header JSON, chain signature or null, description])).
 */
import { ascii, concat, equalBytes, fromHex, type Hex, toHex, u32 } from "../bytes/index.ts";
import { chacha20 } from "../crypto/chacha.ts";
import { publicKeyOf, signDigest } from "../crypto/ecdsa.ts";
import { keccak256, sha256 } from "../crypto/hash.ts";
import { hkdf } from "../crypto/hkdf.ts";
import { type VerifyingKey, verifyingKey } from "../crypto/verifier.ts";
import { zstdCompress, zstdDecompress } from "../crypto/zstd.ts";
import { ensure, isQoodError, QoodError } from "../errors/index.ts";
import { CborReader, CborWriter } from "../formats/cbor.ts";
import { headerFromJson, headerToJson } from "../formats/header-json.ts";
import type { Header } from "../formats/header-types.ts";
import type { BatchFiles } from "../sealing/types.ts";
import { addressOf, type DayReader, type DayWriter } from "./address.ts";
import { type KvRecord, MAX_BODY, MAX_KEY } from "./store.ts";

const VERSION = 1;
const [PUBLIC, SIGNATURE, DHASH, NONCE] = [1, 65, 129, 161] as const;
const HEAD = 193;
const MAX_HEAD = 1024 * 1024;
const RECORD_TAG = ascii("qood/kv/record/v1");
const HANDLE_TAG = ascii("qood/kv/handle/v1");
/** Keys that verify are kept ready for so many addresses. */
const READY = 4096;

/** What a body holds once its head is decrypted. */
export interface RecordContent extends BatchFiles {
  readonly header: Header;
  /** Signature of the one message; null for a record from the wallet. */
  readonly chainSignature: Uint8Array | null;
}

/** Handle of a record's one batch: of no use to look anything up by, and another for each record. */
export function recordHandle(address: Hex, key: Uint8Array): Hex {
  return toHex(keccak256(HANDLE_TAG, fromHex(address, 20), key));
}

function signed(address: Hex, key: Uint8Array, body: Uint8Array): Uint8Array {
  return concat(RECORD_TAG, fromHex(address, 20), Uint8Array.of(key.length), key, body.subarray(0, SIGNATURE), body.subarray(DHASH));
}

const headKey = ({ secret }: Pick<DayReader, "secret">, key: Uint8Array, nonce: Uint8Array): Uint8Array => hkdf(secret, "qood/kv/head/v1", concat(key, nonce), 32);

/** Content to a signed record. @throws QoodError `KV_TOO_LARGE` */
export function encodeRecord(writer: DayWriter, key: Uint8Array, content: RecordContent): KvRecord {
  const { header, chainSignature, ciphertext, dataHashes, description } = content;
  const nonce = fromHex(header.rest.sealNonce, 32);
  const cbor = new CborWriter(4096 + description.length);
  cbor.array(3);
  cbor.bytes(new TextEncoder().encode(JSON.stringify(headerToJson(header))));
  if (chainSignature === null) cbor.value(null);
  else cbor.bytes(chainSignature);
  cbor.bytes(description);
  const head = chacha20(headKey(writer, key, nonce), zstdCompress(cbor.finish()));
  const body = concat(
    ...[Uint8Array.of(VERSION), publicKeyOf(writer.privateKey), new Uint8Array(64), fromHex(header.words.root, 32), nonce],
    ...[u32(head.length), head, u32(dataHashes.length), dataHashes, ciphertext],
  );
  ensure(body.length <= MAX_BODY, "KV_TOO_LARGE", `the record has ${body.length} bytes; at most ${MAX_BODY} are stored under one key: write fewer rows at a time`);
  body.set(signDigest(writer.privateKey, sha256(signed(writer.address, key, body))), SIGNATURE);
  return { address: writer.address, key, body };
}

const ready = new Map<string, { readonly publicKey: Uint8Array; readonly key: VerifyingKey }>();

/** The key of an address made ready, for the public key that hashes to it alone. @throws QoodError `KV_SIGNATURE` */
function verifierOf(address: Hex, publicKey: Uint8Array): VerifyingKey {
  const known = ready.get(address);
  if (known !== undefined && equalBytes(known.publicKey, publicKey)) return known.key;
  ensure(addressOf(publicKey) === address, "KV_SIGNATURE", "the record's public key is not that of its address");
  const made = { publicKey: publicKey.slice(), key: verifyingKey(publicKey) };
  if (ready.size >= READY) ready.delete(ready.keys().next().value!);
  ready.set(address, made);
  return made.key;
}

/**
 * What a store checks before it writes: form, and that the holder of the address has signed exactly this under this key.
 * @throws QoodError `KV_RECORD`, `KV_SIGNATURE`
 */
export function checkRecord({ address, key, body }: KvRecord): void {
  ensure(/^0x[0-9a-f]{40}$/.test(address) && key.length >= 1 && key.length <= MAX_KEY, "KV_RECORD", `a record has an address in lower case and a key of 1 to ${MAX_KEY} bytes`);
  partsOf(body);
  const publicKey = body.subarray(PUBLIC, SIGNATURE);
  let right: boolean;
  try {
    right = verifierOf(address, publicKey).verify(signed(address, key, body), body.subarray(SIGNATURE, DHASH));
  } catch (cause) {
    if (isQoodError(cause, "KV_SIGNATURE")) throw cause;
    throw new QoodError("KV_SIGNATURE", "the record's public key is none", { cause });
  }
  ensure(right, "KV_SIGNATURE", "the record is not signed by the key of its address");
}

function partsOf(body: Uint8Array): { dHash: Uint8Array; nonce: Uint8Array; head: Uint8Array; dataHashes: Uint8Array; ciphertext: Uint8Array } {
  const form = (right: boolean): void => ensure(right, "KV_RECORD", "the record's body has not the form of version 1");
  form(body.length >= HEAD + 8 && body.length <= MAX_BODY && body[0] === VERSION);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const listAt = HEAD + 4 + view.getUint32(HEAD);
  form(listAt + 4 <= body.length);
  const cipherAt = listAt + 4 + view.getUint32(listAt);
  form(cipherAt < body.length);
  return {
    ...{ dHash: body.subarray(DHASH, NONCE), nonce: body.subarray(NONCE, HEAD), head: body.subarray(HEAD + 4, listAt) },
    ...{ dataHashes: body.subarray(listAt + 4, cipherAt), ciphertext: body.subarray(cipherAt) },
  };
}

/** The published dHash of a record: the root of its batch. @throws QoodError `KV_RECORD` */
export function dHashOf({ body }: Pick<KvRecord, "body">): Hex {
  return toHex(partsOf(body).dHash);
}

/** A record's content, by the day's secret. Only its head is opened. @throws QoodError `KV_SECRET` where the secret is another day's, `KV_RECORD` */
export function decodeRecord(reader: Pick<DayReader, "secret">, { key, body }: KvRecord): RecordContent {
  const { dHash, nonce, head, dataHashes, ciphertext } = partsOf(body);
  try {
    const cbor = new CborReader(zstdDecompress(chacha20(headKey(reader, key, nonce), head), MAX_HEAD));
    cbor.expect(cbor.array("head") === 3, "KV_RECORD", "the head has not three parts");
    const header = headerFromJson(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(cbor.bytes())));
    const chainSignature = cbor.nullNext() ? null : cbor.bytes(64);
    const description = cbor.bytes();
    cbor.end();
    ensure(equalBytes(fromHex(header.words.root, 32), dHash) && equalBytes(fromHex(header.rest.sealNonce, 32), nonce), "KV_RECORD", "the record's header is not that of its dHash");
    return { header, chainSignature, ciphertext, dataHashes, description };
  } catch (cause) {
    if (cause instanceof QoodError && cause.code === "KV_RECORD") throw cause;
    throw new QoodError("KV_SECRET", "the record does not open with this secret: it is of another address or day, or not sealed as it says", { cause });
  }
}

/** The public key that a record is signed by. */
export function publicKeyIn({ body }: Pick<KvRecord, "body">): Hex {
  return toHex(body.subarray(PUBLIC, SIGNATURE));
}
