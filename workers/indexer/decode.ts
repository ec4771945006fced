import { Result } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { INTERFACES, logName, readLog } from "@qoodblock/sdk/client";
import type { ContractKey, Deployment } from "@qoodblock/sdk/client";
import type { Row } from "../shared/index/index.ts";
import type { SourceLog } from "./source.ts";

/** Contracts whose events are followed: all of the deployment that have an interface. */
export function contractsOf({ addresses }: Pick<Deployment, "addresses">): ReadonlyMap<string, ContractKey> {
  return new Map((Object.keys(INTERFACES) as ContractKey[]).map((name) => [addresses[name].toLowerCase(), name]));
}

/** A value out of a contract as JSON: what may be beyond 2^53 as decimal text. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Result) {
    try {
      return Object.fromEntries(Object.entries(value.toObject()).map(([name, each]) => [name, plain(each)]));
    } catch {
      return value.toArray().map(plain);
    }
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
  return value;
}

/** The event's name by its first topic; empty where the contract's interface does not know it. */
export const nameOf = (contract: ContractKey, log: Pick<SourceLog, "topics">): string => logName(contract, log) ?? "";

/**
 * A log as it is kept. What the interface does not know, or cannot read, is kept as it came.
 * @param event - its arguments where they were decoded already
 */
export function rowOf(contract: ContractKey, log: SourceLog, time: number, name: string, event?: object): Row {
  const { blockNumber, blockHash, transactionHash, logIndex, topics, data } = log;
  const place = { blockNumber, blockHash, time, transactionHash, logIndex, contract };
  if (event !== undefined) return { ...place, name, args: plain(event) as Record<string, unknown> };
  try {
    const found = readLog(contract, log);
    if (found !== null) return { ...place, name: found.name, args: plain(found.args) as Record<string, unknown> };
  } catch {
    // Kept below.
  }
  return { ...place, name: "", args: { topics, data } };
}

/** A log in the form that the SDK decodes. */
export const forSdk = ({ address, topics, data }: SourceLog): { address: string; topics: string[]; data: string } => ({ address, topics, data });

/** A hash or address as the index writes it. */
export const lower = (text: string): Hex => text.toLowerCase() as Hex;
