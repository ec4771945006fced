/** Reverts in words. */
import { decodeBytes32String, type ErrorDescription, Interface } from "ethers";
import { type ErrorDetails, isQoodError, QoodError } from "../errors/index.ts";
import { DEAL_STATES } from "../market/index.ts";
import * as abis from "./abi/index.ts";
import { WORDS } from "./words.ts";

/** All errors of all contracts, each once. */
export const ERROR_INTERFACE = new Interface([...new Set(Object.values(abis).flatMap((abi) => abi.filter((line) => line.startsWith("error "))))]);

/** A revert, decoded. */
export interface Revert {
  /** Name of the custom error, or `Error`, `Panic`, or `unknown`. */
  name: string;
  args: ErrorDetails;
  /** One sentence for people. */
  message: string;
}

/** Revert data (0x-hex) to words. */
export function decodeRevert(data: string): Revert {
  let found: ErrorDescription | null = null;
  try {
    found = ERROR_INTERFACE.parseError(data);
  } catch {
    // Data of no known error is reported as it is.
  }
  if (found === null) {
    const message = data === "0x" ? "the call reverted without a reason" : `the call reverted with unknown data ${data.slice(0, 74)}`;
    return { name: "unknown", args: { data }, message };
  }
  const args: Record<string, string> = {};
  found.fragment.inputs.forEach((input, i) => (args[input.name || String(i)] = String(found.args[i])));
  const words = WORDS[found.name];
  const listed = Object.entries(args).map(([name, value]) => `${name} ${value}`);
  return { name: found.name, args, message: words === undefined ? `${found.name} (${listed.join(", ")})` : fill(words, args) };
}

/** Revert data inside whatever a provider threw, or null. Nodes hide it at different depths. */
export function revertData(error: unknown): string | null {
  const seen = new Set<unknown>();
  const search = (value: unknown): string | null => {
    if (typeof value !== "object" || value === null || seen.has(value)) return null;
    seen.add(value);
    const { data } = value as { data?: unknown };
    if (typeof data === "string" && /^0x(?:[0-9a-fA-F]{2})*$/.test(data)) return data;
    for (const key of ["data", "error", "info", "cause", "revert"]) {
      const inner = search((value as Record<string, unknown>)[key]);
      if (inner !== null) return inner;
    }
    return null;
  };
  return search(error);
}

/** The revert inside an error, in words; null where the error is no revert. */
export function decodeError(error: unknown): Revert | null {
  const data = revertData(error);
  return data === null ? null : decodeRevert(data);
}

/** Any error of a chain call as a {@link QoodError}: `REVERT` with the error's name and arguments in `details`, else `CHAIN_CALL_FAILED`. */
export function toQoodError(error: unknown, what: string): QoodError {
  if (isQoodError(error)) return error;
  const revert = decodeError(error);
  if (revert !== null) {
    return new QoodError("REVERT", `${what}: ${revert.message}`, { cause: error, details: { ...revert.args, error: revert.name } });
  }
  const short = (error as { shortMessage?: string; message?: string } | null)?.shortMessage ?? (error as Error).message;
  return new QoodError("CHAIN_CALL_FAILED", `${what}: ${short.split("\n")[0]!}`, { cause: error });
}

function fill(words: string, args: Readonly<Record<string, string>>): string {
  return words.replace(/\{(\w+)(?::(\w+))?\}/g, (_, name: string, form: string | undefined) => {
    const value = args[name] ?? "?";
    if (form === "time") return isoTime(value);
    if (form === "state") return DEAL_STATES[Number(value)] ?? value;
    if (form === "text") return decodeBytes32String(value);
    return value;
  });
}

function isoTime(seconds: string): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? seconds : date.toISOString().replace(".000", "");
}
