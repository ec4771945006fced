import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import { within } from "./within.ts";

/** A scrape waits so long for one gauge; what comes later is left out of it. */
const COLLECT_MS = 2000;

/** One value among those of a gauge with labels. */
export type Labelled = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A gauge that is read when it is asked for. */
export interface ReadGauge {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** The value or values now; undefined where there is none. Must be cheap: it runs at every scrape. */
  readonly read: () => Promise<number | readonly Labelled[] | undefined>;
}

/** Adds a gauge that is read at each scrape. Where that fails, the scrape has no value of it: an old one would be a lie. */
export function addGauge(registry: Registry, { name, help, labelNames = [], read }: ReadGauge): void {
  new Gauge({
    ...{ name, help, labelNames, registers: [registry] },
    async collect() {
      const value = await within(COLLECT_MS, (async () => read())()).catch(() => undefined);
      // From here on without a wait, so that two scrapes at a time see each a whole value.
      if (labelNames.length === 0) this.remove();
      else this.reset();
      if (typeof value === "number") this.set(value);
      else for (const [labels, each] of value ?? []) this.set({ ...labels }, each);
    },
  });
}
