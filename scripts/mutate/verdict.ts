/** What the process that runs the tests is told and what it answers. */

/** Which tests to run and in which order. */
export interface TestRequest {
  /** Test files, below the working folder. */
  readonly files: readonly string[];
  /** What a process loads that will be asked for other files too; those of this request if it is left out. */
  readonly load?: readonly string[];
  /** Run tests that speak of the earliest of these names first. */
  readonly hints: readonly string[];
  /** Milliseconds that tests took before, by full title: of tests alike the quick ones come first. */
  readonly durations: Readonly<Record<string, number>>;
  /** Stop at the first failure. */
  readonly bail: boolean;
  /** Run only the test of this full title. */
  readonly only?: string;
  /** Run the last test first, to show that no test needs another one before it; hints do not count then. */
  readonly reversed?: boolean;
}

/** How the tests went. */
export interface Verdict {
  /** `broken` where they could not even be loaded. */
  readonly outcome: "passed" | "failed" | "broken" | "timeout";
  /** Tests that ran. */
  readonly ran: number;
  /** Full title of the first failure. */
  readonly by?: string;
  /** Its file, below the working folder. */
  readonly file?: string;
  /** First line of its error. */
  readonly error?: string;
  readonly durations: Readonly<Record<string, number>>;
}
