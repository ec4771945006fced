/** Speed of sealing: its cipher and tree beside the floor of their primitives, and the whole way from messages. */
import { randomBytes } from "node:crypto";
import { toHex } from "@qoodblock/sdk/bytes";
import { encodeInterval, makeFrame } from "@qoodblock/sdk/formats";
import { collect, sealBatch, sealFrames } from "@qoodblock/sdk/sealing";
import { sealingBesideFloor, sealingRow } from "../floor.ts";
import { mediansInTurn } from "../table.ts";
import type { Row } from "../table.ts";
import { batchOf } from "./batches.ts";
import { makeFleet } from "./fleet.ts";
import type { Lap } from "./fleet.ts";
import type { Form } from "./form.ts";

const MIB = 2 ** 20;
/** An hour at two records a second. */
const MESSAGES = 144;
const PER = 50;

/** Rows of this room. */
export async function sealingRows(form: Form, laps: readonly Lap[]): Promise<Row[]> {
  const rounds = form.name === "quick" ? 1 : 10 * form.rounds + 1;
  // Bytes that zstd leaves as they are: an interval of so many bytes compressed, whatever it held.
  const { frame } = makeFrame(randomBytes(form.intervalBytes - 64));
  const rows = [sealingRow(`sealing, intervals of ${form.intervalBytes / MIB} MiB`, await sealingBesideFloor([frame], rounds), 0.7)];

  const [car] = makeFleet(laps, { cars: 1, signed: true, registry: toHex(randomBytes(20)), name: "sealing" });
  const input = batchOf(car!, MESSAGES, PER);
  const content = collect(input);
  const raws = content.intervals.map((blocks) => encodeInterval(blocks, input.columns));
  const made = raws.map((raw) => makeFrame(raw));
  const frames = made.map((each) => each.frame);
  const bytes = frames.reduce((sum, { length }) => sum + length, 0);
  rows.push(sealingRow("sealing, default settings", await sealingBesideFloor(frames, rounds), undefined, `intervals of an hour at 2 Hz, ${Math.round(bytes / frames.length / 1024)} KiB each`));

  const [whole, collected, encoded, compressed, sealed] = await mediansInTurn(
    rounds,
    () => sealBatch(input),
    () => collect(input),
    () => content.intervals.map((blocks) => encodeInterval(blocks, input.columns)),
    () => raws.map((raw) => makeFrame(raw)),
    () => sealFrames(frames, 123_456_789n, 4096),
  );
  const part = (seconds: number): string => `${Math.round((100 * seconds) / whole!)} %`;
  rows.push({
    ...{ what: "sealing, default settings, whole", measured: bytes / MIB / whole!, unit: "MiB/s" },
    note: `from signed messages: ${Math.round(content.records / whole!).toLocaleString("en")} records/s; rows decoded and hashed ${part(collected!)}, CBOR ${part(encoded!)}, zstd ${part(compressed!)}, cipher and tree ${part(sealed!)}`,
  });
  return rows;
}
