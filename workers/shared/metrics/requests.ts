import { Histogram } from "prom-client";
import type { Registry } from "prom-client";

/** Told of each answer of an HTTP API: its route (never what was asked), its status and the seconds that it took. */
export type Answered = (route: string, status: number, seconds: number) => void;

/** The histogram `<name>`, in seconds by route and status. */
export function measureRequests(registry: Registry, name: string): Answered {
  const seconds = new Histogram({ name, help: "Time of a request by route and status.", labelNames: ["route", "status"], buckets: [0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1, 3], registers: [registry] });
  return (route, status, time) => seconds.observe({ route, status: String(status) }, time);
}
