/** Time of one proof of every circuit instance: in a fresh process, with everything to be read first, and with the key in memory. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { deliveryScalar, padLots, randomDeliveryKey, wrapKeys } from "@qoodblock/sdk/delivery";
import { closeProofEngine, KeyDeliveryProver, loadProofArtifacts, PossessionProver, possessionStatement, SegmentKeyProver, segmentKeyStatement } from "@qoodblock/sdk/proof";
import { report, type Row } from "./table.ts";

const ROUNDS = 5;
/** Seconds that a warm proof of the smallest page may take. */
const GOAL = 1.5;
const keys = join(import.meta.dirname, "..", "circuits", "keys");

/** What a process measures, in seconds; processor time is summed over all threads. */
interface Measured {
  readonly constraints: number;
  readonly cold: number;
  readonly coldCpu: number;
  readonly warm: number;
  readonly warmCpu: number;
}

const page = (name: string, m: number) => {
  const artifacts = loadProofArtifacts(keys, name);
  const prover = new KeyDeliveryProver(artifacts);
  const buyerKey = randomDeliveryKey().publicKey;
  return {
    artifacts,
    prove: (context: bigint): Promise<unknown> => {
      const lots = Array.from({ length: m }, (_, i) => context + BigInt(i));
      return prover.prove(wrapKeys({ buyerKey, context, keys: padLots(lots), scalar: deliveryScalar(new Uint8Array(32).fill(1), context) }).input);
    },
  };
};

/** Name of an instance → its key, read and checked, and what proves a statement of that number. */
const instances: Readonly<Record<string, () => { artifacts: ReturnType<typeof loadProofArtifacts>; prove: (n: bigint) => Promise<unknown> }>> = {
  KeyDelivery1: () => page("KeyDelivery1", 1),
  KeyDelivery8: () => page("KeyDelivery8", 8),
  KeyDelivery32: () => page("KeyDelivery32", 32),
  SegmentKey: () => {
    const artifacts = loadProofArtifacts(keys, "SegmentKey");
    const prover = new SegmentKeyProver(artifacts);
    return { artifacts, prove: (n) => prover.prove(segmentKeyStatement({ k1: n, interval: 1, segment: 2 }).input) };
  },
  Possession: () => {
    const artifacts = loadProofArtifacts(keys, "Possession");
    const prover = new PossessionProver(artifacts);
    return { artifacts, prove: (n) => prover.prove(possessionStatement({ k1: n, nonce: n, prover: `0x${"0b".repeat(20)}` }).input) };
  },
};

const cpuSeconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Measures one instance in this process, which has done nothing else. */
async function measure(name: string): Promise<Measured> {
  const { artifacts, prove } = instances[name]!();
  await prove(1n);
  // Both since the process began, so that starting Node and loading the programs count.
  const [cold, coldCpu] = [performance.now() / 1000, cpuSeconds()];
  const times: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    await prove(BigInt(round + 2));
    times.push((performance.now() - started) / 1000);
    cpu.push(cpuSeconds(used));
  }
  await closeProofEngine();
  return { constraints: artifacts.metadata.constraints, cold, coldCpu, warm: median(times), warmCpu: median(cpu) };
}

/** Measures one instance in a process of its own. */
function measureApart(name: string): Promise<Measured> {
  return new Promise((resolve, reject) => {
    let measured: Measured | undefined;
    const child = fork(import.meta.filename, [name], { stdio: "inherit" });
    child.on("message", (message: Measured) => (measured = message));
    child.on("error", reject);
    child.on("exit", (code) => {
      if (measured === undefined) reject(new Error(`the process that proves ${name} ended with ${String(code)}`));
      else resolve(measured);
    });
  });
}

/** Measures and reports. */
export async function benchProof(): Promise<void> {
  const rows: Row[] = [];
  for (const name of Object.keys(instances)) {
    const { constraints, cold, coldCpu, warm, warmCpu } = await measureApart(name);
    const goal = name === "KeyDelivery1" ? { beside: { name: "goal in s", value: GOAL }, goal: { ratio: 1, side: "at most" as const } } : {};
    rows.push(
      { what: `${name}: cold`, measured: cold, unit: "s", note: `${constraints.toLocaleString("en")} constraints; a fresh process, key and program read, hashes checked` },
      { what: `${name}: cold, processor time`, measured: coldCpu, unit: "cpu-s" },
      { what: `${name}: warm`, measured: warm, unit: "s", ...goal },
      { what: `${name}: warm, processor time`, measured: warmCpu, unit: "cpu-s" },
    );
  }
  report("proof", "One proof of each circuit instance, made and verified", rows);
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) process.send(await measure(process.argv[2]!), () => process.disconnect());
