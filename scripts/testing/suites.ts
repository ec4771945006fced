/** One suite of the test command. */
export interface Suite {
  readonly name: string;
  /** Command and arguments, run in the checkout's folder by the Node of this process where the command is `node`. */
  readonly command: readonly string[];
  /** How its output is counted: a check is one test, passed when the command ends with 0. */
  readonly counts: "check" | "node" | "mocha";
  /** Seconds that the suite may take on two cores; said at the end, an excess is shown and fails nothing. */
  readonly budget: number;
}

const nodeTest = (folder: string): readonly string[] => [
  ...["node", "--disable-warning=ExperimentalWarning", "--test", "--test-reporter=spec", "--test-concurrency=2"],
  `test/${folder}/**/*.test.ts`,
];

/** Every suite, in the order in which they run: what fails fastest comes first. */
export const suites: readonly Suite[] = [
  { name: "typecheck", command: ["node", "node_modules/typescript/bin/tsc", "-p", "."], counts: "check", budget: 60 },
  { name: "lint", command: ["node", "node_modules/eslint/bin/eslint.js", "--max-warnings=0", "."], counts: "check", budget: 90 },
  { name: "lint:contracts", command: ["node", "node_modules/solhint/solhint.js", "--noPoster", "--max-warnings", "0", "contracts/**/*.sol"], counts: "check", budget: 20 },
  { name: "bootstrap", command: nodeTest("bootstrap"), counts: "node", budget: 30 },
  { name: "sdk", command: nodeTest("sdk"), counts: "node", budget: 90 },
  { name: "drive", command: nodeTest("drive"), counts: "node", budget: 60 },
  { name: "contracts", command: ["node", "node_modules/hardhat/dist/src/cli.js", "test"], counts: "mocha", budget: 180 },
  { name: "circuits", command: nodeTest("circuits"), counts: "node", budget: 180 },
  { name: "workers", command: nodeTest("workers"), counts: "node", budget: 150 },
  { name: "e2e", command: nodeTest("e2e"), counts: "node", budget: 240 },
];
