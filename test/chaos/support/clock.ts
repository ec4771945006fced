/** Loaded by a worker before all else: its clock is set by the process that has started it. What it measures of time passed goes on as it does. */
const Real = Date;
let ahead = 0;

/** The clock of a machine that somebody sets. */
class SetDate extends Real {
  constructor(...given: readonly unknown[]) {
    super(...((given.length === 0 ? [SetDate.now()] : given) as [number]));
  }

  static override now(): number {
    return Real.now() + ahead;
  }
}
globalThis.Date = SetDate as DateConstructor;

process.on("message", (message: { readonly ahead?: number }) => {
  if (message.ahead === undefined) return;
  ahead = message.ahead;
  process.send?.({ clock: Date.now() });
});
