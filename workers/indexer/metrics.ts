import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { FollowStats } from "./follow.ts";

/** What the indexer counts. */
export interface IndexerMetrics extends FollowStats {
  head(block: number): void;
  failover(): void;
}

/** See {@link IndexerMetrics}. */
export function createIndexerMetrics(registry: Registry): IndexerMetrics {
  const registers = [registry];
  const events = new Counter({ name: "qood_index_events_total", help: "Events taken into the index.", registers });
  const rolledBack = new Counter({ name: "qood_index_rolled_back_blocks_total", help: "Blocks that were taken back because the chain has others.", registers });
  const failovers = new Counter({ name: "qood_index_failovers_total", help: "How often an RPC endpoint failed and the next was asked.", registers });
  const range = new Gauge({ name: "qood_index_range_blocks", help: "Blocks of one question for logs, as the provider takes them.", registers });
  const head = new Gauge({ name: "qood_index_head_block", help: "Last block that is in the index.", registers });
  return {
    events: (count) => events.inc(count),
    rolledBack: (blocks) => rolledBack.inc(blocks),
    failover: () => failovers.inc(),
    range: (blocks) => range.set(blocks),
    head: (block) => head.set(block),
  };
}
