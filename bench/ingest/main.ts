// `npm run bench:ingest [-- --quick | --full] [ROOM ...]`: how fast, how small and how cheap a fleet comes in, each figure
// beside its peer or floor of the same run. Results go to bench/results/ingest.json.
import { ensureCompiled } from "../../scripts/bootstrap/compile.ts";
import { report } from "../table.ts";
import type { Row } from "../table.ts";
import { acceptRows } from "./accept.ts";
import { delayRows } from "./delay.ts";
import { readLaps } from "./fleet.ts";
import { ask } from "./form.ts";
import { gasRows } from "./gas.ts";
import { memoryRows } from "./memory.ts";
import type { Form, Room } from "./form.ts";
import type { Lap } from "./fleet.ts";
import { sealingRows } from "./sealing.ts";
import { sizeRows } from "./size.ts";
import { uploadRows } from "./upload.ts";

const asked = ask(process.argv.slice(2));
if ("help" in asked || "mistake" in asked) {
  if ("help" in asked) process.stdout.write(asked.help);
  else process.stderr.write(`${asked.mistake}\n`);
  process.exit("help" in asked ? 0 : 1);
}

const rooms: Readonly<Record<Room, (form: Form, laps: readonly Lap[]) => Promise<Row[]>>> = {
  sealing: sealingRows,
  upload: uploadRows,
  gas: gasRows,
  accept: acceptRows,
  memory: memoryRows,
  delay: delayRows,
  size: (_, laps) => Promise.resolve(sizeRows(laps)),
};
const { form } = asked;
await ensureCompiled((line) => process.stdout.write(`${line}\n`));
const laps = await readLaps();
const rows: Row[] = [];
for (const room of asked.rooms) {
  process.stdout.write(`measuring ${room} …\n`);
  rows.push(...(await rooms[room](form, laps)));
}
report(form.name === "default" ? "ingest" : `ingest-${form.name}`, `Ingestion (${form.name} form, drives: ${laps.map(({ name }) => name).join(", ")})`, rows);
process.exit(0);
