/** A sealed batch as one byte string, from a device that seals by itself to its TSP: canonical CBOR [1, header, key, signature, ciphertext, dataHashes, description]. */
import { fromHex, toHex } from "../bytes/index.ts";
import { ensure, QoodError } from "../errors/index.ts";
import { CborReader, CborWriter } from "../formats/cbor.ts";
import { headerFromJson, headerToJson } from "../formats/header-json.ts";
import type { Header } from "../formats/header-types.ts";
import type { DeviceEnvelope } from "../device/types.ts";
import type { BatchFiles, SealedBatch } from "./types.ts";

const VERSION = 1;

/** What a device hands over: no key is in it. */
export interface SealedPackage extends BatchFiles {
  header: Header;
  envelope: DeviceEnvelope;
}

/** Package to bytes. @throws QoodError `DEVICE_ENVELOPE` for a batch without a device's signature */
export function encodeSealed({ header, envelope, ciphertext, dataHashes, description }: Pick<SealedBatch, "header" | "envelope" | keyof BatchFiles>): Uint8Array {
  ensure(envelope !== null, "DEVICE_ENVELOPE", "a batch without a device's signature is not sealed by a device");
  const writer = new CborWriter(4096 + ciphertext.length + dataHashes.length + description.length);
  writer.array(7);
  writer.value(VERSION);
  writer.bytes(new TextEncoder().encode(JSON.stringify(headerToJson(header))));
  writer.bytes(fromHex(envelope.publicKey, 64));
  writer.bytes(fromHex(envelope.signature, 64));
  for (const file of [ciphertext, dataHashes, description]) writer.bytes(file);
  return writer.finish();
}

/** Bytes to package; only its form is looked at. @throws QoodError `CBOR_*`, `SEALED_SHAPE`, `HEADER_JSON` */
export function decodeSealed(bytes: Uint8Array): SealedPackage {
  const reader = new CborReader(bytes);
  ensure(reader.array("sealed batch") === 7 && reader.uint() === VERSION, "SEALED_SHAPE", "not a sealed batch of version 1");
  const text = reader.bytes();
  const envelope = { publicKey: toHex(reader.bytes(64)), signature: toHex(reader.bytes(64)) };
  const [ciphertext, dataHashes, description] = [reader.bytes(), reader.bytes(), reader.bytes()];
  reader.end();
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw new QoodError("HEADER_JSON", "the header is not JSON");
  }
  return { header: headerFromJson(json), envelope, ciphertext, dataHashes, description };
}
