/** A chain that grows, forks and drops blocks by a seed, behind an RPC that fails, repeats itself and answers late. */
import { encodeEvent } from "./events.ts";
import type { Source, SourceBlock, SourceLog, Stretch } from "../../workers/indexer/source.ts";

interface SimBlock extends SourceBlock {
  readonly logs: readonly SourceLog[];
}

/** How often what goes wrong, 0 to 1. */
export interface Faults {
  readonly fail: number;
  /** Answered by what the chain was some steps ago. */
  readonly late: number;
  /** Logs come twice and out of order. */
  readonly repeat: number;
  /** Most blocks of one answer. */
  readonly mostBlocks: number;
  /** The chain moves on between two questions. */
  readonly move: number;
}

/** See the head of this file. */
export class SimChain {
  readonly #random: () => number;
  #blocks: SimBlock[] = [];
  #past: SimBlock[][] = [];
  #made = 0;
  readonly depth: number;
  /** Blocks below the head that are final: the deepest reorg leaves them. */
  constructor(random: () => number, depth: number) {
    this.#random = random;
    this.depth = depth;
    this.grow();
  }

  get head(): number {
    return this.#blocks.length - 1;
  }

  #number(most: number): number {
    return Math.floor(this.#random() * most);
  }

  #push(): void {
    this.#made += 1;
    const number = this.#blocks.length;
    const hash = `0xbb${this.#made.toString(16).padStart(62, "0")}`;
    const block = { number, hash, parentHash: this.#blocks.at(-1)?.hash ?? `0x${"0".repeat(64)}`, timestamp: 1_800_000_000 + number * 12 };
    const count = this.#random() < 0.4 ? 0 : 1 + this.#number(3);
    const logs = Array.from({ length: count }, (_, i): SourceLog => ({
      ...encodeEvent(this.#random),
      ...{ blockNumber: number, blockHash: hash, transactionHash: `0xdd${(this.#made * 16 + i).toString(16).padStart(62, "0")}`, logIndex: 2 * i + this.#number(2) },
      ...(this.#random() < 0.5 ? { blockTimestamp: block.timestamp } : {}),
    }));
    this.#blocks = [...this.#blocks, { ...block, logs }];
  }

  /** A few blocks more. */
  grow(): void {
    this.#past = [...this.#past.slice(-5), this.#blocks];
    for (let i = 1 + this.#number(3); i > 0; i -= 1) this.#push();
  }

  /** Other blocks in place of the newest, and at least one more: deeper than what is final never. */
  reorg(): void {
    this.#past = [...this.#past.slice(-5), this.#blocks];
    const dropped = Math.min(1 + this.#number(this.depth), this.#blocks.length - 1);
    this.#blocks = this.#blocks.slice(0, -dropped);
    for (let i = dropped + 1 + this.#number(2); i > 0; i -= 1) this.#push();
  }

  /** One move of the world. */
  move(): void {
    if (this.#random() < 0.35) this.reorg();
    else this.grow();
  }

  /** A source of the chain as it stands at each question. Without faults it is a perfect node. */
  source(faults?: Faults): Source {
    const now = async (): Promise<readonly SimBlock[]> => {
      await Promise.resolve();
      if (faults === undefined) return this.#blocks;
      if (this.#random() < faults.move) this.move();
      if (this.#random() < faults.fail) throw new Error("connection reset");
      if (this.#random() < faults.late) return this.#past[this.#number(this.#past.length)] ?? this.#blocks;
      return this.#blocks;
    };
    const given = (logs: readonly SourceLog[]): SourceLog[] => {
      const mixed = [...logs];
      if (faults === undefined || this.#random() >= faults.repeat) return mixed;
      for (const each of logs) if (this.#random() < 0.5) mixed.splice(this.#number(mixed.length), 0, each);
      return mixed.reverse();
    };
    return {
      finalBlock: async () => (await now()).length - 1 - this.depth,
      latest: async () => (await now()).at(-1)!,
      block: async (number) => (await now())[number],
      stretch: async (from, to): Promise<Stretch | undefined> => {
        if (faults !== undefined && to - from >= faults.mostBlocks) throw new Error("query exceeds the limit of blocks");
        const blocks = await now();
        const [first, last] = [blocks[from], blocks[to]];
        return first === undefined || last === undefined ? undefined : { first, last, logs: given(blocks.slice(from, to + 1).flatMap(({ logs }) => logs)) };
      },
      logsOf: async (hash) => {
        const block = (await now()).find((each) => each.hash === hash);
        if (block === undefined) throw new Error("unknown block");
        return given(block.logs);
      },
    };
  }
}
