import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of recorded drives, which lies beside the project and is no part of it. */
const FOLDER = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

/** Path of a recorded file, whether it is there or not. */
export function dataPath(name: string): string {
  return `${FOLDER}${name}`;
}

/**
 * Test options for a test that needs recorded files: skipped with the reason where they are missing, except under
 * `CI=true`, where the test runs and fails.
 */
export function needsData(...names: string[]): { skip: string | false } {
  const missing = names.filter((name) => !existsSync(dataPath(name)));
  return { skip: missing.length > 0 && process.env["CI"] !== "true" ? `no ${missing.join(", ")} in ../shared/data` : false };
}

/** The recorded drives, by format. */
export const RECORDED = {
  obd: ["carobd-drive1.csv", "carobd-idle3.csv", "carobd-live4.csv", "carobd-long5.csv", "carobd-ufpe3.csv"],
  gps: ["austin-bmw-can-10hz.csv"],
} as const;
