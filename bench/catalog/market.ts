/** Offers and batches of a made-up fleet, as the catalog lists them, and questions about them. */
import { latLngToCell } from "h3-js";
import { schemaHash, SCHEMAS, schemaId } from "@qoodblock/sdk/dictionary";
import { toHex } from "@qoodblock/sdk/bytes";
import { randomBy } from "../../test/workers/support/random.ts";
import { cellTerms } from "../../workers/catalog/cells.ts";
import type { Document } from "../../workers/shared/index/index.ts";

/** Batches of one car. */
const A_CAR = 50;
const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
/** A hundred towns of half a degree: where cars are. */
const TOWNS = 100;
const hex = (n: number, bytes: number): string => `0x${n.toString(16).padStart(2 * bytes, "0")}`;
const schemas = SCHEMAS.map((schema) => toHex(schemaHash(schema)));

interface Place {
  readonly lat: number;
  readonly lng: number;
}
const town = (n: number): Place => ({ lat: 36 + (n % 10) * 2, lng: -8 + Math.floor(n / 10) * 3 });

/** Number `i` of the fleet: every second an offer, the other the batch that it sells. */
export function document(i: number): readonly [kind: string, document: Document] {
  const random = randomBy(Math.floor(i / 2) + 1);
  const car = Math.floor(i / 2 / A_CAR);
  const { lat, lng } = town(car % TOWNS);
  const cells = [...new Set(Array.from({ length: 3 }, () => latLngToCell(lat + random() / 2, lng + random() / 2, 6)))];
  const from = START + Math.floor(random() * 300) * DAY + Math.floor(random() * 20 * 3_600_000);
  const id = hex(Math.floor(i / 2) + 2 ** 40, 32);
  const common = {
    ...{ schema: [schemas[car % schemas.length]!], stream: [hex(car + 2 ** 36, 32)], owner: [hex(car + 2 ** 34, 20)], oem: [hex(car % 20, 20)], vehicle: [String(car)], agreement: [String(car)] },
    ...{ tsp: [hex(car % 30, 20)], dataClass: [car % 10 === 0 ? "oem" : "user"], privacy: ["ordinary"], origin: [car % 3 === 0 ? "tsp_attested" : "device_signed"] },
    ...{ ...cellTerms(cells), batch: [id], timed: ["true"] },
  };
  const span = { from, to: from + 3_600_000 };
  const body = { records: 3600, bytes: 100_000, schema: common.schema[0], owner: common.owner[0], pages: [{ lotCount: 1, price: "3000000" }] };
  if (i % 2 === 1) return ["batch", { id, terms: { ...common, offered: ["true"] }, ...span, body }];
  return ["offer", { id, terms: { ...common, seller: common.tsp, token: [hex(1, 20)] }, ...span, price: String(1_000_000 + Math.floor(random() * 5_000_000)), body }];
}

/** A question as its URL has it, and as SQL over the columns of `search.ts`. */
export interface Question {
  readonly path: "offers" | "batches";
  readonly query: Readonly<Record<string, string>>;
  readonly sql: { readonly where: string; readonly values: readonly unknown[] };
}

/** Questions of buyers by chance: place and schema, owner, time, price, and mixtures. */
export function makeQuestion(random: () => number, documents: number): Question {
  const n = (most: number): number => Math.floor(random() * most);
  const car = n(Math.max(1, documents / 2 / A_CAR));
  const query: Record<string, string> = {};
  const [parts, values]: [string[], unknown[]] = [[], []];
  const add = (part: (at: string) => string, value: unknown): void => {
    values.push(value);
    parts.push(part(`$${values.length}`));
  };
  const path = random() < 0.7 ? "offers" : "batches";
  add((at) => `kind = ${at}`, path === "offers" ? "offer" : "batch");
  const kind = n(4);
  if (kind === 0) {
    query["owner"] = hex(car + 2 ** 34, 20);
    add((at) => `owner = ${at}`, query["owner"]);
  } else {
    const { lat, lng } = town(car % TOWNS);
    query["cell"] = latLngToCell(lat + random() / 2, lng + random() / 2, 6);
    add((at) => `cells && ${at}`, [query["cell"]]);
  }
  if (kind >= 2) {
    const schema = n(SCHEMAS.length);
    query["schema"] = schemaId(SCHEMAS[schema]!);
    add((at) => `schema = ${at}`, schemas[schema]);
  }
  if (kind === 3 || random() < 0.3) {
    const from = START + n(280) * DAY;
    query["from"] = String(from);
    query["to"] = String(from + 20 * DAY);
    add((at) => `last >= ${at}`, from);
    add((at) => `first <= ${at}`, from + 20 * DAY);
  }
  if (path === "offers" && random() < 0.3) {
    query["mostPrice"] = "4000000";
    add((at) => `price <= ${at}`, 4_000_000);
  }
  return { path, query, sql: { where: parts.join(" AND "), values } };
}
