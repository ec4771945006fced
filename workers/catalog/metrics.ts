import { Counter, Histogram } from "prom-client";
import type { Registry } from "prom-client";

/** What the catalog counts. */
export interface CatalogMetrics {
  answered(route: string, status: number, seconds: number): void;
  taken(outcome: string): void;
}

/** See {@link CatalogMetrics}. Labels are routes and codes, never what was asked. */
export function createCatalogMetrics(registry: Registry): CatalogMetrics {
  const registers = [registry];
  const seconds = new Histogram({ name: "qood_catalog_request_seconds", help: "Time of a request by route and status.", labelNames: ["route", "status"], buckets: [0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1, 3], registers });
  const offers = new Counter({ name: "qood_catalog_offers_total", help: "Offers sent in, by what came of them.", labelNames: ["outcome"], registers });
  return {
    answered: (route, status, time) => seconds.observe({ route, status: String(status) }, time),
    taken: (outcome) => offers.inc({ outcome }),
  };
}
