/** Sealed bytes of a record beside those that zstd at its strongest makes of the same records as JSON. */
import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Schema } from "@qoodblock/sdk/dictionary";
import { encodeInterval, makeFrame } from "@qoodblock/sdk/formats";
import { collect } from "@qoodblock/sdk/sealing";
import type { Row } from "../table.ts";
import { batchOf } from "./batches.ts";
import { makeFleet } from "./fleet.ts";
import type { Lap } from "./fleet.ts";
import type { Form } from "./form.ts";

/** Records as JSON lines, in the units of their schema. */
function jsonLines(schema: Schema, rows: readonly (readonly (number | null)[])[]): Buffer {
  const line = (row: readonly (number | null)[]): string =>
    JSON.stringify(Object.fromEntries(schema.columns.map(({ name, decimals }, i) => [name, row[i] === null ? null : row[i]! / 10 ** decimals])));
  return Buffer.from(rows.map(line).join("\n"));
}

const zstd19 = (bytes: Uint8Array): number => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }).length;

interface Sizes {
  records: number;
  sealed: number;
  json: number;
}

/** Bytes of a signature; random ones are as hard to compress. */
const SIGNATURE = 64;

/** Each drive whole, once, in messages of `per` records: what its intervals take, sealed and as JSON. */
function sizesOf(laps: readonly Lap[], per: number, signed: boolean): Sizes {
  const sum: Sizes = { records: 0, sealed: 0, json: 0 };
  const fleet = makeFleet(laps, { cars: laps.length, signed: false, registry: toHex(randomBytes(20)), name: "size" });
  for (const car of fleet) {
    const input = batchOf(car, Math.floor(car.lap.rows.length / per), per);
    for (const plain of collect(input).intervals) {
      const blocks = signed ? plain.map((block) => ({ ...block, messages: block.messages.map((message) => ({ ...message, signature: randomBytes(SIGNATURE) })) })) : plain;
      const rows = blocks.flatMap((block) => block.rows);
      sum.records += rows.length;
      sum.sealed += makeFrame(encodeInterval(blocks, input.columns)).frame.length;
      sum.json += zstd19(jsonLines(car.lap.schema, rows));
    }
  }
  return sum;
}

/** Rows of this room. */
export function sizeRows(form: Form, all: readonly Lap[]): Row[] {
  const laps = form.name === "quick" ? all.toSorted((a, b) => a.rows.length - b.rows.length).slice(0, 1) : all;
  const obd = laps.filter(({ schema }) => schema.name === "carobd");
  const row = (what: string, { records, sealed, json }: Sizes, goal: boolean, note: string): Row => ({
    ...{ what, measured: sealed / records, unit: "bytes", beside: { name: "zstd -19 of JSON", value: json / records }, note },
    ...(goal ? { goal: { ratio: 1.2, side: "at most" as const } } : {}),
  });
  const what = `${laps.length} drives, intervals of an hour, padding included`;
  return [
    row("sealed bytes a record, signed, 50 a message", sizesOf(laps, 50, true), true, `${what}; salt and signature of each message are in it`),
    row("  of the OBD drives alone", obd.length > 0 ? sizesOf(obd, 50, true) : sizesOf(laps, 50, true), false, ""),
    row("  attested, without signatures", sizesOf(laps, 50, false), true, "the JSON holds no evidence either"),
    row("  signed, 1 a message", sizesOf(laps, 1, true), false, "80 bytes of salt and signature a record cannot be compressed"),
  ];
}
