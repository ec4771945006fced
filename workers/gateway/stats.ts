import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { AppendResult } from "../shared/queue/index.ts";

/** What the gateway counts. Labels name outcomes and codes, never a device or a stream. */
export interface Stats {
  message(result: AppendResult, records: number, bytes: number): void;
  /** Something was turned away before it became a message. */
  turnedAway(code: string): void;
  login(done: boolean): void;
}

/** @param sizes - asked when the metrics are read */
export function createStats(registry: Registry, sizes: { readonly connections: () => number; readonly pendingBytes: () => number }): Stats {
  const registers = [registry];
  const messages = new Counter({ name: "qood_gateway_messages_total", help: "Messages by what became of them.", labelNames: ["result"], registers });
  const records = new Counter({ name: "qood_gateway_records_total", help: "Records in stored messages.", registers });
  const bytes = new Counter({ name: "qood_gateway_bytes_total", help: "Bytes of stored messages.", registers });
  const turnedAway = new Counter({ name: "qood_gateway_turned_away_total", help: "Requests and messages that were turned away, by error code.", labelNames: ["code"], registers });
  const logins = new Counter({ name: "qood_gateway_logins_total", help: "Logins of devices by outcome.", labelNames: ["outcome"], registers });
  const gauge = (name: string, help: string, read: () => number): Gauge => new Gauge({ name, help, registers, collect() { this.set(read()); } });
  gauge("qood_gateway_connections", "MQTT connections: of devices to the embedded broker, or of this gateway to its broker.", sizes.connections);
  gauge("qood_gateway_pending_bytes", "Bytes of messages that wait for Redis.", sizes.pendingBytes);
  return {
    message(result, count, size) {
      messages.inc({ result: result.status });
      if (result.status !== "stored") return;
      records.inc(count - result.dropped);
      bytes.inc(size);
    },
    turnedAway: (code) => turnedAway.inc({ code }),
    login: (done) => logins.inc({ outcome: done ? "done" : "refused" }),
  };
}
