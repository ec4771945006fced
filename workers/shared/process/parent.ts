/**
 * Calls `onGone` once when the process that started this one has died, however it died: the channel to it closes, or,
 * where there is none, the system hands this process to another parent.
 * @returns a function that stops watching.
 */
export function watchParent(onGone: () => void): () => void {
  const parent = process.ppid;
  let called = false;
  const gone = (): void => {
    if (called) return;
    called = true;
    stop();
    onGone();
  };
  const timer = setInterval(() => {
    if (process.ppid !== parent) gone();
  }, 1000);
  timer.unref();
  const stop = (): void => {
    clearInterval(timer);
    process.off("disconnect", gone);
  };
  process.on("disconnect", gone);
  // It may have died while this program was still being loaded: then there is no event to come.
  if (process.send !== undefined && !process.connected) setImmediate(gone);
  return stop;
}
