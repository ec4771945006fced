import { Counter, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import type { Redis } from "ioredis";
import { addRedisGauge } from "../shared/metrics/index.ts";
import { keys, readRange } from "../shared/queue/index.ts";
import { createBacklog } from "./backlog.ts";
import type { Records } from "./record.ts";

/** How many seconds sealing or uploading a batch takes. */
const WORK_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** How many seconds a message waits until it is announced: batches close by time, anchors wait for finality. */
const LAG_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 86_400];

/** Adds what waits where, read from Redis at each scrape by commands whose time does not grow with what waits. */
function addGauges(registry: Registry, redis: Redis, prefix: string): void {
  const add = (name: string, help: string, read: () => Promise<number>): void => addRedisGauge(registry, redis, { name, help, read });
  add("qood_open_batches", "Batches that were closed and are not announced yet.", () => redis.scard(keys.openBatches(prefix)));
  add("qood_uploaded_batches", "Batches that are uploaded and wait for the next anchor.", () => redis.scard(keys.uploaded(prefix)));
  add("qood_pending_anchors", "Anchors that are not final yet.", () => redis.scard(keys.pendingAnchors(prefix)));
  add("qood_active_streams", "Streams with telemetry that no batch has taken yet.", () => redis.scard(keys.active(prefix)));
  add("qood_streams", "Streams that are registered with this TSP.", () => redis.hlen(keys.streams(prefix)));
  add("qood_dead_letters", "Refused messages and dropped rows that are kept.", () => redis.xlen(keys.deadLetters(prefix)));
  add("qood_telemetry_backlog_entries", "Messages that are acknowledged and not announced yet, in all streams.", createBacklog(redis, prefix));
}

/**
 * Metrics of the ingest worker. A batch's steps are counted where they are written down, once each however often a job
 * is tried; so the records are what is measured.
 */
export function measureRecords(registry: Registry, redis: Redis, prefix: string, records: Records): Records {
  addGauges(registry, redis, prefix);
  const registers = [registry];
  const batches = new Counter({ name: "qood_batches_total", help: "Batches by the step that they have passed.", labelNames: ["step"], registers });
  const sealed = new Counter({ name: "qood_sealed_bytes_total", help: "Bytes of sealed batches: raw, compressed, stored.", labelNames: ["kind"], registers });
  const rows = new Counter({ name: "qood_sealed_records_total", help: "Records in sealed batches.", registers });
  const sealSeconds = new Histogram({ name: "qood_seal_seconds", help: "Time to seal a batch.", buckets: WORK_SECONDS, registers });
  const uploadSeconds = new Histogram({ name: "qood_upload_seconds", help: "Time to upload a batch.", buckets: WORK_SECONDS, registers });
  const anchors = new Counter({ name: "qood_anchors_total", help: "Anchors that were made, each one transaction.", registers });
  const lag = new Histogram({ name: "qood_anchor_lag_seconds", help: "From the arrival of a batch's last message to its announcement under a final anchor.", buckets: LAG_SECONDS, registers });
  for (const step of ["closed", "sealed", "uploaded", "announced"]) batches.inc({ step }, 0);
  return {
    async plan(...args) {
      const done = await records.plan(...args);
      if (done) batches.inc({ step: "closed" });
      return done;
    },
    async sealed(plan, made) {
      const hash = await records.sealed(plan, made);
      batches.inc({ step: "sealed" });
      rows.inc(made.records);
      for (const [kind, bytes] of Object.entries(made.bytes)) sealed.inc({ kind }, bytes);
      sealSeconds.observe(made.ms / 1000);
      return hash;
    },
    async adopt(...args) {
      const done = await records.adopt(...args);
      if (!done) return done;
      const [, { records: count, bytes }] = args;
      for (const step of ["closed", "sealed"]) batches.inc({ step });
      rows.inc(count);
      for (const [kind, size] of Object.entries(bytes)) sealed.inc({ kind }, size);
      return done;
    },
    async uploaded(plan, ms) {
      await records.uploaded(plan, ms);
      batches.inc({ step: "uploaded" });
      uploadSeconds.observe(ms / 1000);
    },
    async assign(...args) {
      const done = await records.assign(...args);
      if (done) anchors.inc();
      return done;
    },
    anchored: (...args) => records.anchored(...args),
    async announce(plan, announcement) {
      // Read before: the announcement lets go of the messages.
      const [last] = await readRange(redis, prefix, plan.stream, plan.device, plan.last, plan.last);
      const done = await records.announce(plan, announcement);
      if (done) batches.inc({ step: "announced" });
      if (done && last !== undefined) lag.observe(Math.max(0, Date.now() - last.arrival) / 1000);
      return done;
    },
  };
}
