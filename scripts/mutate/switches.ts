/**
 * Several mutants in one compilation: each stands behind a switch, and the number in the creation code says which one is on. Compiling is most of the work
 * where a contract takes half a minute, so a batch of mutants costs hardly more than one.
 */
import type { Codes } from "./compiler.ts";
import type { Range } from "./ast.ts";
import type { Mutant } from "./mutants.ts";

/** Stands in the creation code where the number goes: 32 bytes that occur nowhere else. */
const PLACE = "c31f6e0b9a57d2844be0f1837a6cd95e1208fb47369ac5ed70b1248f5d936ea7";

/** Most mutants of a batch, and of one function in it: every switch takes code and a place on the stack. */
const [MOST, MOST_OF_ONE] = [24, 6];

/** Largest code for which a deployment fits a transaction; a slot's chain does not keep to the limit of EIP-170. */
const LARGEST = 40_000;

/** Mutants that are compiled together; a batch of one is compiled as it is, without a switch. */
export type Batch = readonly Mutant[];

/** What a switch changes: all that the mutant does, or the side of a condition that it takes away. */
export const extent = ({ start, end, side }: Mutant): Range => side ?? { start, end };

const overlap = (a: Mutant, b: Mutant): boolean => extent(a).start < extent(b).end && extent(b).start < extent(a).end;

/** Mutants of one file in batches. A batch of those in pure functions, whose callers may be pure too, may turn out not to compile. */
export function inBatches(mutants: readonly Mutant[]): Batch[] {
  const batches: Mutant[][] = [];
  const sizes = new Map<string, number>();
  for (const { where } of mutants) sizes.set(where, (sizes.get(where) ?? 0) + 1);
  // What needs the most batches comes first, the others fill them up.
  for (const mutant of [...mutants].sort((a, b) => sizes.get(b.where)! - sizes.get(a.where)!)) {
    const fits = (batch: Batch): boolean =>
      batch.length < MOST &&
      batch[0]!.switch?.inside === mutant.switch?.inside &&
      batch.filter(({ where }) => where === mutant.where).length < MOST_OF_ONE &&
      !batch.some((other) => overlap(other, mutant));
    const open = mutant.switch === undefined ? undefined : batches.find(fits);
    if (open === undefined) batches.push([mutant]);
    else open.push(mutant);
  }
  return batches;
}

/**
 * A batch without the mutants of a function that has no place left on the stack for a switch; they are compiled one by one, as they are.
 * @param isDeep whether a function, by its mutant, is one of those
 */
export function withoutDeep(batch: Batch, isDeep: (mutant: Mutant) => boolean): Batch[] {
  return [batch.filter((mutant) => !isDeep(mutant)), ...batch.filter(isDeep).map((mutant) => [mutant])].filter(({ length }) => length > 0);
}

/** The function of a batch that the compiler found too deep: the one that has most of the variables which its message names. */
export function tooDeep(source: Buffer, batch: Batch, message: string): string | undefined {
  if (!message.includes("too deep in")) return undefined;
  const names = new Set([...message.matchAll(/\bvar_([A-Za-z]+)/g)].map(([, name]) => name!));
  const count = ({ start }: Mutant): number => {
    const text = source.toString("latin1");
    const [from, to] = [text.lastIndexOf("function ", start), text.indexOf("function ", start)];
    return [...names].filter((name) => new RegExp(`\\b${name}\\b`).test(text.slice(Math.max(from, 0), to === -1 ? undefined : to))).length;
  };
  return [...batch].map((mutant) => ({ where: mutant.where, count: count(mutant) })).sort((a, b) => b.count - a.count)[0]!.where;
}

/** The source with every mutant of a batch behind its switch, which is its number in the batch from 1. */
export function withSwitches(source: Buffer, batch: Batch): string {
  const name = "_switchedOn";
  const edits = batch.map((mutant, i) => {
    const { replacement, side } = mutant;
    const { start, end } = extent(mutant);
    const original = source.subarray(start, end).toString();
    if (side !== undefined) return { start, end, changed: side.joinedBy === "||" ? `(${name} != ${i + 1} && (${original}))` : `(${name} == ${i + 1} || (${original}))` };
    // In braces: an `else` further down must find its own `if`.
    const changed = replacement === "{}" ? `{ if (${name} != ${i + 1}) { ${original} } }` : `(${name} == ${i + 1} ? (${replacement}) : (${original}))`;
    return { start, end, changed };
  });
  const at = batch[0]!.switch!.inside;
  const pure = new Map(batch.flatMap(({ switch: place }) => (place?.pure === undefined ? [] : [[place.pure.start, place.pure] as const])));
  for (const word of pure.values()) edits.push({ ...word, changed: "view" });
  edits.push({ start: at, end: at, changed: `\n    uint256 private immutable ${name} = 0x${PLACE};\n` });
  let result = source;
  for (const { start, end, changed } of edits.sort((a, b) => b.start - a.start)) result = Buffer.concat([result.subarray(0, start), Buffer.from(changed), result.subarray(end)]);
  return result.toString();
}

/** Codes with one switch on, or with none for 0. */
export function switchedOn(codes: Codes, number: number): Codes {
  const word = number.toString(16).padStart(64, "0");
  // In the code that stays too: a factory holds the creation code of what it makes.
  const turn = <T extends { object: string }>(code: T): T => ({ ...code, object: code.object.replaceAll(PLACE, word) });
  return new Map([...codes].map(([name, { bytecode, deployedBytecode }]) => [name, { bytecode: turn(bytecode), deployedBytecode: turn(deployedBytecode) }]));
}

/** Whether every contract can be deployed and, with switches, has a place for their number. */
export function isUsable(codes: Codes, switches: boolean): boolean {
  const deployable = [...codes.values()].filter(({ deployedBytecode }) => deployedBytecode.object !== "");
  return deployable.every(({ deployedBytecode }) => deployedBytecode.object.length / 2 <= LARGEST) && (!switches || deployable.some(({ bytecode }) => bytecode.object.includes(PLACE)));
}
