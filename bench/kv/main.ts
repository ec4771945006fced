// `npm run bench:kv [-- --quick | --full]`: the key-value API beside raw LMDB in the same run. Sealing and opening, which is the caller's
// work, is counted apart; signature, order of keys and the write-once check are in.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import { fromHex } from "@qoodblock/sdk/bytes";
import { TRIP_GPS } from "@qoodblock/sdk/dictionary";
import { encodeRow } from "@qoodblock/sdk/formats";
import { keyCoder, openRecord, recordsIn } from "@qoodblock/sdk/kv";
import type { KvRecord, KvStore } from "@qoodblock/sdk/kv";
import { checkedStore } from "../../workers/shared/kv/index.ts";
import { openLmdbStore } from "../../workers/shared/kv/lmdb.ts";
import { askedFor } from "../ask.ts";
import { medianSeconds, ratesInTurn, report } from "../table.ts";
import type { Paired, Row } from "../table.ts";
import { makeDays, sealDay } from "./data.ts";
import { ask } from "./form.ts";

const { form } = askedFor(ask(process.argv.slice(2)));
const folder = mkdtempSync(join(tmpdir(), "qood-bench-kv-"));
let folders = 0;
const fresh = (): string => join(folder, String((folders += 1)));
const openRaw = (): RootDatabase<Buffer, Buffer> => open<Buffer, Buffer>({ path: fresh(), keyEncoding: "binary", encoding: "binary", compression: false, maxDbs: 1 });

process.stdout.write(`sealing ${form.days * form.records} records of ${form.rows} rows …\n`);
const days = makeDays(form);
const sealed = days.map((day) => ({ ...day, records: sealDay(day) }));
const records = sealed.flatMap((day) => day.records.map(({ record }) => record));
const rows = records.length * form.rows;
/** Key and value as plain LMDB holds the same: the record's bytes, and each row under a key of its own. */
const raw = records.map(({ address, key, body }) => ({ key: Buffer.concat([fromHex(address), key]), value: Buffer.from(body) }));
const plain = sealed.flatMap(({ writer, drives }) =>
  drives.flatMap((drive) =>
    drive.map((row) => {
      const key = Buffer.alloc(36);
      key.set(fromHex(writer.address));
      key.writeBigUInt64BE(BigInt(row[1] ?? 0), 20);
      key.writeBigUInt64BE(BigInt(row[0] ?? 0), 28);
      return { key, value: Buffer.from(encodeRow(row)) };
    }),
  ),
);

async function putAll(db: RootDatabase<Buffer, Buffer>, entries: readonly { readonly key: Buffer; readonly value: Buffer }[]): Promise<void> {
  await Promise.all(entries.map(({ key, value }) => db.put(key, value)));
  await db.close();
}
async function putOurs(): Promise<void> {
  const store = checkedStore(openLmdbStore(fresh()));
  await Promise.all(records.map((record) => store.put(record)));
  await store.close();
}

const ours = checkedStore(openLmdbStore(fresh()));
const [bytes, single] = [openRaw(), openRaw()];
await Promise.all(records.map((record) => ours.put(record)));
await Promise.all(raw.map(({ key, value }) => bytes.put(key, value)));
await Promise.all(plain.map(({ key, value }) => single.put(key, value)));

/** Which records are asked for, the same for all. */
const picks = Array.from({ length: form.gets }, (_, i) => (i * 7919) % records.length);
const places = sealed.flatMap(({ writer, records: of }) => of.map(({ key }) => ({ writer, key })));
async function getOurs(): Promise<void> {
  for (const pick of picks) {
    const { writer, key } = places[pick]!;
    if ((await ours.get(writer.address, keyCoder(writer, TRIP_GPS).encode(key))) === undefined) throw new Error("a record is missing");
  }
}
function getRaw(): void {
  for (const pick of picks) if (bytes.get(raw[pick]!.key) === undefined) throw new Error("a record is missing");
}
function getRows(): void {
  for (const pick of picks) for (let i = 0; i < form.rows; i += 1) if (single.get(plain[pick * form.rows + i]!.key) === undefined) throw new Error("a row is missing");
}

async function scanOurs(store: KvStore): Promise<KvRecord[]> {
  const found: KvRecord[] = [];
  for (const { writer } of days) {
    const { from, to } = keyCoder(writer, TRIP_GPS).range([], []);
    for await (const record of recordsIn(store, writer.address, from, to)) found.push(record);
  }
  if (found.length !== records.length) throw new Error(`${found.length} records of ${records.length}`);
  return found;
}
function scanRaw(db: RootDatabase<Buffer, Buffer>, wanted: number): void {
  let count = 0;
  for (const { writer } of days) {
    const [start, end] = [Buffer.from(fromHex(writer.address)), Buffer.concat([fromHex(writer.address), new Uint8Array(32).fill(0xff)])];
    for (const { value } of db.getRange({ start, end })) count += value.length > 0 ? 1 : 0;
  }
  if (count !== wanted) throw new Error(`${count} entries of ${wanted}`);
}

const goal = { ratio: 0.5, side: "at least" } as const;
const row = (what: string, name: string, { measured, peer, ratio }: Paired, aim = true): Row => ({ what, measured, unit: "rows/s", beside: { name, value: peer }, ratio, ...(aim ? { goal } : {}) });
const [SAME, ROWS] = ["raw LMDB, same bytes", "raw LMDB, a key a row"];
const table: Row[] = [];
process.stdout.write("measuring put …\n");
table.push(row("put", ROWS, await ratesInTurn(form.rounds, rows, putOurs, () => putAll(openRaw(), plain))));
table.push(row("put", SAME, await ratesInTurn(form.rounds, rows, putOurs, () => putAll(openRaw(), raw)), false));
process.stdout.write("measuring get and scan …\n");
table.push(row("point get", ROWS, await ratesInTurn(form.rounds, form.gets * form.rows, getOurs, getRows)));
table.push(row("point get", SAME, await ratesInTurn(form.rounds, form.gets * form.rows, getOurs, getRaw), false));
table.push(row("range scan", ROWS, await ratesInTurn(form.rounds, rows, () => scanOurs(ours), () => scanRaw(single, rows))));
table.push(row("range scan", SAME, await ratesInTurn(form.rounds, rows, () => scanOurs(ours), () => scanRaw(bytes, records.length)), false));

process.stdout.write("measuring sealing and opening …\n");
const some = { writer: days[0]!.writer, drives: days.flatMap(({ drives }) => drives).slice(0, Math.min(form.opened, days[0]!.drives.length)) };
const opened = sealed[0]!.records.slice(0, some.drives.length);
const amount = some.drives.length * form.rows;
table.push({ what: "sealing and signing, apart", measured: amount / (await medianSeconds(form.rounds, () => sealDay(some))), unit: "rows/s" });
table.push({ what: "checking and opening, apart", measured: amount / (await medianSeconds(form.rounds, () => opened.forEach(({ record }) => openRecord(some.writer, TRIP_GPS, record)))), unit: "rows/s" });
table.push({ what: "bytes of a record", measured: records.reduce((sum, { body }) => sum + body.length, 0) / records.length, unit: "bytes", note: `${form.rows} rows` });

await Promise.all([ours.close(), bytes.close(), single.close()]);
rmSync(folder, { recursive: true, force: true });
report(form.name === "quick" ? undefined : form.name === "full" ? "kv-full" : "kv", `Key-value API (${form.name} form: ${records.length} records of ${form.rows} rows)`, table);
