/** Speed of sealing beside the floor that its two primitives set on one thread. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompress } from "../sdk/crypto/zstd.ts";
import { GENERATED, schemaHash } from "@qoodblock/sdk/dictionary";
import { CHAIN_START, MessageSigner } from "@qoodblock/sdk/device";
import { readDrive, writeGeneratedDrive } from "@qoodblock/sdk/drive";
import { CborWriter, ZERO32, encodeInterval, encodeRow, makeFrame } from "@qoodblock/sdk/formats";
import { collect, sealBatch } from "@qoodblock/sdk/sealing";
import type { SealInput } from "@qoodblock/sdk/sealing";
import { toHex } from "@qoodblock/sdk/bytes";
import { sealingBesideFloor, sealingRow } from "./floor.ts";
import { medianSeconds, report } from "./table.ts";
import type { Row } from "./table.ts";

const ROUNDS = 7;
const MIB = 2 ** 20;

/** A generated drive as sealBatch's input, its rows in messages of 20, blocks of 60 s, intervals of `blocks` blocks. */
async function driveInput(hours: number, blocks: number): Promise<{ input: SealInput; rows: number }> {
  const folder = mkdtempSync(join(tmpdir(), "qood-bench-"));
  try {
    const path = join(folder, "drive.csv");
    await writeGeneratedDrive(path, { hours, startMs: Date.UTC(2024, 0, 15) });
    const { rows } = await readDrive(path);
    const stream = toHex(randomBytes(32));
    const signer = new MessageSigner({ privateKey: randomBytes(32), stream, state: CHAIN_START });
    const intervals: { blocks: { messages: ReturnType<MessageSigner["sign"]>[] }[] }[] = [];
    for (let at = 0; at < rows.length; at += 60 * blocks) {
      const interval = { blocks: [] as { messages: ReturnType<MessageSigner["sign"]>[] }[] };
      for (let block = at; block < Math.min(at + 60 * blocks, rows.length); block += 60) {
        const messages = [];
        for (let from = block; from < Math.min(block + 60, rows.length); from += 20) messages.push(signer.sign(rows.slice(from, from + 20).map((row) => encodeRow(row.values))));
        interval.blocks.push({ messages });
      }
      intervals.push(interval);
    }
    const header = {
      ...{ stream, sequence: 0, tsp: toHex(randomBytes(20)), flags: { exclusive: false, origin: "DEVICE_SIGNED" as const }, previousHeader: ZERO32 },
      ...{ sealNonce: toHex(randomBytes(32)), keyEpoch: 0, schema: toHex(schemaHash(GENERATED)), dictionaryVersion: 1, devicePublicKey: toHex(signer.publicKey) },
    };
    return { input: { header, keys: { k1: 123_456_789n }, intervals, columns: GENERATED.columns.length, chainBefore: ZERO32 }, rows: rows.length };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Measures and reports. */
export async function benchSealing(): Promise<void> {
  const rows: Row[] = [];
  // Bytes that zstd leaves as they are: an interval of 4 MiB compressed, whatever it held.
  const { frame: framed } = makeFrame(randomBytes(4 * MIB - 64));
  rows.push(sealingRow("sealing an interval of 4 MiB", await sealingBesideFloor([framed]), 0.7));

  const hours = 4;
  const { input, rows: count } = await driveInput(hours, 60);
  const content = collect(input);
  const encoded = content.intervals.map((blocks) => encodeInterval(blocks, input.columns));
  const frames = encoded.map((raw) => makeFrame(raw));
  const compressed = frames.reduce((sum, { compressedLength }) => sum + compressedLength, 0);
  const own = frames.map((entry) => entry.frame);
  const ownBytes = own.reduce((sum, { length }) => sum + length, 0);
  rows.push(sealingRow("sealing at default settings", await sealingBesideFloor(own), undefined, `intervals of an hour at 1 Hz, ${Math.round(ownBytes / own.length / 1024)} KiB each`));

  const whole = count / (await medianSeconds(ROUNDS, () => sealBatch(input)));
  const cbor = count / (await medianSeconds(ROUNDS, () => {
    for (const blocks of content.intervals) encodeInterval(blocks, input.columns);
  }));
  const raw = encoded.reduce((sum, { length }) => sum + length, 0);
  const zstd = count / (await medianSeconds(ROUNDS, () => encoded.map(zstdCompress)));
  const bare = count / (await medianSeconds(ROUNDS, () => {
    const writer = new CborWriter(raw);
    for (const blocks of content.intervals) for (const block of blocks) for (const row of block.rows) for (const value of row) writer.value(value);
    return writer.finish();
  }));
  rows.push({ what: "sealBatch from signed rows, whole", measured: whole, unit: "records/s", note: `${count} records, ${(raw / count).toFixed(1)} bytes raw and ${(compressed / count).toFixed(1)} compressed a record` });
  rows.push({ what: "  its CBOR, interval encoding", measured: cbor, unit: "records/s", beside: { name: "bare CBOR writer", value: bare } });
  rows.push({ what: "  zstd of the same bytes", measured: zstd, unit: "records/s" });
  report("sealing", "Sealing, one thread", rows);
}
