/**
 * Logs of the contracts, read by their interfaces. ethers hashes each event's signature again for each log that it looks up, and decodes
 * all forms alike; here the topics are known once, and an event of nothing but whole words, which most are, is read word by word.
 */
import { type EventFragment, getAddress, type Log, type ParamType, type Result } from "ethers";
import { type ContractKey, INTERFACES } from "./interfaces.ts";

/** What a log says. */
export interface ReadLog {
  readonly name: string;
  /** By the names of the interface, in its order; numbers as bigint, addresses with their checksum, structs as an ethers `Result`. */
  readonly args: Readonly<Record<string, unknown>>;
}

type LogWords = Pick<Log, "topics" | "data">;
/** Reads 64 hex digits; undefined where they are not what a contract writes for the type. */
type WordReader = (hex: string) => unknown;

interface KnownEvent {
  readonly fragment: EventFragment;
  /** Undefined where an argument is more than one word. */
  readonly words: { readonly name: string; readonly indexed: boolean; readonly read: WordReader }[] | undefined;
}

/** Addresses come again and again, and a checksum is a hash. */
const checksums = new Map<string, string>();
const MOST_CHECKSUMS = 10_000;

function readAddress(hex: string): string | undefined {
  if (!hex.startsWith("000000000000000000000000")) return undefined;
  const plain = hex.slice(24);
  let found = checksums.get(plain);
  if (found === undefined) {
    found = getAddress(`0x${plain}`);
    if (checksums.size >= MOST_CHECKSUMS) checksums.clear();
    checksums.set(plain, found);
  }
  return found;
}

function wordReader({ type }: ParamType): WordReader | undefined {
  if (type === "address") return readAddress;
  if (type === "bytes32") return (hex) => `0x${hex}`;
  const uint = /^uint(\d+)$/.exec(type);
  if (type !== "bool" && uint === null) return undefined;
  const digits = uint === null ? 1 : Number(uint[1]) / 4;
  const zeros = "0".repeat(64 - digits);
  if (uint !== null) return (hex) => (hex.startsWith(zeros) ? BigInt(`0x${hex}`) : undefined);
  return (hex) => (hex === `${zeros}0` ? false : hex === `${zeros}1` ? true : undefined);
}

function knownEvent(fragment: EventFragment): KnownEvent {
  const words = fragment.inputs.map((input) => ({ name: input.name, indexed: input.indexed === true, read: wordReader(input) }));
  return { fragment, words: words.every(({ read }) => read !== undefined) ? (words as KnownEvent["words"]) : undefined };
}

const known = new Map<ContractKey, ReadonlyMap<string, KnownEvent>>();

function eventsOf(contract: ContractKey): ReadonlyMap<string, KnownEvent> {
  let found = known.get(contract);
  if (found === undefined) {
    found = new Map(INTERFACES[contract].fragments.filter((fragment): fragment is EventFragment => fragment.type === "event").map((fragment) => [fragment.topicHash, knownEvent(fragment)]));
    known.set(contract, found);
  }
  return found;
}

/** Arguments of an event whose arguments are one word each; undefined where the log is not written as contracts write it. */
function readWords(words: NonNullable<KnownEvent["words"]>, { topics, data }: LogWords): Record<string, unknown> | undefined {
  const inTopics = topics.length - 1;
  if (data.length !== 2 + 64 * (words.length - inTopics)) return undefined;
  const args: Record<string, unknown> = {};
  let [topic, at] = [1, 2];
  for (const { name, indexed, read } of words) {
    if (indexed && topic > inTopics) return undefined;
    const hex = indexed ? topics[topic++]!.slice(2) : data.slice(at, (at += 64));
    const value = /^[0-9a-f]{64}$/.test(hex) ? read(hex) : undefined;
    if (value === undefined) return undefined;
    args[name] = value;
  }
  return args;
}

/** The event's name by its first topic; undefined where the contract's interface does not know it. */
export function logName(contract: ContractKey, { topics: [topic] }: Pick<LogWords, "topics">): string | undefined {
  return topic === undefined ? undefined : eventsOf(contract).get(topic.toLowerCase())?.fragment.name;
}

/**
 * Reads a log of a contract.
 * @returns null where the contract's interface does not know the event
 * @throws ethers' BUFFER_OVERRUN and INVALID_ARGUMENT where the log is not of the event's form
 */
export function readLog(contract: ContractKey, log: LogWords): ReadLog | null {
  const event = log.topics[0] === undefined ? undefined : eventsOf(contract).get(log.topics[0].toLowerCase());
  if (event === undefined) return null;
  const { fragment, words } = event;
  let args = words === undefined ? undefined : readWords(words, log);
  if (args === undefined) {
    const result: Result = INTERFACES[contract].decodeEventLog(fragment, log.data, log.topics);
    args = Object.fromEntries(fragment.inputs.map(({ name }, i) => [name, result[i] as unknown]));
  }
  return { name: fragment.name, args };
}
