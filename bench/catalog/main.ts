// `npm run bench:catalog [-- --quick | --full] [ROOM ...]`: how fast the catalog answers, how fast the index grows, and how soon what
// happens is found. Of all rooms together the results go to bench/results/catalog.json.
import { ensureCompiled } from "../../scripts/bootstrap/compile.ts";
import { startMarket } from "../../test/e2e/market.ts";
import type { Market } from "../../test/e2e/market.ts";
import { askedFor } from "../ask.ts";
import { report } from "../table.ts";
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
const rows: Row[] = [];
try {
  for (const room of asked.rooms) {
    process.stdout.write(`measuring ${room} …\n`);
    rows.push(...(await rooms[room](form)));
  }
} finally {
  await (await live)?.stop();
  await (await market)?.stop();
}
const whole = asked.rooms.length === ROOMS.length;
report(!whole || form.name === "quick" ? undefined : form.name === "full" ? "catalog-full" : "catalog", `Catalog (${form.name} form)`, rows);
process.exit(0);
