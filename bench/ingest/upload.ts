/**
 * Sealing and upload of a train of batches, as the ingest worker does it at default settings: sealed and kept by processes of their own,
 * stored and pinned by this one meanwhile; beside Helia's own add of the same bytes. Both go into block stores on the disk.
 */
import { hash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unixfs } from "@helia/unixfs";
import { FsBlockstore } from "blockstore-fs";
import { LevelDatastore } from "datastore-level";
import { createHeliaLight } from "helia";
import { createArtefacts } from "../../workers/ingest/artefacts.ts";
import { schema } from "../../workers/ingest/settings.ts";
import { createPool } from "../../workers/shared/pool/index.ts";
import { createHeliaStorage } from "../../workers/shared/storage/helia.ts";
import { floorOf } from "../floor.ts";
import { median, ratesInTurn } from "../table.ts";
import type { Row } from "../table.ts";
import type { Form } from "./form.ts";
import type { UploadTask } from "./uploadChild.ts";

const MIB = 2 ** 20;
/** Largest batch at default settings, and how many of them follow each other in a round. */
const BATCH_BYTES = 16 * MIB;
const TRAIN = 8;
/** Batches that are on their way at the same time, in the sealing processes or between them and the store. */
const ON_THE_WAY = 4;

/** Rows of this room. */
export async function uploadRows(form: Form): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "qood-bench-"));
  const storage = await createHeliaStorage({ repo: join(dir, "own") });
  const blockstore = new FsBlockstore(join(dir, "peer"));
  await blockstore.open();
  const datastore = new LevelDatastore(join(dir, "pins"));
  await datastore.open();
  const peer = createHeliaLight({ blockstore, datastore });
  await peer.start();
  const fs = unixfs(peer);
  const folder = join(dir, "artefacts");
  const artefacts = createArtefacts(folder);
  const processes = schema.shape.sealProcesses.parse(undefined);
  const pool = createPool<UploadTask, number>(new URL("./uploadChild.ts", import.meta.url), processes);
  try {
    const intervals = Math.max(1, Math.floor((form.name === "quick" ? BATCH_BYTES / 8 : BATCH_BYTES) / form.intervalBytes));
    const amount = (TRAIN * intervals * form.intervalBytes) / MIB;
    let sequence = 0;
    let ciphertexts: Uint8Array[] = [];
    const sealing: number[] = [];
    const sealAndUpload = async (): Promise<void> => {
      ciphertexts = [];
      const train = Array.from({ length: TRAIN }, () => (sequence += 1)).values();
      const pass = async (): Promise<void> => {
        for (const at of train) {
          sealing.push(await pool.run({ folder, sequence: at, intervals, intervalBytes: form.intervalBytes, k: BigInt(at) }));
          const files = (await artefacts.load("upload", at))!;
          await Promise.all([files.ciphertext, files.dataHashes, files.description].map((file) => storage.add(file)));
          ciphertexts.push(files.ciphertext);
          await artefacts.drop("upload", at);
        }
      };
      await Promise.all(Array.from({ length: ON_THE_WAY }, pass));
    };
    // In their turn: a store hashes and writes one file as fast as several.
    const helia = async (): Promise<void> => {
      for (const bytes of ciphertexts) await fs.addBytes(bytes);
    };
    const { measured, peer: beside, ratio } = await ratesInTurn(form.rounds, amount, sealAndUpload, helia);
    // What no program on one thread can do without: the cipher, two hashes of every leaf, the hash that the header names the file by, and the add itself.
    const primitives = floorOf(ciphertexts[0]!.length);
    // A block that is there already would not be written.
    const renew = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += MIB) bytes.set(randomBytes(32), at);
    };
    const least = async (): Promise<void> => {
      for (const bytes of ciphertexts) {
        renew(bytes);
        primitives();
        for (let at = 0; at < bytes.length; at += MIB) hash("sha256", bytes.subarray(at, at + MIB), "buffer");
        await fs.addBytes(bytes);
      }
    };
    const again = (): Promise<void> => {
      ciphertexts.forEach(renew);
      return helia();
    };
    const floor = await ratesInTurn(form.rounds, amount, least, again);
    const alone = (intervals * form.intervalBytes) / MIB / median(sealing);
    const what = `trains of ${TRAIN} batches of ${intervals} intervals of ${form.intervalBytes / MIB} MiB compressed: cipher, tree, digests, header, by ${processes} processes of ${Math.round(alone)} MiB/s each; files synced to the disk, stored and pinned`;
    return [
      { what: "seal and upload", measured, unit: "MiB/s", beside: { name: "Helia add", value: beside }, ratio, goal: { ratio: 0.5, side: "at least" }, note: what },
      { what: "  its floor on one thread", measured: floor.measured, unit: "MiB/s", beside: { name: "Helia add", value: floor.peer }, ratio: floor.ratio, note: "ChaCha20 and two SHA-256 a leaf, one a block, and that add" },
    ];
  } finally {
    await pool.close();
    await storage.close();
    await peer.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
