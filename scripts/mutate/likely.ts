/** Which test files are likely to notice a mutant: they run before the others, alone, since to load them all takes longer than most tests do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "./mutants.ts";
import { root } from "./workspace.ts";

/** Most files that are found by what they speak of, most that are found by what they killed, and most tests so found. */
const [MOST_BY_WORD, MOST_BY_KILL, MOST_TESTS] = [3, 2, 6];

interface TestFile {
  readonly code: string;
  /** What its suites' and its tests' full titles may begin and end with. */
  readonly suites: readonly string[];
  readonly titles: readonly string[];
}

/** Titles as they stand in the code, quotes of the other kind within them included; those made of parts are not known. */
function titles(code: string, word: string): string[] {
  return [...code.matchAll(new RegExp(`\\b${word}\\((?:"((?:[^"\\\\]|\\\\.)*)"|'([^']*)'|\`([^\`$]*)\`)`, "g"))].map(([, a, b, c]) => (a ?? b ?? c ?? "").replaceAll('\\"', '"'));
}

/** What is known of the test files of a run. */
export class Likely {
  readonly #files = new Map<string, TestFile>();
  /** Files and tests that have killed mutants of a function, and of a source, the latest first. */
  readonly #killedIn = new Map<string, string[]>();
  readonly #killedBy = new Map<string, string[]>();

  /** Notes by which test of which file a mutant was killed: they are likely to notice others of the same function. */
  noteKill({ file, where }: Mutant, testFile: string, by: string): void {
    for (const [map, place, killer, most] of [[this.#killedIn, `${file} ${where}`, testFile, MOST_BY_KILL], [this.#killedIn, file, testFile, MOST_BY_KILL], [this.#killedBy, `${file} ${where}`, by, MOST_TESTS]] as const) {
      map.set(place, [killer, ...(map.get(place) ?? []).filter((each) => each !== killer)].slice(0, most));
    }
  }

  /** What the tests that are likely to notice a mutant speak of, the likeliest first: its errors, what has killed others of its function, the function. */
  hints({ file, where, hints }: Mutant, killer: string | undefined): string[] {
    return [...(killer === undefined ? [] : [killer]), ...hints.slice(0, -1), ...(this.#killedBy.get(`${file} ${where}`) ?? []), ...hints.slice(-1)];
  }

  /**
   * The likeliest of some test files.
   * @param killer full title of the test that killed the mutant before; where it is known, its file alone is likely
   */
  of(mutant: Mutant, files: readonly string[], killer: string | undefined): string[] {
    const own = killer === undefined ? [] : files.filter((file) => this.#has(file, killer));
    if (own.length > 0) return own;
    const neighbours = (this.#killedIn.get(`${mutant.file} ${mutant.where}`) ?? []).filter((file) => files.includes(file));
    for (const hint of mutant.hints) {
      const word = new RegExp(`\\b${hint}\\b`, "g");
      const counts = files.map((file) => ({ file, count: this.#read(file).code.match(word)?.length ?? 0 })).filter(({ count }) => count > 0);
      if (counts.length > 0) return [...new Set([...neighbours, ...counts.sort((a, b) => b.count - a.count).slice(0, MOST_BY_WORD).map(({ file }) => file)])];
    }
    if (neighbours.length > 0) return neighbours;
    const ofSource = (this.#killedIn.get(mutant.file) ?? []).filter((file) => files.includes(file));
    // Where nothing is known, those that `map.ts` names first.
    return ofSource.length > 0 ? ofSource : files.slice(0, MOST_BY_WORD);
  }

  #has(file: string, fullTitle: string): boolean {
    const { suites, titles: own } = this.#read(file);
    return suites.some((suite) => fullTitle.startsWith(suite)) && own.some((title) => fullTitle.endsWith(title));
  }

  #read(file: string): TestFile {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const code = readFileSync(join(root, file), "utf8");
    const read = { code, suites: titles(code, "describe"), titles: titles(code, "it") };
    this.#files.set(file, read);
    return read;
  }
}
