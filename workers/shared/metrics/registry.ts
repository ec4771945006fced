import { collectDefaultMetrics, Counter, Registry } from "prom-client";

/** Every metric's name begins with this. */
export const METRIC_PREFIX = "qood_";

/** A process's metrics and the count that its log keeps in them. */
export interface Metrics {
  /** prom-client's own: a metric joins by `registers: [registry]`. No label may hold a secret, a VIN, a device's key or a stream. */
  readonly registry: Registry;
  /** Counts a log line that begins with ALARM. */
  readonly alarm: () => void;
}

/**
 * The metrics of one process, with prom-client's own of Node (memory, garbage collection, event loop) under the same
 * prefix. Each has the label `worker`, so that one dashboard holds them all.
 * @param worker - the program's name
 */
export function createMetrics(worker: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ worker });
  collectDefaultMetrics({ register: registry, prefix: METRIC_PREFIX });
  const alarms = new Counter({ name: "qood_alarms_total", help: "Log lines that begin with ALARM: each needs a person.", registers: [registry] });
  return { registry, alarm: () => alarms.inc() };
}
