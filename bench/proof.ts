/** Time of one KeyDelivery(1) proof: with everything to be read first, and with the key in memory. */
import { join } from "node:path";

import { closeProofEngine, KeyDeliveryProver, loadProofArtifacts } from "@qoodblock/sdk/proof";
import { deliveryScalar, randomDeliveryKey, wrapKeys } from "@qoodblock/sdk/delivery";
import { report } from "./table.ts";

const ROUNDS = 5;
const keys = join(import.meta.dirname, "..", "circuits", "keys");

/** Measures and reports. */
export async function benchProof(): Promise<void> {
  const began = performance.now();
  const prover = new KeyDeliveryProver(loadProofArtifacts(keys, "KeyDelivery1"));
  const wrapping = (context: bigint) =>
    wrapKeys({ buyerKey: randomDeliveryKey().publicKey, context, keys: [context + 7n], scalar: deliveryScalar(new Uint8Array(32).fill(1), context) }).input;
  await prover.prove(wrapping(1n));
  const cold = (performance.now() - began) / 1000;
  const times: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const used = process.cpuUsage();
    const started = performance.now();
    await prover.prove(wrapping(BigInt(round + 2)));
    times.push((performance.now() - started) / 1000);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1e6);
  }
  const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  await closeProofEngine();
  report("proof", "KeyDelivery(1) proof, made and verified", [
    { what: "cold: key and program read, hashes checked", measured: cold, unit: "s" },
    { what: "warm", measured: median(times), unit: "s" },
    { what: "warm, processor time over all threads", measured: median(cpu), unit: "cpu-s" },
  ]);
}
