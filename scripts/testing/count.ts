import type { Suite } from "./suites.ts";

/** Tests of one suite by outcome. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** Output without the terminal's colour codes. */
export function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;]*m/g, "");
}

/** Hardhat says each runner's count and then the sum over its runners: the last line counts. */
function last(text: string, pattern: RegExp): number {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
}

function sum(text: string, pattern: RegExp): number {
  let total = 0;
  for (const match of text.matchAll(pattern)) total += Number(match[1]);
  return total;
}

/**
 * Counts a suite's tests from its output and exit code. A suite that ran no test, or that ended badly without saying
 * which test failed, counts as one failure.
 */
export function countTests(counts: Suite["counts"], output: string, exitCode: number): Count {
  if (counts === "check") return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  const text = plain(output);
  const count =
    counts === "node"
      ? {
          passed: sum(text, /^ℹ pass (\d+)$/gm),
          failed: sum(text, /^ℹ (?:fail|cancelled) (\d+)$/gm),
          skipped: sum(text, /^ℹ (?:skipped|todo) (\d+)$/gm),
        }
      : {
          passed: last(text, /^\s*(\d+) passing\b/gm),
          failed: last(text, /^\s*(\d+) failing\b/gm),
          skipped: last(text, /^\s*(\d+) (?:pending|skipped)\b/gm),
        };
  if (count.failed === 0 && (exitCode !== 0 || count.passed === 0)) count.failed = 1;
  return count;
}
