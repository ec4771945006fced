import { Counter } from "prom-client";
import type { Registry } from "prom-client";
import { measureRequests } from "../shared/metrics/index.ts";
import type { Answered } from "../shared/metrics/index.ts";

/** What the catalog counts. */
export interface CatalogMetrics {
  readonly answered: Answered;
  taken(outcome: string): void;
}

/** See {@link CatalogMetrics}. Labels are routes and codes, never what was asked. */
export function createCatalogMetrics(registry: Registry): CatalogMetrics {
  const offers = new Counter({ name: "qood_catalog_offers_total", help: "Offers sent in, by what came of them.", labelNames: ["outcome"], registers: [registry] });
  return {
    answered: measureRequests(registry, "qood_catalog_request_seconds"),
    taken: (outcome) => offers.inc({ outcome }),
  };
}
