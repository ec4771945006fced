/** Least time between two lines. */
const EVERY_MS = 10_000;
const shown = (value: number): string => Math.floor(value).toLocaleString("en");

/**
 * Tells how far something long has come, a line every ten seconds at most.
 * @param what - what is counted, with its verb: "records sent"
 */
export function progress(what: string, total: number): (done: number) => void {
  let told = performance.now();
  return (done) => {
    if (performance.now() - told < EVERY_MS || done >= total) return;
    told = performance.now();
    process.stdout.write(`  ${shown(done)} of ${shown(total)} ${what}\n`);
  };
}
