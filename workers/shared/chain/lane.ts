import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { Transaction } from "ethers";
import type { BaseWallet, TransactionReceipt } from "ethers";
import type { Redis } from "ioredis";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../log/index.ts";
import { keys } from "../queue/names.ts";
import { createLaneStore } from "./laneStore.ts";
import type { Intent, LaneStore } from "./laneStore.ts";
import { isPassingFault } from "./provider.ts";
import type { Chain } from "./provider.ts";

/** How a lane behaves. */
export interface LaneOptions {
  readonly redis: Redis;
  readonly redisPrefix: string;
  readonly chain: Chain;
  readonly wallet: BaseWallet;
  readonly bumpAfterMs: number;
  readonly maxFeeGwei: number;
  readonly log: Logger;
  /** How long a lease counts without renewal; after that another process may take the lane over. */
  readonly leaseMs?: number;
}

/** A transaction that came about. */
export interface Mined {
  readonly hash: string;
  readonly blockNumber: number;
  /** 1 = done, 0 = reverted. */
  readonly status: number;
  readonly gasUsed: bigint;
}

/**
 * The one way of a signer to the chain. Any process with the signer's key may submit; the one that holds the lease works
 * the queue off, one transaction at a time: intent and signed bytes are kept before they are broadcast, a transaction
 * that is not mined in time is sent again with the same nonce and a higher fee, and one that a reorg has thrown out is
 * broadcast again as it was.
 */
export interface Lane {
  readonly address: string;
  /**
   * Keeps an intent; the same key again changes nothing, whatever the rest says. After the chain time `notAfter` (Unix
   * seconds) it is not sent for the first time any more: what it would tell the world comes too late to count.
   */
  submit(key: string, transaction: { readonly to: string; readonly data: string; readonly notAfter?: number }): Promise<void>;
  /**
   * Waits until a submitted transaction is mined, or final.
   * @throws QoodError LANE_FAILED when the chain would not take it (with its reason), LANE_ENDING.
   */
  result(key: string, until: "mined" | "final", signal: AbortSignal): Promise<Mined>;
  /** Whether something was submitted under a key. */
  has(key: string): Promise<boolean>;
  /** Starts to compete for the lease. */
  start(): void;
  stop(): Promise<void>;
}

const BUMP_PERCENT = 125n;
const GWEI = 10n ** 9n;
/** What a node says of a transaction that is there already; looking at the chain, which the next step does, settles it. */
const SETTLED = /NONCE_EXPIRED|REPLACEMENT_UNDERPRICED|already known|already imported|nonce too low|underpriced/i;
const LATE = "it is too late to send it";

/** A revert's data, or the first line of what the node says. */
function reasonOf(error: unknown): string {
  const { data, shortMessage, message } = error as { data?: unknown; shortMessage?: string; message?: string };
  return typeof data === "string" && data !== "0x" ? `reverts with ${data}` : (shortMessage ?? message ?? String(error)).split("\n")[0]!;
}

class Worker {
  readonly #options: LaneOptions;
  readonly #store: LaneStore;
  #token = 0;
  readonly #sentAt = new Map<string, number>();

  constructor(options: LaneOptions, store: LaneStore) {
    this.#options = options;
    this.#store = store;
  }

  /** One look at everything that is under way. @returns true when there is nothing to wait for */
  async step(token: number): Promise<boolean> {
    this.#token = token;
    await this.#settle();
    const intent = await this.#store.head();
    if (intent === undefined) return false;
    if (intent.state === "queued") return this.#send(intent);
    return this.#follow(intent);
  }

  #write(intent: Intent): Promise<void> {
    return this.#store.write(intent, this.#token);
  }

  async #receipt(intent: Intent): Promise<TransactionReceipt | undefined> {
    for (const { hash } of intent.attempts) {
      const receipt = await this.#options.chain.provider.getTransactionReceipt(hash);
      if (receipt !== null) return receipt;
    }
    return undefined;
  }

  /** Mined transactions become final, or are seen to have been thrown out by a reorg and sent again as they were. */
  async #settle(): Promise<void> {
    const open = await this.#store.unfinal();
    if (open.length === 0) return;
    const { chain, log } = this.#options;
    const final = await chain.finalBlock();
    for (const intent of open) {
      const receipt = await this.#receipt(intent);
      if (receipt === undefined) {
        log.warn({ intent: intent.key, nonce: intent.nonce }, "a mined transaction has gone from the chain (reorg); sending it again");
        await this.#write({ ...intent, state: "sent", receipt: null });
        await this.#broadcast(intent);
      } else if (receipt.blockNumber <= final) await this.#write({ ...intent, state: "final", receipt: fields(receipt) });
      else if (receipt.blockHash !== intent.receipt?.blockHash) await this.#write({ ...intent, receipt: fields(receipt) });
    }
  }

  async #fees(): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
    const { chain, maxFeeGwei } = this.#options;
    const data = await chain.provider.getFeeData();
    const limit = BigInt(Math.round(maxFeeGwei * 1000)) * (GWEI / 1000n);
    const tip = data.maxPriorityFeePerGas ?? GWEI;
    const fee = data.maxFeePerGas ?? 2n * GWEI;
    return { maxFeePerGas: fee > limit ? limit : fee, maxPriorityFeePerGas: tip > limit ? limit : tip };
  }

  #sign(intent: Intent, nonce: number, gasLimit: bigint, fees: { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }): Intent {
    const { chain, wallet } = this.#options;
    const transaction = Transaction.from({ type: 2, chainId: chain.chainId, to: intent.to, data: intent.data, nonce, gasLimit, ...fees });
    transaction.signature = wallet.signingKey.sign(transaction.unsignedHash);
    const attempt = { hash: transaction.hash!, raw: transaction.serialized, maxFeePerGas: String(fees.maxFeePerGas), maxPriorityFeePerGas: String(fees.maxPriorityFeePerGas) };
    return { ...intent, state: "sent", nonce, gasLimit: gasLimit.toString(), attempts: [...intent.attempts, attempt] };
  }

  async #send(intent: Intent): Promise<boolean> {
    const { chain, wallet, log } = this.#options;
    if (await this.#isLate(intent)) {
      await this.#write({ ...intent, state: "failed", error: LATE });
      return true;
    }
    let gasLimit: bigint;
    try {
      gasLimit = ((await chain.provider.estimateGas({ from: wallet.address, to: intent.to, data: intent.data })) * 12n) / 10n;
    } catch (error) {
      if (isPassingFault(error)) throw error;
      log.error({ intent: intent.key, reason: reasonOf(error) }, "the chain would not take this transaction");
      await this.#write({ ...intent, state: "failed", error: reasonOf(error) });
      return true;
    }
    const nonce = await this.#nonce();
    const signed = this.#sign(intent, nonce, gasLimit, await this.#fees());
    // First kept, then broadcast: after a crash the same bytes are found, never a second transaction for the same intent.
    await this.#write(signed);
    await this.#broadcast(signed);
    return true;
  }

  async #isLate({ notAfter }: Intent): Promise<boolean> {
    return notAfter !== null && (await this.#options.chain.now()) > notAfter;
  }

  async #isKnown(intent: Intent): Promise<boolean> {
    for (const { hash } of intent.attempts) {
      if ((await this.#options.chain.provider.getTransaction(hash)) !== null) return true;
    }
    return false;
  }

  /** The next nonce: behind what is mined and behind our own that a reorg has thrown out. */
  async #nonce(): Promise<number> {
    const { chain, wallet, log } = this.#options;
    const [mined, pending] = await Promise.all([chain.provider.getTransactionCount(wallet.address, "latest"), chain.provider.getTransactionCount(wallet.address, "pending")]);
    if (pending > mined) log.error({ mined, pending }, "ALARM: transactions of this signer that the lane does not know are waiting; nobody else may use its key");
    const own = Math.max(-1, ...(await this.#store.unfinal()).map((each) => each.nonce ?? -1));
    if (own + 1 > mined) log.error({ mined, expected: own + 1 }, "ALARM: gap in the signer's nonces; its own transactions are being sent again");
    return Math.max(mined, own + 1);
  }

  async #broadcast(intent: Intent): Promise<void> {
    const last = intent.attempts.at(-1)!;
    this.#sentAt.set(intent.key, Date.now());
    try {
      await this.#options.chain.provider.send("eth_sendRawTransaction", [last.raw]);
      this.#options.log.info({ intent: intent.key, nonce: intent.nonce, hash: last.hash, attempt: intent.attempts.length }, "transaction sent");
    } catch (error) {
      if (!SETTLED.test(`${String((error as { code?: unknown }).code)} ${JSON.stringify((error as { info?: unknown }).info ?? "")} ${(error as Error).message}`)) {
        // It may not have gone out: the next step sends it again.
        this.#sentAt.delete(intent.key);
        throw error;
      }
      this.#options.log.debug({ intent: intent.key, reason: reasonOf(error) }, "the node has the transaction, or its nonce is used");
    }
  }

  async #follow(intent: Intent): Promise<boolean> {
    const { chain, wallet, log, bumpAfterMs } = this.#options;
    const receipt = await this.#receipt(intent);
    if (receipt !== undefined) {
      await this.#write({ ...intent, state: "mined", receipt: fields(receipt) });
      this.#sentAt.delete(intent.key);
      return true;
    }
    const mined = await chain.provider.getTransactionCount(wallet.address, "latest");
    if (mined > intent.nonce!) {
      // Seen again after the count: it may have been mined between the two looks.
      if ((await this.#receipt(intent)) !== undefined) return true;
      log.error({ intent: intent.key, nonce: intent.nonce }, "ALARM: the nonce was used by a transaction that the lane does not know; taking a new one");
      await this.#write({ ...intent, state: "queued", nonce: null, attempts: [] });
      return true;
    }
    const since = this.#sentAt.get(intent.key);
    if (since === undefined) {
      // Kept by a process that died: if no node knows it, it never went out, and may be too late by now.
      if ((await this.#isLate(intent)) && !(await this.#isKnown(intent))) {
        await this.#write({ ...intent, state: "failed", error: LATE });
        return true;
      }
      await this.#broadcast(intent);
    } else if (Date.now() - since >= bumpAfterMs) await this.#bump(intent);
    return false;
  }

  async #bump(intent: Intent): Promise<void> {
    const { log, maxFeeGwei } = this.#options;
    const last = intent.attempts.at(-1)!;
    const now = await this.#fees();
    const limit = BigInt(Math.round(maxFeeGwei * 1000)) * (GWEI / 1000n);
    // Nodes take a replacement only for a tenth more of both fees; a quarter makes fewer steps.
    const raised = (text: string, market: bigint): bigint => [(BigInt(text) * BUMP_PERCENT) / 100n + 1n, market].reduce((a, b) => (a > b ? a : b));
    const fees = { maxFeePerGas: raised(last.maxFeePerGas, now.maxFeePerGas), maxPriorityFeePerGas: raised(last.maxPriorityFeePerGas, now.maxPriorityFeePerGas) };
    if (fees.maxFeePerGas > limit || fees.maxPriorityFeePerGas > fees.maxFeePerGas) {
      log.error({ intent: intent.key, nonce: intent.nonce, limitGwei: maxFeeGwei }, "ALARM: the transaction is stuck and the fee limit is reached");
      await this.#broadcast(intent);
      return;
    }
    const again = this.#sign(intent, intent.nonce!, BigInt(intent.gasLimit!), fees);
    log.warn({ intent: intent.key, nonce: intent.nonce, maxFeePerGas: fees.maxFeePerGas }, "not mined in time: the same nonce with a higher fee");
    await this.#write(again);
    await this.#broadcast(again);
  }
}

function fields(receipt: TransactionReceipt): NonNullable<Intent["receipt"]> {
  return { hash: receipt.hash, blockNumber: receipt.blockNumber, blockHash: receipt.blockHash, status: receipt.status ?? 0, gasUsed: receipt.gasUsed.toString() };
}

/** See {@link Lane}. */
export function createLane(options: LaneOptions): Lane {
  const { redis, redisPrefix, chain, wallet, log } = options;
  const store = createLaneStore(redis, keys.lane(redisPrefix, chain.chainId, wallet.address));
  const holder = `${process.pid}:${randomUUID()}`;
  const leaseMs = options.leaseMs ?? 10_000;
  const ending = new AbortController();
  let loop: Promise<void> | undefined;

  const isEnding = (): boolean => ending.signal.aborted;

  async function run(): Promise<void> {
    const worker = new Worker(options, store);
    let said = "";
    while (!isEnding()) {
      let busy = false;
      try {
        const token = await store.lease(holder, leaseMs);
        if (token > 0) busy = await worker.step(token);
        said = "";
      } catch (error) {
        const text = (error as Error).message;
        if (text !== said && !isEnding()) log.warn({ err: error }, "the lane is held up; trying on");
        said = text;
      }
      if (!busy) await wait(Math.min(chain.pollMs, leaseMs / 3), undefined, { signal: ending.signal }).catch(() => undefined);
    }
    if (redis.status === "ready") await store.release(holder).catch(() => undefined);
  }

  return {
    address: wallet.address,
    async submit(key, { to, data, notAfter }) {
      await store.submit({ key, to, data, notAfter: notAfter ?? null, state: "queued", nonce: null, gasLimit: null, attempts: [], receipt: null, error: null });
    },
    async result(key, until, signal) {
      for (;;) {
        if (signal.aborted) throw new QoodError("LANE_ENDING", `ended before ${key} was ${until}`);
        const intent = await store.read(key);
        if (intent === undefined) throw new QoodError("LANE_UNKNOWN", `no transaction was submitted under ${key}`);
        if (intent.state === "failed") throw new QoodError("LANE_FAILED", `transaction ${key} was not sent: ${intent.error ?? "no reason"}`);
        const { receipt } = intent;
        if (receipt !== null && (intent.state === "final" || (intent.state === "mined" && until === "mined"))) {
          return { hash: receipt.hash, blockNumber: receipt.blockNumber, status: receipt.status, gasUsed: BigInt(receipt.gasUsed) };
        }
        await wait(Math.min(chain.pollMs, 500), undefined, { signal }).catch(() => undefined);
      }
    },
    has: async (key) => (await store.read(key)) !== undefined,
    start() {
      loop ??= run();
    },
    async stop() {
      ending.abort();
      await loop;
    },
  };
}
