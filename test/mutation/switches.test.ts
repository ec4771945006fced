/** Batches of mutants behind switches: with a switch on the contract does what the mutant does, with all off what the original does. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Contract, ContractFactory, type InterfaceAbi } from "ethers";
import { network } from "hardhat";
import type { Node } from "../../scripts/mutate/ast.ts";
import type { Codes } from "../../scripts/mutate/compiler.ts";
import { findMutants, mutate, type Mutant } from "../../scripts/mutate/mutants.ts";
import { extent, inBatches, isUsable, switchedOn, tooDeep, withoutDeep, withSwitches } from "../../scripts/mutate/switches.ts";

const SOURCE = `pragma solidity 0.8.37;
contract Base { modifier always() { _; } }
contract Switched is Base {
  uint256 public total;
  function move(uint256 a, bool b) external always returns (uint256) {
    if (a > 3) revert("large"); else if (b) total = a;
    else ++total;
    if (_odd(a) && !b) total += 10;
    uint256 at = b ? total : a;
    return at;
  }
  function _odd(uint256 a) private pure returns (bool) { return a % 2 == 1 && a >= 1; }
}
library Alone { function twice(uint256 a) internal pure returns (uint256 b) { b = 2 * a; } }
`;
const bytes = Buffer.from(SOURCE);
const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };

interface Output {
  sources: Record<string, { ast: Node }>;
  errors?: { severity: string; formattedMessage: string }[];
  contracts: Record<string, Record<string, { abi: InterfaceAbi; evm: { bytecode: { object: string }; deployedBytecode: { object: string } } }>>;
}
function compile(content: string): Output {
  const outputs = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"];
  const settings = { evmVersion: "osaka", optimizer: { enabled: true }, outputSelection: { "*": { "": ["ast"], Switched: outputs } } };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources: { "switched.sol": { content } }, settings }))) as Output;
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error").map(({ formattedMessage }) => formattedMessage);
  assert.deepEqual(errors, []);
  return output;
}
const codesOf = ({ contracts }: Output): Codes => new Map([["Switched", contracts["switched.sol"]!.Switched!.evm]]);

const original = compile(SOURCE);
const mutants = findMutants("switched.sol", bytes, original.sources["switched.sol"]!.ast);
const batches = inBatches(mutants);

test("a batch holds what one contract can switch: no two that overlap, no modifier, nothing of a library", () => {
  assert.deepEqual(batches.flat().map(({ id }) => id).sort(), mutants.map(({ id }) => id).sort());
  for (const batch of batches.filter(({ length }) => length > 1)) {
    const sorted = batch.map(extent).sort((a, b) => a.start - b.start);
    assert.ok(sorted.every(({ start }, i) => i === 0 || start >= sorted[i - 1]!.end));
    assert.ok(batch.every(({ operator, where }) => operator !== "modifier" && !where.startsWith("Alone")));
  }
  assert.ok(batches.some(({ length }) => length > 2));
});

test("a switch does what its mutant does, and none does what the original does", async () => {
  const connection = await network.create();
  const [signer] = await connection.ethers.getSigners();
  const { abi } = original.contracts["switched.sol"]!.Switched!;
  /** What every call from a fresh contract gives: value, or that it reverts, and the total after it. */
  const behaviour = async (codes: Codes): Promise<string> => {
    const seen: string[] = [];
    for (const a of [0n, 1n, 3n, 4n]) {
      for (const b of [true, false]) {
        const deployed = await new ContractFactory(abi, codes.get("Switched")!.bytecode.object, signer).deploy();
        const contract = new Contract(await deployed.getAddress(), abi, signer);
        const call = contract.getFunction("move");
        try {
          seen.push(String(await call.staticCall(a, b)));
          await call(a, b);
        } catch {
          seen.push("reverts");
        }
        seen.push(String(await contract.getFunction("total").staticCall()));
      }
    }
    return seen.join(" ");
  };
  try {
    const unchanged = await behaviour(codesOf(original));
    let differ = 0;
    for (const batch of batches) {
      if (batch.length === 1) continue;
      const codes = codesOf(compile(withSwitches(bytes, batch)));
      assert.ok(isUsable(codes, true));
      assert.equal(await behaviour(switchedOn(codes, 0)), unchanged);
      for (const [i, mutant] of batch.entries()) {
        const alone = await behaviour(codesOf(compile(mutate(bytes, mutant))));
        assert.equal(await behaviour(switchedOn(codes, i + 1)), alone, mutant.id);
        if (alone !== unchanged) differ += 1;
      }
    }
    assert.ok(differ > 10);
  } finally {
    await connection.close();
  }
});

test("the sides of one condition stand behind switches of their own, in one batch", () => {
  const sides = mutants.filter(({ id }) => id.includes("part: _odd(a) && !b"));
  assert.equal(sides.length, 2);
  assert.ok(batches.some((batch) => sides.every((side) => batch.includes(side))));
  assert.match(withSwitches(bytes, sides), /if \(\(_switchedOn == 2 \|\| \(_odd\(a\)\)\) && \(_switchedOn == 1 \|\| \(!b\)\)\)/);
});

test("a function without room for a switch is the one that has the variables of the compiler's message; its mutants are then alone", () => {
  const batch = [...new Map(mutants.filter((mutant) => mutant.switch !== undefined).map((mutant) => [mutant.where, mutant])).values()];
  assert.ok(batch.length > 1);
  const where = tooDeep(bytes, batch, "YulException: Variable expr_2 is 1 too deep in the stack [ RET var_at_12 var_b var_a ]");
  assert.equal(where, "Switched.move");
  assert.equal(tooDeep(bytes, batch, "ParserError: Expected ';'"), undefined);
  const parts = withoutDeep(mutants, (mutant) => mutant.where === where);
  assert.deepEqual(parts.flat().map(({ id }) => id).sort(), mutants.map(({ id }) => id).sort());
  assert.ok(parts.slice(1).every(({ length }) => length === 1) && parts[0]!.every((mutant) => mutant.where !== where));
});

test("a code that is too large, or has no place for the number, is of no use", () => {
  const code = (bytecode: string, deployed: string): Codes => new Map([["C", { bytecode: { object: bytecode }, deployedBytecode: { object: deployed } }]]);
  assert.equal(isUsable(code("60", "00".repeat(40_000)), false), true);
  assert.equal(isUsable(code("60", "00".repeat(40_001)), false), false);
  assert.equal(isUsable(code("60", "00"), true), false);
});

test("a mutant of a pure function is switched by a function that may read", () => {
  const pure: Mutant[] = mutants.filter(({ where }) => where === "Switched._odd");
  assert.ok(pure.length > 2 && pure.every((mutant) => mutant.switch?.pure !== undefined));
  assert.match(withSwitches(bytes, pure.slice(0, 1)), /function _odd\(uint256 a\) private view returns/);
});
