import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { JsonRpcProvider } from "ethers";
import { writeAtomically } from "../process/state.ts";

const headSchema = z.object({ number: z.int().nonnegative(), hash: z.string() });

/** What depends on the chain: it goes when the chain has lost blocks that the rest has seen. */
const dependents = ["chain", "redis", "tsp", "buyer", "deployment", "head.json", "contracts"];

/**
 * True when the chain in this state folder cannot be read at all: a kill in the middle of its writing leaves half a file.
 */
export function chainIsTorn(state: string): boolean {
  const file = join(state, "chain", "state.json");
  if (!existsSync(file)) return false;
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return false;
  } catch {
    return true;
  }
}

/**
 * True when the chain still has the last block that an earlier run saw. The chain's file is written every ten
 * seconds and at the end, so after a kill it can be older than the queue and the stores; the two must never be mixed.
 */
export async function chainKnowsHead(state: string, provider: JsonRpcProvider): Promise<boolean> {
  const file = join(state, "head.json");
  if (!existsSync(file)) return true;
  const head = headSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!head.success) return false;
  return (await provider.getBlock(head.data.number))?.hash === head.data.hash;
}

/**
 * True when the chain in this state folder holds these contracts, or none yet. After a change of their sources the old
 * ones cannot be told from a foreign deployment, and this program would not fit them.
 */
export function chainHoldsContracts(state: string, sources: string): boolean {
  const file = join(state, "contracts");
  if (!existsSync(file)) return !existsSync(join(state, "deployment"));
  return readFileSync(file, "utf8") === sources;
}

/** Notes which contracts the chain holds. */
export function noteContracts(state: string, sources: string): void {
  writeAtomically(join(state, "contracts"), sources);
}

/** Removes the chain and everything that refers to it; accounts and results stay. */
export function beginAnew(state: string): void {
  for (const name of dependents) rmSync(join(state, name), { recursive: true, force: true });
}

/** Notes every new block while the demo runs. @returns a function that notes the last one and ends it. */
export function followHead(state: string, provider: JsonRpcProvider): () => Promise<void> {
  const file = join(state, "head.json");
  const note = async (): Promise<void> => {
    const block = await provider.getBlock("latest");
    if (typeof block?.hash === "string") writeAtomically(file, `${JSON.stringify({ number: block.number, hash: block.hash })}\n`);
  };
  const timer = setInterval(() => {
    // A missed block is noted with the next one.
    note().catch(() => undefined);
  }, 500);
  return async () => {
    clearInterval(timer);
    await note();
  };
}
