import { Counter, Histogram } from "prom-client";
import type { Registry } from "prom-client";

/** What the key-value worker counts. */
export interface KvMetrics {
  answered(route: string, status: number, seconds: number): void;
  /** A record was sent in: new, or one that was there. */
  put(outcome: string): void;
}

/** See {@link KvMetrics}. Labels are routes and outcomes, never an address or a key. */
export function createKvMetrics(registry: Registry): KvMetrics {
  const registers = [registry];
  const seconds = new Histogram({ name: "qood_kv_request_seconds", help: "Time of a request by route and status.", labelNames: ["route", "status"], buckets: [0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1, 3], registers });
  const records = new Counter({ name: "qood_kv_records_total", help: "Records sent in, by what came of them.", labelNames: ["outcome"], registers });
  return {
    answered: (route, status, time) => seconds.observe({ route, status: String(status) }, time),
    put: (outcome) => records.inc({ outcome }),
  };
}
