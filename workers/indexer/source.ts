import { z } from "zod";

const quantity = z.string().regex(/^0x[0-9a-f]+$/i).transform(Number);
const hash = z.string().regex(/^0x[0-9a-f]{64}$/i).transform((text) => text.toLowerCase());

/** A block as a node names it; fields beyond these are nobody's business here. */
export const blockSchema = z.object({ number: quantity, hash, parentHash: hash, timestamp: quantity });

/** A log as a node gives it. */
export const logSchema = z.object({
  address: z.string().transform((text) => text.toLowerCase()),
  topics: z.array(z.string()),
  data: z.string(),
  blockNumber: quantity,
  blockHash: hash,
  transactionHash: hash,
  logIndex: quantity,
  removed: z.boolean().optional(),
  /** Some nodes say it, and spare the question for the block. */
  blockTimestamp: quantity.optional(),
});

/** See {@link blockSchema}. */
export type SourceBlock = z.output<typeof blockSchema>;
/** See {@link logSchema}. */
export type SourceLog = z.output<typeof logSchema>;

/** A stretch of blocks with all logs of the contracts in it. */
export interface Stretch {
  readonly first: SourceBlock;
  readonly last: SourceBlock;
  readonly logs: readonly SourceLog[];
}

/** The chain as the follower asks for it. Every answer may fail, come late, or be a node's that lags behind. */
export interface Source {
  /** Number of the newest block that is final; -1 while there is none. */
  finalBlock(): Promise<number>;
  latest(): Promise<SourceBlock>;
  /** Undefined where the node has no such block (yet). */
  block(number: number): Promise<SourceBlock | undefined>;
  /** All from one node, in one question: a node that has the last block has its logs. Undefined where it has not. */
  stretch(fromBlock: number, toBlock: number): Promise<Stretch | undefined>;
  /** Logs of exactly this block; fails where the node does not have it. */
  logsOf(blockHash: string): Promise<readonly SourceLog[]>;
}
