/** What has been started, so that it is ended in the opposite order whatever happens. */
export interface Stack {
  push(name: string, end: () => Promise<void>): void;
  /** Ends one thing out of turn. */
  pop(name: string): Promise<void>;
  /** Ends everything; a second call waits for the first. Faults are told and hold nothing up. */
  unwind(): Promise<void>;
}

/** @param say - told what could not be ended cleanly. */
export function createStack(say: (line: string) => void): Stack {
  const entries: { name: string; end: () => Promise<void> }[] = [];
  let unwinding: Promise<void> | undefined;
  const finish = async (entry: { name: string; end: () => Promise<void> }): Promise<void> => {
    try {
      await entry.end();
    } catch (error) {
      say(`${entry.name} could not be ended cleanly: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    push(name, end) {
      entries.push({ name, end });
      // It was started while everything was being ended: its turn is now.
      if (unwinding !== undefined) unwinding = unwinding.then(() => finish(entries.pop()!));
    },
    async pop(name) {
      const at = entries.findLastIndex((entry) => entry.name === name);
      const [entry] = at < 0 ? [] : entries.splice(at, 1);
      if (entry !== undefined) await finish(entry);
    },
    unwind() {
      unwinding ??= (async () => {
        for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) await finish(entry);
      })();
      return unwinding;
    },
  };
}
