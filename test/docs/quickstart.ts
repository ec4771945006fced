/** What the tests of the quickstarts read out of a page. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The checkout. */
export const root = join(import.meta.dirname, "../..");

/** What stands indented as code, continued lines joined. */
export const commandsOf = (page: string): string[] =>
  readFileSync(join(root, page), "utf8")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => /^ {4,}\S/.test(line))
    .map((line) => line.trim());

/** The numbers of a page's steps. */
export const countedSteps = (page: string): number[] =>
  readFileSync(join(root, page), "utf8")
    .split("\n")
    .flatMap((line) => (/^\d\. /.test(line) ? [Number(line[0])] : []));
