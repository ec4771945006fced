// `npm run bench:catalog [-- --quick | --full] [ROOM ...]`: how fast the catalog answers, how fast the index grows, and how soon what
// happens is found. The results go to bench/results/catalog.json, those of the long form to catalog-full.json.
import { ensureCompiled } from "../../scripts/bootstrap/compile.ts";
import { startMarket } from "../../test/e2e/market.ts";
import type { Market } from "../../test/e2e/market.ts";
import { askedFor } from "../ask.ts";
import { reportRooms } from "../table.ts";
import type { Row } from "../table.ts";
import { ask, ROOMS } from "./form.ts";
import type { Form, Room } from "./form.ts";
import { indexRows } from "./index.ts";
import { delayRows, intakeRows, startLive } from "./live.ts";
import type { Live } from "./live.ts";
import { searchRows } from "./search.ts";

const asked = askedFor(ask(process.argv.slice(2)));

let market: Promise<Market> | undefined;
let live: Promise<Live> | undefined;
const theMarket = (): Promise<Market> => (market ??= startMarket());
const theLive = (): Promise<Live> => (live ??= theMarket().then(startLive));

const rooms: Readonly<Record<Room, (form: Form) => Promise<Row[]>>> = {
  search: searchRows,
  index: async (form) => indexRows(form, await theMarket()),
  intake: async (form) => intakeRows(form, await theMarket(), await theLive()),
  delay: async (form) => delayRows(form, await theMarket(), await theLive()),
};
const { form } = asked;
await ensureCompiled((line) => process.stdout.write(`${line}\n`));
const file = { quick: undefined, default: "catalog", full: "catalog-full" }[form.name];
try {
  for (const room of asked.rooms) {
    process.stdout.write(`measuring ${room} …\n`);
    const rows = await rooms[room](form);
    reportRooms(file, `Catalog (${form.name} form)`, ROOMS, rows.map((row) => ({ ...row, room })));
  }
} finally {
  await (await live)?.stop();
  await (await market)?.stop();
}
process.exit(0);
