import { Counter } from "prom-client";
import type { Registry } from "prom-client";
import { measureRequests } from "../shared/metrics/index.ts";
import type { Answered } from "../shared/metrics/index.ts";

/** What the key-value worker counts. */
export interface KvMetrics {
  readonly answered: Answered;
  /** A record was sent in: new, or one that was there. */
  put(outcome: string): void;
}

/** See {@link KvMetrics}. Labels are routes and outcomes, never an address or a key. */
export function createKvMetrics(registry: Registry): KvMetrics {
  const records = new Counter({ name: "qood_kv_records_total", help: "Records sent in, by what came of them.", labelNames: ["outcome"], registers: [registry] });
  return {
    answered: measureRequests(registry, "qood_kv_request_seconds"),
    put: (outcome) => records.inc({ outcome }),
  };
}
