/** Which mutants are found in a contract, and what is made of their results. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { Node } from "../../scripts/mutate/ast.ts";
import { findMutants, mutate } from "../../scripts/mutate/mutants.ts";
import { testsOf, TESTS } from "../../scripts/mutate/map.ts";
import { reportOn, resultKey, type Tried, wronglyAllowed } from "../../scripts/mutate/results.ts";

const SOURCE = `pragma solidity 0.8.37;
interface INothing { function nothing() external; }
contract Small {
  error Small_Bad(uint256 value); // é: offsets count bytes
  event Done(uint256 value);
  struct Box { uint256 value; }
  uint256 public total;
  Box private _box;
  modifier once() { if (total > 9) revert Small_Bad(9); _; }
  constructor() { total = 1; }
  function guarded(uint256 a, bool b) external once returns (uint256 seen) {
    if (a < 3 || b) revert Small_Bad(a);
    if (b) {
      revert Small_Bad(1);
    }
    require(a != 4, Small_Bad(4));
    if (a == 5) return 5;
    if (a == 6) total += 1;
    else total = 2;
    for (uint256 i = 0; i < a && !b; ++i) _box.value = i;
    seen = ++total;
    _helper(a);
    emit Done(a);
    delete total;
  }
  function _helper(uint256 a) private pure returns (bool) {
    if (a > 6) revert Small_Bad(a); else if (a == 9) revert Small_Bad(8);
    bool same = a == 7;
    assembly { if gt(a, 1) { a := 2 } }
    return same ? a >= 8 : a != 9;
  }
}
`;
const bytes = Buffer.from(SOURCE);
const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };

function compile(source: string): { ast: Node; errors: string[] } {
  const input = { language: "Solidity", sources: { "small.sol": { content: source } }, settings: { outputSelection: { "*": { "": ["ast"], "*": ["evm.bytecode.object"] } } } };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as { sources: Record<string, { ast: Node }>; errors?: { severity: string; message: string }[] };
  return { ast: output.sources["small.sol"]!.ast, errors: (output.errors ?? []).flatMap(({ severity, message }) => (severity === "error" ? [message] : [])) };
}

const mutants = findMutants("small.sol", bytes, compile(SOURCE).ast);

test("every guard, part, boundary, branch, assignment, call and event is found, and nothing else", () => {
  assert.deepEqual(
    mutants.map(({ line, id }) => `${line} ${id}`),
    [
      "9 Small.once, guard: if (total > 9) revert Small_Bad(9);",
      "9 Small.once, boundary: total > 9 → total >= 9",
      "10 Small.constructor, assignment: total = 1;",
      "11 Small.guarded, modifier: once",
      "12 Small.guarded, guard: if (a < 3 || b) revert Small_Bad(a);",
      "12 Small.guarded, part: a < 3 || b → a < 3",
      "12 Small.guarded, part: a < 3 || b → b",
      "12 Small.guarded, boundary: a < 3 → a <= 3",
      "13 Small.guarded, guard: if (b) { revert Small_Bad(1); }",
      "16 Small.guarded, guard: require(a != 4, Small_Bad(4));",
      "16 Small.guarded, equality: a != 4 → a == 4",
      "17 Small.guarded, branch: if (a == 5) return 5;",
      "17 Small.guarded, branch: a == 5 → true",
      "18 Small.guarded, branch: a == 6 → true",
      "18 Small.guarded, branch: a == 6 → false",
      "18 Small.guarded, assignment: total += 1;",
      "19 Small.guarded, assignment: total = 2;",
      "20 Small.guarded, assignment: _box.value = i;",
      "21 Small.guarded, assignment: seen = ++total;",
      "21 Small.guarded, assignment: ++total → (total + 1)",
      "22 Small.guarded, call: _helper(a);",
      "23 Small.guarded, event: emit Done(a);",
      "24 Small.guarded, assignment: delete total;",
      "27 Small._helper, branch: a > 6 → true",
      "27 Small._helper, branch: a > 6 → false",
      "27 Small._helper, boundary: a > 6 → a >= 6",
      "27 Small._helper, guard: revert Small_Bad(a);",
      "27 Small._helper, guard: if (a == 9) revert Small_Bad(8);",
      "28 Small._helper, equality: a == 7 → a != 7",
      "30 Small._helper, branch: same ? a >= 8 : a != 9 → (a >= 8)",
      "30 Small._helper, branch: same ? a >= 8 : a != 9 → (a != 9)",
      "30 Small._helper, boundary: a >= 8 → a > 8",
    ],
  );
});

test("every mutant is one change that compiles", () => {
  for (const mutant of mutants) {
    const changed = mutate(bytes, mutant);
    assert.notEqual(changed, SOURCE);
    assert.deepEqual(compile(changed).errors, [], mutant.id);
  }
  assert.equal(new Set(mutants.map(({ id }) => id)).size, mutants.length);
});

test("a mutant of a constructor stands behind no switch: the compiler would decide at once that it is off", () => {
  const [inConstructor, elsewhere] = [true, false].map((wanted) => mutants.filter(({ where }) => where.endsWith(".constructor") === wanted));
  assert.ok(inConstructor!.length > 0 && inConstructor!.every((mutant) => mutant.switch === undefined));
  assert.ok(elsewhere!.some((mutant) => mutant.switch !== undefined));
});

test("a test is looked for by the error of its guard first, then by the function", () => {
  assert.deepEqual(mutants.find(({ id }) => id.includes("a < 3 →"))!.hints, ["Small_Bad", "guarded"]);
  assert.deepEqual(mutants.find(({ operator }) => operator === "event")!.hints, ["Done", "guarded"]);
});

test("a result is remembered for the same source and tests only", () => {
  const [one, other] = mutants as [(typeof mutants)[0], (typeof mutants)[0]];
  const key = resultKey(one, mutate(bytes, one), "tests");
  assert.equal(resultKey(one, mutate(bytes, one), "tests"), key);
  for (const another of [resultKey(one, mutate(bytes, one), "other tests"), resultKey(other, mutate(bytes, other), "tests")]) assert.notEqual(another, key);
});

test("the score counts killed and surviving mutants, timed out ones as surviving; those explained, without effect and without sense stand aside", () => {
  const status = ["killed", "timeout", "survived", "survived", "same", "invalid", "killed"] as const;
  const tried: Tried[] = status.map((each, i) => ({ ...mutants[i]!, status: each, seconds: 1, ...(each === "killed" ? { by: "a test" } : {}) }));
  const allowed = [{ file: "small.sol", mutant: mutants[3]!.id, reason: "a reason of some length" }];
  const { killed, survived, equivalent, score, survivors, killedBy } = reportOn(SOURCE, tried, allowed);
  assert.deepEqual({ killed, survived, equivalent, score }, { killed: 2, survived: 2, equivalent: 1, score: 50 });
  assert.deepEqual(survivors, [1, 2].map((i) => ({ line: mutants[i]!.line, mutant: mutants[i]!.id })));
  assert.deepEqual(Object.values(killedBy), ["a test", "a test"]);
  assert.deepEqual(wronglyAllowed(allowed, ["small.sol"], tried), []);
  const wrong = [{ ...allowed[0]!, mutant: mutants[0]!.id }, { ...allowed[0]!, mutant: "gone" }];
  assert.deepEqual(wronglyAllowed(wrong, ["small.sol"], tried), [
    `small.sol: ${mutants[0]!.id}: it is not equivalent: killed by "a test"`,
    "small.sol: gone: there is no such mutant any more",
  ]);
});

test("snapshots of gas kill nothing, and every contract folder has its tests", () => {
  for (const [start, files] of Object.entries(TESTS)) {
    assert.equal(files.some((file) => /gas/.test(file)), false, start);
    assert.ok(testsOf(`${start}x.sol`).length > 0);
  }
  assert.throws(() => testsOf("contracts/verifiers/KeyDelivery1Verifier.sol"), { code: "MUTATION_MAP" });
});
