/** How long a record takes from the device to its anchor while the site runs at half of what it can take. */
import { progress } from "../progress.ts";
import type { Row } from "../table.ts";
import type { Lap } from "./fleet.ts";
import type { Form } from "./form.ts";
import type { Fleet, Site } from "./site.ts";

const PER = 10;
/** Seconds of a block of the chain. */
const BLOCK = 0.5;

/** Messages a second that the way in takes. */
async function capacity({ load, cars }: Fleet, form: Form): Promise<number> {
  const each = Math.max(1, Math.round(form.messages.many / cars.length));
  let best = 0;
  for (let round = 0; round < 3; round += 1) {
    await load.do({ prepare: each * cars.length, per: PER });
    best = Math.max(best, (each * cars.length) / (await load.do({ publish: "own" })));
  }
  return best;
}

const quantile = (sorted: readonly number[], part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;

/** Delays of all messages sent, milliseconds, ascending; by the time at which Redis took down the announcement. */
async function delays(site: Site, prefix: string, { cars }: Fleet, sent: readonly (readonly number[])[], first: number): Promise<number[]> {
  const byStream = new Map(cars.map(({ config }, i) => [config.handle as string, sent[i]!]));
  const wanted = sent.reduce((sum, { length }) => sum + length, 0);
  const tell = progress("messages anchored", wanted);
  for (;;) {
    const found: number[] = [];
    for (const { id, batch } of await site.announced(prefix)) {
      const { firstCounter, lastCounter } = batch.lot.header.rest;
      const times = byStream.get(batch.stream)!;
      for (let counter = Math.max(first, firstCounter); counter <= lastCounter; counter += 1) found.push(Number(id.split("-")[0]) - times[counter - first]!);
    }
    if (found.length >= wanted) return found.sort((a, b) => a - b);
    tell(found.length);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Rows of this room. */
export async function delayRows(form: Form, laps: readonly Lap[], site: Site): Promise<Row[]> {
  const prefix = "delay";
  const cars = Math.min(form.cars, 100);
  const fleet = await site.fleet(prefix, laps, { cars, signed: false, name: prefix });
  await site.grant(fleet);
  const { worker: gateway } = await site.gateway(prefix, fleet);
  const ingest = await site.ingest(prefix, "--batch-seconds", String(form.delay.batch), "--anchor-seconds", String(form.delay.anchor));
  const most = await capacity(fleet, form);
  const before = Math.max(1, Math.round(form.messages.many / cars)) * 3;
  // Half of what it can take by itself, at most a message of each car every 100 ms: what is anchored shares the cores.
  const everyMs = Math.max(100, (1000 * cars) / (most / 2));
  const sent = await fleet.load.times({ pace: "own", per: PER, everyMs, seconds: form.delay.seconds });
  const all = await delays(site, prefix, fleet, sent, before);
  await ingest.stop();
  await gateway.stop();
  fleet.load.stop();
  const { batch, anchor } = form.delay;
  const bound = batch + anchor + BLOCK;
  const row = (what: string, part: number): Row => ({
    ...{ what: `delay device to anchored, ${what}`, measured: quantile(all, part) / 1000, unit: "s" },
    ...{ beside: { name: "interval and a block", value: bound }, goal: { ratio: 2, side: "at most" } },
    note: `${cars} cars, a message of ${PER} every ${Math.round(everyMs)} ms each; batch ${batch} s, anchor ${anchor} s, block ${BLOCK} s`,
  });
  return [row("p50", 0.5), row("p99", 0.99)];
}
