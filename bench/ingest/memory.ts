/** Resident memory while a fleet drives and while a backlog is worked off, and how fast its records are anchored. */
import { createAppender } from "../../workers/shared/queue/index.ts";
import { progress } from "../progress.ts";
import { median } from "../table.ts";
import type { Row } from "../table.ts";
import type { Lap } from "./fleet.ts";
import type { Form } from "./form.ts";
import { residentMiB } from "./site.ts";
import type { Fleet, Site } from "./site.ts";

/** Records of one car a second, and of one message. */
const RATE = 1;
const PER = 50;
/** The part of a run that warms up: caches, compiled code, the heap's first growth. */
const WARM = 0.3;
const SAMPLE_MS = 250;

/** Memory of processes over time. */
interface Watch {
  /** Ends it; gives what each process had after the warm-up. */
  end(): ReadonlyMap<string, readonly number[]>;
}

function watch(processes: Readonly<Record<string, number>>): Watch {
  const samples = new Map(Object.keys(processes).map((name) => [name, [] as number[]]));
  const look = (): void => {
    for (const [name, pid] of Object.entries(processes)) samples.get(name)!.push(residentMiB(pid));
  };
  look();
  const timer = setInterval(look, SAMPLE_MS);
  return {
    end() {
      clearInterval(timer);
      look();
      return new Map([...samples].map(([name, all]) => [name, all.slice(Math.min(all.length - 1, Math.floor(WARM * all.length)))]));
    },
  };
}

/** The largest that each process had beside its median in the steady run. */
function rowsOf(what: string, samples: ReadonlyMap<string, readonly number[]>, steady: ReadonlyMap<string, readonly number[]>, note: string): Row[] {
  return [...samples].map(([name, values]) => {
    const middle = median(steady.get(name)!);
    const least = Math.min(...values);
    return {
      ...{ what: `${what}, ${name}`, measured: Math.max(...values), unit: "MiB", beside: { name: "median of the steady run", value: middle }, goal: { ratio: 1.1, side: "at most" as const } },
      note: `largest after the warm-up; least ${Math.round(least)} MiB, ${((100 * least) / middle).toFixed(0)} % of that median; ${note}`,
    };
  });
}

/** Sends so many records through the way in, a message of each car after the other. */
async function drive({ load, cars }: Fleet, records: number): Promise<void> {
  const laps = Math.max(1, Math.round(records / cars.length / PER));
  const tell = progress("records sent", records);
  for (let lap = 0; lap < laps; lap += 1) {
    await load.do({ prepare: cars.length, per: PER });
    await load.do({ publish: "own" });
    tell((lap + 1) * cars.length * PER);
  }
}

async function anchoredAll(site: Site, prefix: string, records: number): Promise<void> {
  const tell = progress("records anchored", records);
  for (;;) {
    const batches = await site.announced(prefix);
    const anchored = batches.reduce((sum, { batch }) => sum + batch.records, 0);
    if (anchored >= records) return;
    tell(anchored);
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
}

/** Rows of this room. */
export async function memoryRows(form: Form, laps: readonly Lap[], site: Site): Promise<Row[]> {
  const prefix = "memory";
  const fleet = await site.fleet(prefix, laps, { cars: form.cars, signed: false, name: prefix });
  await site.grant(fleet);
  const { redis } = site.world;
  const { worker: gateway } = await site.gateway(prefix, fleet);
  const each = Math.max(1, Math.round(form.memory.records / form.cars / PER)) * PER;
  const total = each * form.cars;
  // So that batches are closed, sealed and anchored all along and not only at the end.
  const flags = ["--batch-records", String(Math.max(PER, Math.ceil(each / 6 / PER) * PER)), "--anchor-seconds", String(form.delay.anchor)];
  let ingest = await site.ingest(prefix, ...flags);
  const closeAll = async (): Promise<void> => {
    const appender = createAppender(redis, prefix);
    for (const { config } of fleet.cars) await appender.endTrip(config.handle);
  };

  // Each while it has work: a gateway without any gives back half of what it has.
  const steady = { gateway: watch({ gateway: gateway.child.pid! }), ingest: watch({ ingest: ingest.child.pid! }) };
  const started = performance.now();
  await drive(fleet, total);
  const driven = steady.gateway.end();
  const accepted = (performance.now() - started) / 1000;
  await closeAll();
  await anchoredAll(site, prefix, total);
  const seconds = (performance.now() - started) / 1000;
  const samples = new Map([...driven, ...steady.ingest.end()]);
  const rows: Row[] = [
    {
      ...{ what: "device message to anchored, 50 a message", measured: total / seconds, unit: "records/s" },
      note: `${total.toLocaleString("en")} records accepted in ${accepted.toFixed(0)} s and anchored in ${seconds.toFixed(0)} s, in ${(await site.announced(prefix)).length} batches; gateway, Redis, ingest, storage, chain and the cars on the same cores`,
    },
    ...rowsOf("memory, steady", samples, samples, form.name === "full" ? "1,000 cars for an hour" : `${total.toLocaleString("en")} records (--full: 3.6 million)`),
  ];

  await ingest.stop();
  const backlog = Math.max(PER, Math.round((form.memory.backlogSeconds * RATE) / PER) * PER) * form.cars;
  const filling = watch({ gateway: gateway.child.pid! });
  await drive(fleet, backlog);
  const filled = filling.end();
  await closeAll();
  ingest = await site.ingest(prefix, ...flags);
  const drain = watch({ ingest: ingest.child.pid! });
  await anchoredAll(site, prefix, total + backlog);
  rows.push(...rowsOf("memory, backlog", new Map([...filled, ...drain.end()]), samples, `${form.memory.backlogSeconds} s of all cars taken in without an ingest, then worked off (--full: 600 s)`));
  await ingest.stop();
  await gateway.stop();
  fleet.load.stop();
  return rows;
}
