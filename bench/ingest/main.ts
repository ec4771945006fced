// `npm run bench:ingest [-- --quick | --full] [ROOM ...]`: how fast, how small and how cheap a fleet comes in, each figure
// beside its peer or floor of the same run. The results go to bench/results/ingest.json, those of the long form to ingest-full.json.
import { ensureCompiled } from "../../scripts/bootstrap/compile.ts";
import { askedFor } from "../ask.ts";
import { reportRooms } from "../table.ts";
import type { Row } from "../table.ts";
import { acceptRows } from "./accept.ts";
import { delayRows } from "./delay.ts";
import { readLaps } from "./fleet.ts";
import { ask, ROOMS } from "./form.ts";
import { gasRows } from "./gas.ts";
import { memoryRows } from "./memory.ts";
import type { Form, Room } from "./form.ts";
import type { Lap } from "./fleet.ts";
import { sealingRows } from "./sealing.ts";
import { startSite } from "./site.ts";
import type { Site } from "./site.ts";
import { sizeRows } from "./size.ts";
import { uploadRows } from "./upload.ts";

const asked = askedFor(ask(process.argv.slice(2)));

let started: Promise<Site> | undefined;
/** One site for all rooms that need one. */
const site = (): Promise<Site> => (started ??= startSite());
const onSite = (rows: (form: Form, laps: readonly Lap[], site: Site) => Promise<Row[]>) => async (form: Form, laps: readonly Lap[]) => rows(form, laps, await site());

const rooms: Readonly<Record<Room, (form: Form, laps: readonly Lap[]) => Promise<Row[]>>> = {
  sealing: sealingRows,
  upload: uploadRows,
  size: (form, laps) => Promise.resolve(sizeRows(form, laps)),
  gas: onSite(gasRows),
  accept: onSite(acceptRows),
  memory: onSite(memoryRows),
  delay: onSite(delayRows),
};
const { form } = asked;
await ensureCompiled((line) => process.stdout.write(`${line}\n`));
const laps = await readLaps();
const file = { quick: undefined, default: "ingest", full: "ingest-full" }[form.name];
const title = `Ingestion (${form.name} form; drives: ${laps.map(({ name }) => name).join(", ")})`;
try {
  for (const room of asked.rooms) {
    process.stdout.write(`measuring ${room} …\n`);
    const rows = await rooms[room](form, laps);
    reportRooms(file, title, ROOMS, rows.map((row) => ({ ...row, room })));
  }
} finally {
  await (await started)?.stop();
}
process.exit(0);
