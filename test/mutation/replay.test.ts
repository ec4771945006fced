/**
 * Five of the mutants that were killed when `npm run mutate` last ran, chosen by the contracts' own hash, so that every change of a contract tries another five:
 * each must turn a test red again, one that is green without it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Mutant, sha256 } from "../../scripts/mutate/mutants.ts";
import { readReport } from "../../scripts/mutate/results.ts";
import { mutantsOf, type RunOptions, tryMutants } from "../../scripts/mutate/run.ts";
import { compileAll, hashOf, sourceName } from "../../scripts/mutate/workspace.ts";

const HOW_MANY = 5;

test("five mutants are killed again", async (t) => {
  const report = readReport();
  assert.ok(report !== undefined, "snapshots/mutation.json is missing or malformed: npm run mutate makes it");
  const seed = process.env.QOOD_MUTATION_SEED ?? hashOf(["contracts"]);
  t.diagnostic(`seed ${seed}: QOOD_MUTATION_SEED takes another`);
  const compiled = await compileAll((line) => t.diagnostic(line));
  const killerOf = ({ file, id }: Mutant): string | undefined => report.files[file]?.killedBy[id];
  const rank = ({ file, id }: Mutant): string => sha256(seed, file, id);
  const chosen = mutantsOf(compiled, Object.keys(report.files).filter((file) => compiled.sources.has(sourceName(file))))
    .filter((mutant) => killerOf(mutant) !== undefined)
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .slice(0, HOW_MANY);
  assert.equal(chosen.length, HOW_MANY);

  const tried = await tryMutants(compiled, chosen, {
    ...{ slots: 2, fresh: true, baseline: "killer" as const, signal: t.signal, killers: killerOf },
    onResult: ({ file, id, status, by = "" }) => t.diagnostic(`${status}: ${file}: ${id}  by "${by}"`),
  });
  for (const { file, line, id, status } of tried) assert.equal(status, "killed", `${file}:${line}: ${id}`);
});

test("a run that was stopped goes on where it was", async () => {
  const compiled = await compileAll(() => undefined);
  const mutants = mutantsOf(compiled, ["contracts/tokens/AttestedReserveFeed.sol"]).filter(({ operator }) => operator === "guard").slice(0, 2);
  const stopping = new AbortController();
  const options: Omit<RunOptions, "onResult"> = { slots: 1, fresh: true, baseline: "killer", killers: () => undefined, signal: stopping.signal };
  await assert.rejects(tryMutants(compiled, mutants, { ...options, onResult: () => stopping.abort() }), { code: "STOPPED" });
  const remembered: boolean[] = [];
  const tried = await tryMutants(compiled, mutants, { ...options, fresh: false, signal: new AbortController().signal, onResult: (_, fromMemory) => remembered.push(fromMemory) });
  assert.deepEqual(tried.map(({ status }) => status), ["killed", "killed"]);
  assert.equal(remembered[0], true);
  // By which file it was killed is known, so that the result stands whatever becomes of other tests.
  assert.deepEqual(tried.map(({ testFile }) => testFile), Array(2).fill("test/contracts/tokens/feed.test.ts"));
});
