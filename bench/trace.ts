/** Where a transaction's gas goes, function by function: its trace, laid over the compiler's source maps. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { getBytes } from "ethers";
import { z } from "zod";

const artifacts = join(import.meta.dirname, "..", "artifacts");

/** One executed instruction, as `debug_traceTransaction` gives it. */
interface Step {
  pc: number;
  op: string;
  gas: number;
  gasCost: number;
  depth: number;
  stack?: string[];
}
// The steps themselves are too many to be looked at one by one.
const Trace = z.object({ structLogs: z.array(z.custom<Step>()).min(1) });
const Artifact = z.object({ buildInfoId: z.string(), inputSourceName: z.string(), deployedBytecode: z.string() });
const BuildInfo = z.object({
  output: z.object({
    contracts: z.record(z.string(), z.record(z.string(), z.object({ evm: z.object({ deployedBytecode: z.object({ sourceMap: z.string() }) }) }))),
    sources: z.record(z.string(), z.object({ id: z.number(), ast: z.unknown() })),
  }),
});

/** Function of every program counter of a contract. */
type Functions = ReadonlyMap<number, string>;

interface Span {
  from: number;
  to: number;
  name: string;
}

/** All functions and modifiers of a file's syntax tree. */
function spansOf(ast: unknown, spans: Span[] = [], contract = ""): Span[] {
  if (Array.isArray(ast)) for (const each of ast) spansOf(each, spans, contract);
  else if (typeof ast === "object" && ast !== null) {
    const { nodeType, name, src } = ast as { nodeType?: string; name?: string; src?: string };
    const inside = nodeType === "ContractDefinition" ? name! : contract;
    if ((nodeType === "FunctionDefinition" || nodeType === "ModifierDefinition") && src !== undefined) {
      const [from, length] = src.split(":").map(Number) as [number, number];
      spans.push({ from, to: from + length, name: `${inside}.${name === "" || name === undefined ? "fallback" : name}` });
    }
    for (const value of Object.values(ast)) if (typeof value === "object") spansOf(value, spans, inside);
  }
  return spans;
}

/** Name for what no function of the source has: selectors, decoding of calldata, memory. */
export const FRAME = "dispatch and ABI";

const builds = new Map<string, { info: z.infer<typeof BuildInfo>; spans: Map<number, Span[]> }>();
function buildOf(id: string) {
  const known = builds.get(id);
  if (known !== undefined) return known;
  const info = BuildInfo.parse(JSON.parse(readFileSync(join(artifacts, "build-info", `${id}.output.json`), "utf8")));
  const spans = new Map(Object.values(info.output.sources).map((source) => [source.id, spansOf(source.ast)]));
  const made = { info, spans };
  builds.set(id, made);
  return made;
}

function findArtifact(name: string, folder = artifacts): string | undefined {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "build-info") continue;
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name === `${name}.json`) return path;
    const found = entry.isDirectory() ? findArtifact(name, path) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

const maps = new Map<string, Functions>();
/** Lays a contract's source map over its instructions. An instruction of several functions counts for the innermost. */
function functionsOf(contract: string): Functions {
  const known = maps.get(contract);
  if (known !== undefined) return known;
  const path = findArtifact(contract);
  if (path === undefined) throw new Error(`no artifact of ${contract}`);
  const { buildInfoId, inputSourceName, deployedBytecode } = Artifact.parse(JSON.parse(readFileSync(path, "utf8")));
  const { info, spans } = buildOf(buildInfoId);
  const entries = info.output.contracts[inputSourceName]![contract]!.evm.deployedBytecode.sourceMap.split(";");
  const code = getBytes(deployedBytecode);
  const functions = new Map<number, string>();
  let [start, length, file] = [0, 0, -1];
  for (let pc = 0, i = 0; pc < code.length && i < entries.length; i += 1) {
    const [s, l, f] = entries[i]!.split(":");
    if (s !== undefined && s !== "") start = Number(s);
    if (l !== undefined && l !== "") length = Number(l);
    if (f !== undefined && f !== "") file = Number(f);
    const around = (spans.get(file) ?? []).filter(({ from, to }) => from <= start && start + length <= to);
    const innermost = around.sort((a, b) => a.to - a.from - (b.to - b.from))[0];
    functions.set(pc, innermost?.name ?? FRAME);
    const op = code[pc]!;
    pc += op >= 0x60 && op <= 0x7f ? op - 0x5e : 1; // PUSH1 … PUSH32 carry their bytes along
  }
  maps.set(contract, functions);
  return functions;
}

/** Precompiles that the exchange uses. */
const PRECOMPILES: Readonly<Record<string, Kind>> = Object.fromEntries(
  (["", "ecrecover", "sha256", "", "", "", "curve and pairing", "curve and pairing", "curve and pairing"] as (Kind | "")[]).flatMap((kind, i) => (kind === "" ? [] : [[`0x${i.toString(16).padStart(40, "0")}`, kind]])),
);

/** What kind of work it was. */
export type Kind = "storage writes" | "storage reads" | "calls" | "events" | "ecrecover" | "sha256" | "curve and pairing" | "computation";

/** Gas of some instructions of one function. */
export interface Part {
  /** `Contract.function`; what no function of the source has (storage, memory, checked arithmetic) counts for the one before it. */
  readonly where: string;
  readonly kind: Kind;
  readonly gas: number;
}

/** Gas of one transaction by what used it; the parts sum to the execution, without the 21,000 and the calldata. */
export interface Profile {
  readonly parts: readonly Part[];
  readonly execution: number;
}

const CALL = /^(STATIC|DELEGATE)?CALL$/;

function kindOf(step: Step): Kind {
  if (step.op === "SSTORE" || step.op === "TSTORE") return "storage writes";
  if (step.op === "SLOAD" || step.op === "TLOAD") return "storage reads";
  if (step.op.startsWith("LOG")) return "events";
  if (!CALL.test(step.op)) return "computation";
  return PRECOMPILES[target(step)] ?? "calls";
}

/**
 * Traces a transaction.
 * @param send JSON-RPC of the chain that it was mined on
 * @param names contract by lower-case address; one that is not in it counts as `another contract`
 */
export async function profile(send: (method: string, params: unknown[]) => Promise<unknown>, hash: string, to: string, names: ReadonlyMap<string, string>): Promise<Profile> {
  const { structLogs: steps } = Trace.parse(await send("debug_traceTransaction", [hash, { disableStorage: true, enableMemory: false }]));
  const sums = new Map<string, Part>();
  const frames: { contract: string | undefined; last: string; caller: Step; callerWhere: string; inside: number }[] = [];
  let execution = 0;
  const add = (where: string, kind: Kind, gas: number): void => {
    const name = `${where}/${kind}`;
    sums.set(name, { where, kind, gas: (sums.get(name)?.gas ?? 0) + gas });
    execution += gas;
    if (frames.length > 0) frames.at(-1)!.inside += gas;
  };
  for (const [i, step] of steps.entries()) {
    while (frames.length > step.depth) {
      // Back from a call: what it cost beside the steps inside is the call's own price.
      const { caller, callerWhere, inside } = frames.pop()!;
      frames.at(-1)!.inside += inside;
      add(callerWhere, "calls", caller.gas - step.gas - inside);
    }
    if (frames.length < step.depth) {
      const contract = names.get(i === 0 ? to.toLowerCase() : target(steps[i - 1]!));
      frames.push({ contract, last: contract === undefined ? "another contract" : `${contract}: ${FRAME}`, caller: steps[Math.max(i - 1, 0)]!, callerWhere: i === 0 ? "" : frames.at(-1)!.last, inside: 0 });
    }
    const frame = frames.at(-1)!;
    const found = frame.contract === undefined ? FRAME : (functionsOf(frame.contract).get(step.pc) ?? FRAME);
    if (found !== FRAME) frame.last = found;
    const next = steps[i + 1];
    if (CALL.test(step.op) && next !== undefined && next.depth > step.depth) continue;
    // A call without steps of its own: what was gone when it came back.
    add(frame.last, kindOf(step), CALL.test(step.op) && next?.depth === step.depth ? step.gas - next.gas : step.gasCost);
  }
  return { parts: [...sums.values()], execution };
}

/** Lower-case address that a call goes to. */
function target(step: Step): string {
  const word = step.stack!.at(-2)!;
  return `0x${BigInt(word.startsWith("0x") ? word : `0x${word}`).toString(16).padStart(40, "0").slice(-40)}`;
}

/** Gas of the bytes of a transaction's data (EIP-2028): 4 for a zero, 16 for another. */
export const calldataGas = (data: string): number => getBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);
