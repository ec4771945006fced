import { Histogram } from "prom-client";
import type { Registry } from "prom-client";

const PROOF_SECONDS = [0.5, 1, 1.5, 2, 3, 5, 8, 13, 20, 30, 60];

/** Counts proofs with the seconds that each took in its child process. @returns what is called with each proof's milliseconds */
export function createProverMetrics(registry: Registry): { readonly proven: (ms: number) => void } {
  const seconds = new Histogram({ name: "qood_proof_seconds", help: "Time of a proof in its child process; the count is the number of proofs.", buckets: PROOF_SECONDS, registers: [registry] });
  return { proven: (ms) => seconds.observe(ms / 1000) };
}
