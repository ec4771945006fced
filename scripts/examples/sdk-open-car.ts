/**
 * Verifies and decrypts a batch with no network at all: FILE.car holds the offer (its first root) and the batch's three
 * files, KEY is the batch key in decimal. Every block, hash and device signature is checked on the way.
 */
import { createReadStream } from "node:fs";
import { decode } from "@ipld/dag-pb";
import { CID } from "multiformats/cid";
import { concat, fromHex } from "../../sdk/bytes/index.ts";
import { csvHeader } from "../../sdk/drive/index.ts";
import { rowOpener, schemaByHash } from "../../sdk/dictionary/index.ts";
import { decodeOffer } from "../../sdk/market/index.ts";
import { checkBatch, openBatch } from "../../sdk/sealing/index.ts";
import { readCar } from "../../workers/shared/storage/car.ts";

const [carFile, key] = process.argv.slice(2) as [string, string];

// The reader compares every block with its CID.
const { roots, blocks } = await readCar(createReadStream(carFile));
const byCid = new Map<string, Uint8Array>();
for await (const { cid, bytes } of blocks) byCid.set(cid.toString(), bytes);

/** A file is a tree: its bytes are those of the raw leaves, from left to right. */
function file(cid: CID): Uint8Array {
  const bytes = byCid.get(cid.toString());
  if (bytes === undefined) throw new Error(`the CAR has no block ${cid.toString()}`);
  return cid.code === 0x55 ? bytes : concat(...decode(bytes).Links.map(({ Hash }) => file(CID.asCID(Hash)!)));
}

const { lots: [lot] } = decodeOffer(file(roots[0]!));
const { header, envelope, cids } = lot!;
const schema = schemaByHash(fromHex(header.rest.schema, 32));
const part = (cid: string): Uint8Array => file(CID.parse(cid));
// Whether it is anchored, and its device registered, only the chain can say.
const batch = checkBatch({ header, envelope, anchor: null, ciphertext: part(cids.ciphertext), dataHashes: part(cids.dataHashes), description: part(cids.description), columns: schema.columns.length });
const toText = rowOpener(schema, header.rest.dictionaryVersion);
console.log(csvHeader(schema, header.rest.dictionaryVersion).join(","));
for (const row of openBatch(batch, { k1: BigInt(key) }).rows) console.log(toText([...row]).join(","));
