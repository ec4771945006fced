/** Tells every new offer of a catalog as it comes, oldest first: `node sdk-new-offers.ts CATALOG [field=value ...]`; Ctrl-C ends it. */
import { setTimeout as wait } from "node:timers/promises";
import { createCatalogClient } from "../../sdk/catalog/index.ts";

const [url, ...fields] = process.argv.slice(2) as [string, ...string[]];
// Fields as docs/catalog.md lists them, e.g. signal=Vehicle.Speed.
const query = Object.fromEntries(fields.map((field) => field.split("=", 2) as [string, string]));
const catalog = createCatalogClient(url);
const known = new Set<string>();

for (;;) {
  const { data, error } = await catalog.GET("/v1/offers", { params: { query: { ...query, limit: "200" } } });
  if (data === undefined) throw new Error(error.message);
  for (const { id, price, body } of data.items.reverse()) {
    if (known.has(id)) continue;
    known.add(id);
    // What a catalog says is a pointer: `fetchOffer` brings the offer, and a buyer checks it before paying.
    console.log(`${id} ${String(body["records"])} records for ${price ?? "?"}`);
  }
  await wait(1000);
}
