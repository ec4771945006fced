/** How much is done: 1 is the short form of `npm test`; `npm run test:chaos` asks for more. */
export const ROUNDS = Math.max(1, Math.floor(Number(process.env["QOOD_CHAOS"] ?? "1")));

/** The seed of everything that is left to chance; the same seed draws the same faults. */
export const SEED = Number(process.env["QOOD_SEED"] ?? "5");

/** Drawn numbers. */
export interface Chance {
  /** A whole number from 0 to below `n`. */
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
}

/** A sequence of its own for each test and each device, so that one does not change another's draws. */
export function chanceOf(name: string): Chance {
  let state = SEED >>> 0;
  for (const character of name) state = (Math.imul(state ^ character.charCodeAt(0), 0x01000193) + 0x9e3779b9) >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { below, pick: (list) => list[below(list.length)]! };
}
