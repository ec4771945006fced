import { createHash } from "node:crypto";
import { CarBlockIterator, CarWriter } from "@ipld/car";
import { createUnsafe } from "multiformats/block";
import { CID } from "multiformats/cid";
import type { BlockCodec } from "multiformats/codecs/interface";
import { equalBytes } from "@qoodblock/sdk/bytes";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { MAX_BLOCK_BYTES, parseCid } from "./dag.ts";

/** A block with its CID. */
export interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/** A CAR that is being read: its roots, and its blocks, each verified before it is given. */
export interface OpenCar {
  readonly roots: readonly CID[];
  readonly blocks: AsyncIterable<Block>;
}

const RAW = 0x55;
const DAG_PB = 0x70;
const SHA2_256 = 0x12;

/** What is wrong with a file that is no CAR, or not one of ours. */
const fault = (text: string, cause?: unknown): QoodError => new QoodError("STORAGE_CAR", `the CAR cannot be taken: ${text}`, { cause });

function verify({ cid, bytes }: Block): void {
  if (cid.version !== 1 || (cid.code !== RAW && cid.code !== DAG_PB) || cid.multihash.code !== SHA2_256) throw fault(`block ${cid.toString()} is none of version 1, raw or dag-pb, SHA-256`);
  if (bytes.length > MAX_BLOCK_BYTES) throw fault(`block ${cid.toString()} has ${bytes.length} bytes, more than ${MAX_BLOCK_BYTES}`);
  if (!equalBytes(createHash("sha256").update(bytes).digest(), cid.multihash.digest)) throw new QoodError("STORAGE_CORRUPT", `block ${cid.toString()} of the CAR does not match its CID`, { details: { cid: cid.toString() } });
}

/**
 * Opens a CARv1.
 * @throws QoodError STORAGE_CAR, STORAGE_CID (a root that is none of this project's files); its blocks STORAGE_CAR, STORAGE_CORRUPT
 */
export async function readCar(car: AsyncIterable<Uint8Array>): Promise<OpenCar> {
  let iterator: CarBlockIterator;
  let roots: readonly CID[];
  try {
    iterator = await CarBlockIterator.fromIterable(car);
    roots = (await iterator.getRoots()).map((root) => parseCid(root.toString()));
  } catch (error) {
    throw isQoodError(error) ? error : fault((error as Error).message, error);
  }
  if (iterator.version !== 1) throw fault(`it is of version ${iterator.version}, not 1`);
  if (roots.length === 0) throw fault("it names no root");
  return {
    roots,
    blocks: (async function* () {
      try {
        for await (const { cid, bytes } of iterator) {
          const block = { cid: CID.asCID(cid)!, bytes };
          verify(block);
          yield block;
        }
      } catch (error) {
        throw isQoodError(error) ? error : fault((error as Error).message, error);
      }
    })(),
  };
}

/** Writes a CARv1, little by little. */
export async function* writeCar(roots: readonly CID[], blocks: AsyncIterable<Block>): AsyncGenerator<Uint8Array> {
  const { writer, out } = CarWriter.create([...roots]);
  let failed: unknown;
  const writing = (async () => {
    try {
      for await (const block of blocks) await writer.put(block);
    } catch (error) {
      failed = error;
    }
    await writer.close();
  })();
  yield* out;
  await writing;
  if (failed !== undefined) throw failed as Error;
}

/** Finds the codec of a CID. */
export type CodecOf = (code: number) => Promise<BlockCodec<number, unknown>> | BlockCodec<number, unknown>;

/**
 * All blocks of a file, the root first, each once.
 * @param missing - "pass over": a block that cannot be had is given without its bytes, and what is beneath it is left out.
 */
export function walkDag(root: CID, get: (cid: CID) => Promise<Uint8Array>, codecOf: CodecOf): AsyncGenerator<Block>;
export function walkDag(root: CID, get: (cid: CID) => Promise<Uint8Array>, codecOf: CodecOf, missing: "pass over"): AsyncGenerator<{ readonly cid: CID }>;
export async function* walkDag(root: CID, get: (cid: CID) => Promise<Uint8Array>, codecOf: CodecOf, missing?: "pass over"): AsyncGenerator<{ readonly cid: CID; readonly bytes?: Uint8Array }> {
  const seen = new Set<string>();
  const left = [root];
  for (let cid = left.pop(); cid !== undefined; cid = left.pop()) {
    if (seen.has(cid.toString())) continue;
    seen.add(cid.toString());
    let bytes: Uint8Array;
    try {
      bytes = await get(cid);
    } catch (error) {
      if (missing === undefined) throw error;
      yield { cid };
      continue;
    }
    yield { cid, bytes };
    if (cid.code === RAW) continue;
    const links = [...createUnsafe({ bytes, cid, codec: await codecOf(cid.code) }).links()].map(([, link]) => CID.asCID(link)!);
    left.push(...links.reverse());
  }
}
