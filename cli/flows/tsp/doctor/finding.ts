import { isQoodError } from "@qoodblock/sdk/errors";

/** What a check has found. */
export interface Finding {
  /** What was looked at. */
  readonly check: string;
  /** fault: the workers cannot do their work; warning: they can, and somebody should look. */
  readonly state: "ok" | "warning" | "fault";
  /** One line: what there is and, unless all is well, what to do. */
  readonly told: string;
}

/** One line of whatever was thrown. */
export const lineOf = (error: unknown): string => (error instanceof Error ? `${error.message}${isQoodError(error) ? ` [${error.code}]` : ""}` : String(error)).replaceAll(/\s*[\r\n]+\s*/g, " ");

/** Findings of one check, in the order in which they are said. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #check: string;

  constructor(check: string) {
    this.#check = check;
  }

  ok(told: string): void {
    this.list.push({ check: this.#check, state: "ok", told });
  }

  warning(told: string): void {
    this.list.push({ check: this.#check, state: "warning", told });
  }

  fault(told: string): void {
    this.list.push({ check: this.#check, state: "fault", told });
  }
}

/** Runs one check; what it throws is a fault of it. */
export async function check(name: string, look: (findings: Findings) => Promise<void> | void): Promise<Finding[]> {
  const findings = new Findings(name);
  try {
    await look(findings);
  } catch (error) {
    findings.fault(lineOf(error));
  }
  return findings.list;
}
