/**
 * Poseidon's partial rounds as a recurrence.
 *
 * Of a partial round's state (u, y) only u passes through the S-box, x = u^5; the mixing matrix [[m, v], [w, N]] then gives
 * u' = m x + v y and y' = w x + N y. The three elements of y are thus linear in what went before, and three earlier u and x determine
 * them: over the window W = (x[r-3], u[r-2], x[r-2], u[r-1], x[r-1], u[r]) there is a matrix Y with y[r] = Y W, and
 *
 *     u[r+1] = v Y W + m x[r]     (seven products and one reduction, where the matrix takes sixteen and four)
 *
 * with the same coefficients in every round. Derivation: with O = (v; vN; vN^2), O y[r-3] = (u[r-2], u[r-1], u[r]) less what the x in
 * between add, and y[r] = N^3 y[r-3] + N^2 w x[r-3] + N w x[r-2] + w x[r-1]. A window that never was leads to any wanted y[0], so that
 * the recurrence holds from the first round on. Round constants take a path of their own, which is added to the u.
 */
import { add, dot, invert, mod, multiply, type Matrix } from "./linear.ts";

export interface PartialRounds {
  /** From the last full round's four x to the first window's (x[-2], u[-1], x[-1], u[0]). */
  readonly enter: Matrix;
  /** From the window and x[r] to u[r+1]. */
  readonly step: readonly bigint[];
  /** From the last window and x to the state of the next full round, its constants apart. */
  readonly leave: Matrix;
  /** What is added to u[r], of every partial round. */
  readonly constants: readonly bigint[];
  /** What is added to the state that `leave` gives. */
  readonly leaveConstants: readonly bigint[];
}

/** Builds the recurrence. @param rounds constants of the partial rounds and of the full round after them */
export function partialRounds(matrix: Matrix, rounds: Matrix): PartialRounds {
  const m = matrix[0]![0]!;
  const v = [matrix[0]!.slice(1)];
  const rest = matrix.slice(1);
  const w = rest.map((row) => [row[0]!]);
  const N = rest.map((row) => row.slice(1));
  const powers = [N, multiply(N, N)] as const;
  const vN = [v, multiply(v, powers[0]), multiply(v, powers[1])];
  const wN = [w, multiply(powers[0], w), multiply(powers[1], w)] as const;
  // h[i]: what x adds to the u that is i + 1 rounds later.
  const h = [m, dot(v[0]!, w.map(([value]) => value!)), dot(vN[1]![0]!, w.map(([value]) => value!))] as const;

  // O y[r-3] of the window, then y[r].
  const seen = [[-h[0], 1n, 0n, 0n, 0n, 0n], [-h[1], 0n, -h[0], 1n, 0n, 0n], [-h[2], 0n, -h[1], 0n, -h[0], 1n]];
  const driven = [0, 1, 2].map((i) => [wN[2][i]![0]!, 0n, wN[1][i]![0]!, 0n, wN[0][i]![0]!, 0n]);
  const Y = add(multiply(multiply(powers[1], N), multiply(invert(vN.map(([row]) => row!)), seen)), driven);

  const step = [...multiply(v, Y)[0]!, m];
  const leave = [step, ...multiply(N, Y).map((row, i) => [...row, w[i]![0]!])];
  // Y's third to fifth columns carry y[0], after its last has taken the share of u[0].
  const own = invert(Y.map((row) => row.slice(2, 5)));
  const enter = [...multiply(own, add(rest, Y.map((row) => matrix[0]!.map((value) => row[5]! * value)), -1n)), matrix[0]!];

  // The constants' own path: x = 0 throughout.
  let state = rounds[0]!;
  const path = [0n, 0n, state[0]!];
  for (const constants of rounds.slice(1)) {
    state = matrix.map((row, i) => mod(dot(row.slice(1), state.slice(1)) + constants[i]!));
    path.push(state[0]!);
  }
  const drift = (row: readonly bigint[], r: number): bigint => row[1]! * path[r]! + row[3]! * path[r + 1]! + row[5]! * path[r + 2]!;
  const last = rounds.length - 1;
  const constants = Array.from({ length: last }, (_, r) => mod(path[r + 2]! - (r === 0 ? 0n : drift(step, r - 1))));
  return { enter, step, leave, constants, leaveConstants: leave.map((row, i) => mod(state[i]! - drift(row, last - 1))) };
}
