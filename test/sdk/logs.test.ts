/** Logs read by the SDK are what ethers reads out of them, for every event of every contract, and for logs that no contract writes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventFragment, getAddress, Result } from "ethers";
import type { ParamType } from "ethers";
import { INTERFACES, logName, readLog } from "@qoodblock/sdk/client";
import type { ContractKey } from "@qoodblock/sdk/client";
import { random as randomBy } from "./support.ts";

const random = randomBy(20261122);
const hexOf = (bytes: number): string => Array.from({ length: bytes }, () => Math.floor(random() * 256).toString(16).padStart(2, "0")).join("");

/** A value that the type takes. */
function valueOf(param: ParamType): unknown {
  if (param.baseType === "array") return Array.from({ length: param.arrayLength! < 0 ? Math.floor(random() * 3) : param.arrayLength! }, () => valueOf(param.arrayChildren!));
  if (param.baseType === "tuple") return param.components!.map(valueOf);
  if (param.type === "address") return getAddress(`0x${hexOf(20)}`);
  if (param.type === "bool") return random() < 0.5;
  if (param.type === "string") return `text ${hexOf(3)}`;
  if (param.type === "bytes") return `0x${hexOf(Math.floor(random() * 70))}`;
  const bits = Number(/^u?int(\d+)$/.exec(param.type)?.[1] ?? 0);
  if (bits > 0) return BigInt(`0x${hexOf(bits / 8)}`) >> (param.type.startsWith("u") ? 0n : 1n);
  return `0x${hexOf(Number(/^bytes(\d+)$/.exec(param.type)![1]))}`;
}

const contracts = Object.keys(INTERFACES) as ContractKey[];
const events = contracts.flatMap((contract) =>
  INTERFACES[contract].fragments.filter((fragment) => fragment instanceof EventFragment).map((fragment) => ({ contract, fragment })),
);

/** Structs as plain lists, which can be compared. */
const listed = (value: unknown): unknown => (value instanceof Result ? value.toArray().map(listed) : value);
const args = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries.map(([name, value]) => [name, listed(value)]));

/** As ethers reads it: arguments by name, or the code of its error. */
function byEthers(contract: ContractKey, log: { topics: string[]; data: string }): unknown {
  try {
    const found = INTERFACES[contract].parseLog(log);
    if (found === null) return null;
    return { name: found.name, args: args(found.fragment.inputs.map(({ name }, i) => [name, found.args[i]])) };
  } catch (error) {
    return (error as { code: string }).code;
  }
}
function byUs(contract: ContractKey, log: { topics: string[]; data: string }): unknown {
  try {
    const found = readLog(contract, log);
    return found === null ? null : { name: found.name, args: args(Object.entries(found.args)) };
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("logs", () => {
  it("of every event are read as ethers reads them", () => {
    assert.ok(events.length > 60, `${events.length} events`);
    for (const { contract, fragment } of events) {
      for (let round = 0; round < 3; round += 1) {
        const { topics, data } = INTERFACES[contract].encodeEventLog(fragment, fragment.inputs.map(valueOf));
        const log = { topics, data };
        assert.deepEqual(byUs(contract, log), byEthers(contract, log), `${contract}.${fragment.name}`);
        assert.equal(logName(contract, log), fragment.name);
      }
    }
  });

  it("that are no contract's are read as ethers reads them, or refused alike: dirty words, cut and long data, missing and further topics", () => {
    let [refused, taken] = [0, 0];
    for (const { contract, fragment } of events) {
      const { topics, data } = INTERFACES[contract].encodeEventLog(fragment, fragment.inputs.map(valueOf));
      const good = { topics, data };
      const wordAt = (at: number): string => `${data.slice(0, at)}${hexOf(32)}${data.slice(at + 64)}`;
      const broken = [
        ...(data.length > 2 ? [{ ...good, data: data.slice(0, -2) }, { ...good, data: wordAt(2) }, { ...good, data: wordAt(data.length - 64) }] : []),
        { ...good, data: `${data}${hexOf(32)}` },
        { ...good, data: data.toUpperCase().replace("0X", "0x") },
        ...(good.topics.length > 1 ? [{ ...good, topics: good.topics.slice(0, -1) }] : []),
        { ...good, topics: [...good.topics, `0x${hexOf(32)}`] },
        { ...good, topics: [good.topics[0]!, ...good.topics.slice(1).map(() => `0x${hexOf(32)}`)] },
        { ...good, topics: [`0x${hexOf(32)}`] },
      ];
      for (const log of broken) {
        const expected = byEthers(contract, log);
        assert.deepEqual(byUs(contract, log), expected, `${contract}.${fragment.name} ${JSON.stringify(log)}`);
        if (typeof expected === "string" || expected === null) refused += 1;
        else taken += 1;
      }
    }
    assert.ok(refused > events.length && taken > events.length, `${refused} refused, ${taken} taken`);
  });
});
