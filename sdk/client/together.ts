/**
 * Waits for checks that ask the chain at the same time. Unlike `Promise.all` it ends when all have ended, and what it throws does not depend on which answer came
 * first: it is the fault of the first check, in the order given, that has one.
 */
export async function together<const T extends readonly unknown[]>(checks: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ended = await Promise.allSettled(checks);
  const faults = ended.flatMap((each) => (each.status === "rejected" ? [each.reason as Error] : []));
  if (faults.length > 0) throw faults[0]!;
  return ended.map((each) => (each as PromiseFulfilledResult<unknown>).value) as { -readonly [K in keyof T]: Awaited<T[K]> };
}
