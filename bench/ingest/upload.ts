/** Sealing and upload beside Helia's own add of the same bytes, both into block stores on the disk. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unixfs } from "@helia/unixfs";
import { FsBlockstore } from "blockstore-fs";
import { LevelDatastore } from "datastore-level";
import { createHeliaLight } from "helia";
import { toHex } from "@qoodblock/sdk/bytes";
import { makeFrame } from "@qoodblock/sdk/formats";
import { collect } from "@qoodblock/sdk/sealing";
import { assembleBatch } from "../../sdk/sealing/seal.ts";
import { createHeliaStorage } from "../../workers/shared/storage/helia.ts";
import { ratesInTurn } from "../table.ts";
import type { Row } from "../table.ts";
import { batchOf } from "./batches.ts";
import { makeFleet } from "./fleet.ts";
import type { Lap } from "./fleet.ts";
import type { Form } from "./form.ts";

const MIB = 2 ** 20;
/** Largest batch at default settings. */
const BATCH_BYTES = 16 * MIB;

/** Rows of this room. */
export async function uploadRows(form: Form, laps: readonly Lap[]): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "qood-bench-"));
  const storage = await createHeliaStorage({ repo: join(dir, "own") });
  const blockstore = new FsBlockstore(join(dir, "peer"));
  await blockstore.open();
  const datastore = new LevelDatastore(join(dir, "pins"));
  await datastore.open();
  const peer = createHeliaLight({ blockstore, datastore });
  await peer.start();
  const fs = unixfs(peer);
  try {
    const [car] = makeFleet(laps, { cars: 1, signed: true, registry: toHex(randomBytes(20)), name: "upload" });
    const input = batchOf(car!, 8, 50);
    const content = collect(input);
    const count = Math.max(1, Math.floor((form.name === "quick" ? BATCH_BYTES / 8 : BATCH_BYTES) / form.intervalBytes));
    // Fresh bytes each round: a block that is there already would not be written.
    const framed = (): Parameters<typeof assembleBatch>[2] => Array.from({ length: count }, () => ({ ...makeFrame(randomBytes(form.intervalBytes - 64)), rawLength: form.intervalBytes }));
    const amount = (count * form.intervalBytes) / MIB;
    let frames = framed();
    let sealed = assembleBatch(input, content, frames);
    const prepare = (): void => void (frames = framed());
    const sealAndUpload = async (): Promise<void> => {
      sealed = assembleBatch(input, content, frames);
      await Promise.all([sealed.ciphertext, sealed.dataHashes, sealed.description].map((file) => storage.add(file)));
    };
    const add = await ratesInTurn(form.rounds, amount, sealAndUpload, () => fs.addBytes(sealed.ciphertext), prepare);
    const pinned = await ratesInTurn(
      form.rounds,
      amount,
      sealAndUpload,
      async () => {
        for await (const _ of peer.pins.add(await fs.addBytes(sealed.ciphertext)));
      },
      prepare,
    );
    const what = `${count} intervals of ${form.intervalBytes / MIB} MiB compressed: cipher, tree, digests, header; three files stored and pinned`;
    return [
      { what: "seal and upload", measured: add.measured, unit: "MiB/s", beside: { name: "Helia add", value: add.peer }, ratio: add.ratio, goal: { ratio: 0.5, side: "at least" }, note: what },
      { what: "  the same", measured: pinned.measured, unit: "MiB/s", beside: { name: "Helia add and pin", value: pinned.peer }, ratio: pinned.ratio, note: "Helia's add alone keeps no pin" },
    ];
  } finally {
    await storage.close();
    await peer.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
