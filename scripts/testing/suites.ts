/** One suite of the test command. */
export interface Suite {
  readonly name: string;
  /** Command and arguments, run in the checkout's folder by the Node of this process where the command is `node`. */
  readonly command: readonly string[];
  /** How its output is counted: a check is one test, passed when the command ends with 0. */
  readonly counts: "check" | "node" | "mocha";
  /** Suites of one lane run one after the other, the two lanes at the same time: what computes beside what waits for blocks and processes. */
  readonly lane: "computes" | "waits";
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds that the suite may take on two cores, beside one of the other lane; said at the end, an excess is shown and fails nothing. */
  readonly budget: number;
}

const nodeTest = (folder: string, concurrency = 2): readonly string[] => [
  ...["node", "--disable-warning=ExperimentalWarning", "--test", "--test-reporter=spec", `--test-concurrency=${concurrency}`],
  folder.includes("/") ? `test/${folder}.test.ts` : `test/${folder}/**/*.test.ts`,
];

/** The budgets of each lane sum to about 1,000 seconds. */
const short: readonly Suite[] = [
  { name: "typecheck", command: ["node", "node_modules/typescript/bin/tsc", "-p", "."], counts: "check", lane: "computes", budget: 30 },
  { name: "lint", command: ["node", "node_modules/eslint/bin/eslint.js", "--max-warnings=0", "."], counts: "check", lane: "computes", budget: 75 },
  { name: "lint:contracts", command: ["node", "node_modules/solhint/solhint.js", "--noPoster", "--max-warnings", "0", "contracts/**/*.sol"], counts: "check", lane: "computes", budget: 15 },
  { name: "lint:circuits", command: ["node", "scripts/circuits/lint.ts"], counts: "check", lane: "computes", budget: 10 },
  { name: "bootstrap", command: nodeTest("bootstrap"), counts: "node", lane: "computes", budget: 20 },
  { name: "sdk", command: nodeTest("sdk"), counts: "node", lane: "computes", budget: 50 },
  { name: "drive", command: nodeTest("drive"), counts: "node", lane: "computes", budget: 40 },
  { name: "kv", command: nodeTest("kv"), counts: "node", lane: "computes", budget: 30 },
  { name: "simulation", command: nodeTest("simulation"), counts: "node", lane: "computes", budget: 30 },
  { name: "contracts", command: ["node", "node_modules/hardhat/dist/src/cli.js", "test"], counts: "mocha", lane: "computes", budget: 300 },
  { name: "circuits", command: nodeTest("circuits"), counts: "node", lane: "computes", budget: 180 },
  { name: "ceremony", command: nodeTest("ceremony"), counts: "node", lane: "computes", budget: 110 },
  { name: "workers", command: nodeTest("workers"), counts: "node", lane: "waits", budget: 270 },
  { name: "cli", command: nodeTest("cli"), counts: "node", lane: "waits", budget: 230 },
  // One file after the other: the replay takes both cores.
  { name: "mutation", command: nodeTest("mutation", 1), counts: "node", lane: "computes", budget: 60 },
  { name: "examples", command: nodeTest("examples"), counts: "node", lane: "computes", budget: 60 },
  { name: "findings", command: nodeTest("findings"), counts: "node", lane: "computes", budget: 40 },
  // After the suite of the CLI and not beside it: both start a whole market at its usual ports.
  { name: "docs", command: nodeTest("docs"), counts: "node", lane: "waits", budget: 90 },
  { name: "chaos", command: nodeTest("chaos", 1), counts: "node", lane: "computes", budget: 90 },
  { name: "e2e", command: nodeTest("e2e"), counts: "node", lane: "waits", budget: 360 },
];

/** Long forms of what the short suites do a few times. */
const long: readonly Suite[] = [
  { name: "deletion", command: ["node", "scripts/circuits/deletion.ts"], counts: "check", lane: "computes", budget: 300 },
  { name: "keys", command: nodeTest("circuits/keys"), counts: "node", lane: "computes", env: { QOOD_KEYS: "all" }, budget: 300 },
  { name: "bench", command: nodeTest("bench", 1), counts: "node", lane: "computes", budget: 120 },
  { name: "day", command: ["node", "scripts/demo/main.ts", "--json", "--hours", "26", "--state", ".state/test-day"], counts: "check", lane: "computes", budget: 180 },
];
const chaos: readonly Suite[] = [
  { name: "kills", command: nodeTest("e2e/kill", 1), counts: "node", lane: "computes", env: { QOOD_KILLS: "20" }, budget: 600 },
  { name: "ingestion", command: nodeTest("chaos", 1), counts: "node", lane: "computes", env: { QOOD_CHAOS: "10" }, budget: 900 },
];

/** The sets of suites, each in the order in which they run: what fails fastest comes first. */
export const suiteSets = { short, long, chaos } as const;
