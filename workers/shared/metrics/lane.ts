import { Counter } from "prom-client";
import type { Registry } from "prom-client";

/** What is counted of a signer's transactions, by the process that holds the lane. */
export interface LaneMetrics {
  /** A transaction was broadcast with a higher fee. */
  bumped(key: string): void;
  /** A transaction is final. */
  final(key: string, receipt: { readonly status: number; readonly gasUsed: string }): void;
  /** The chain would not take it. */
  failed(key: string): void;
}

/** Keys of intents begin with the kind of the move: `anchor:…`, `deliver:…`. */
const kindOf = (key: string): string => key.split(":")[0]!;

/** Adds the counts. */
export function createLaneMetrics(registry: Registry): LaneMetrics {
  const registers = [registry];
  const transactions = new Counter({ name: "qood_transactions_total", help: "Transactions that ended: done, reverted, or failed before they were sent.", labelNames: ["kind", "outcome"], registers });
  const gas = new Counter({ name: "qood_transaction_gas_total", help: "Gas of final transactions.", labelNames: ["kind"], registers });
  const bumps = new Counter({ name: "qood_transaction_bumps_total", help: "Transactions sent again with a higher fee.", labelNames: ["kind"], registers });
  return {
    bumped: (key) => bumps.inc({ kind: kindOf(key) }),
    final(key, receipt) {
      transactions.inc({ kind: kindOf(key), outcome: receipt.status === 1 ? "done" : "reverted" });
      gas.inc({ kind: kindOf(key) }, Number(receipt.gasUsed));
    },
    failed: (key) => transactions.inc({ kind: kindOf(key), outcome: "failed" }),
  };
}
