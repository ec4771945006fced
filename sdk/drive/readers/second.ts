import type { Row } from "../../dictionary/index.ts";
import type { AcceptedRow } from "../types.ts";

/**
 * Gives rows of a clock in whole seconds their times: the n accepted rows of one second get start + second + i/n.
 * Holds back the rows of one second only.
 */
export class OneSecond {
  readonly #startMs: number;
  #held: AcceptedRow[] = [];

  /** @param startMs - Unix ms of second 0 */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** Takes the next accepted row (its second in column 1) and gives back the rows of the second before, if that is over. */
  add(line: number, values: Row): AcceptedRow[] {
    const over = this.#held[0] !== undefined && this.#held[0].values[1] !== values[1] ? this.end() : [];
    this.#held.push({ kind: "row", line, values });
    return over;
  }

  /** Gives back what is held, at the end of the file. */
  end(): AcceptedRow[] {
    const rows = this.#held;
    this.#held = [];
    rows.forEach((row, i) => {
      row.values[0] = this.#startMs + row.values[1]! * 1000 + Math.round((i * 1000) / rows.length);
    });
    return rows;
  }
}
