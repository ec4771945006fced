/** Five mutants, chosen by the contracts' own hash, so that every change of a contract tries another five: each must turn a test red that is green without it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sourcesIn, TESTS } from "../../scripts/mutate/map.ts";
import { type Mutant, sha256 } from "../../scripts/mutate/mutants.ts";
import { readAllowed, readReport } from "../../scripts/mutate/results.ts";
import { mutantsOf, tryMutants } from "../../scripts/mutate/run.ts";
import { compileAll, hashOf } from "../../scripts/mutate/workspace.ts";

const HOW_MANY = 5;

test("five mutants are killed", async (t) => {
  const seed = process.env.QOOD_MUTATION_SEED ?? hashOf(["contracts"]);
  t.diagnostic(`seed ${seed}: QOOD_MUTATION_SEED takes another`);
  const compiled = await compileAll((line) => t.diagnostic(line));
  const files = Object.keys(TESTS).filter((path) => path.endsWith("/")).flatMap(sourcesIn);
  const allowed = new Set(readAllowed().map(({ file, mutant }) => `${file} ${mutant}`));
  const rank = ({ file, id }: Mutant): string => sha256(seed, file, id);
  const chosen = mutantsOf(compiled, files)
    .filter(({ file, id }) => !allowed.has(`${file} ${id}`))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .slice(0, HOW_MANY);
  assert.equal(chosen.length, HOW_MANY);

  const report = readReport();
  const tried = await tryMutants(compiled, chosen, {
    ...{ slots: 2, fresh: true, baseline: "killer" as const, signal: t.signal },
    killers: ({ file, id }) => report?.files[file]?.killedBy[id],
    onResult: ({ file, id, status, by = "" }) => t.diagnostic(`${status}: ${file}: ${id}  by "${by}"`),
  });
  // A mutant that is none to the compiler shows nothing either way.
  for (const { file, line, id, status } of tried) assert.notEqual(status, "survived", `no test notices ${file}:${line}: ${id}`);
});
