import type { RejectionCounts } from "@qoodblock/sdk/drive";

/** Gas of each kind of transaction, summed over all of its kind in the run. */
export interface GasUsed {
  readonly mint: number;
  readonly agree: number;
  readonly anchor: number;
  readonly buy: number;
  readonly deliver: number;
  readonly settle: number;
  readonly withdraw: number;
  /** Gas of anchoring by accepted record. */
  readonly perRecord: number;
}

/** The steps whose time is told, in milliseconds. */
export const STEPS = ["setup", "start", "deploy", "seal", "upload", "anchor", "buy", "prove", "deliver", "settle", "decrypt", "total"] as const;

/** The result of the main job, as `--json` prints it. */
export interface Summary {
  readonly records: { readonly in: number; readonly accepted: number; readonly rejected: Readonly<Partial<RejectionCounts>> };
  /** Bytes of the sealed plaintext, after compression, and as stored. */
  readonly bytes: { readonly raw: number; readonly compressed: number; readonly sealed: number };
  /** The ciphertext's CID; of the first batch where there are several. */
  readonly cid: string;
  readonly gas: GasUsed;
  readonly ms: Readonly<Record<(typeof STEPS)[number], number>>;
  /** QDD in its smallest unit (6 decimals), decimal text. */
  readonly payouts: { readonly owner: string; readonly oem: string; readonly tsp: string; readonly storage: string };
  readonly verified: boolean;
}

/** What only the text for people tells. */
export interface SummaryExtras {
  readonly format: string;
  readonly batches: number;
  readonly notes: readonly string[];
  /** Why the checker says no, when it does. */
  readonly reason: string | undefined;
  readonly csv: string;
  readonly geoJson: string | undefined;
}

const qdd = (amount: string): string => `${(Number(amount) / 1e6).toFixed(6)} QDD`;
const count = (value: number): string => value.toLocaleString("en");

/** The summary for people. */
export function summaryText(summary: Summary, extras: SummaryExtras): string {
  const { records, bytes, gas, ms, payouts } = summary;
  const rejected = Object.entries(records.rejected).filter(([, number]) => number > 0);
  const perRecord = (value: number): string => `${(value / records.accepted).toFixed(1)} a record`;
  const lines = [
    "",
    `input      ${extras.format}: ${count(records.in)} rows, ${count(records.accepted)} accepted${rejected.length === 0 ? "" : `, rejected: ${rejected.map(([reason, number]) => `${number} ${reason}`).join(", ")}`}`,
    ...extras.notes.map((note) => `           ${note}`),
    `bytes      ${count(bytes.raw)} raw (${perRecord(bytes.raw)}) → ${count(bytes.compressed)} compressed → ${count(bytes.sealed)} stored (${perRecord(bytes.sealed)}), ${extras.batches} ${extras.batches === 1 ? "batch" : "batches"}`,
    `cid        ${summary.cid}`,
    `gas        ${Object.entries<number>({ ...gas }).filter(([name]) => name !== "perRecord").map(([name, value]) => `${name} ${count(value)}`).join(", ")}`,
    `           ${gas.perRecord.toFixed(1)} gas of anchoring a record`,
    `time       ${STEPS.filter((step) => ms[step] > 0).map((step) => `${step} ${(ms[step] / 1000).toFixed(1)} s`).join(", ")}`,
    `earned     owner ${qdd(payouts.owner)}, OEM ${qdd(payouts.oem)}, TSP ${qdd(payouts.tsp)}, storage ${qdd(payouts.storage)}`,
    `bought     ${extras.csv}${extras.geoJson === undefined ? "" : `, ${extras.geoJson}`}`,
    `verified   ${summary.verified ? "yes: the buyer's records are the car's records" : `NO: ${extras.reason ?? "the records differ"}`}`,
  ];
  return lines.join("\n");
}
