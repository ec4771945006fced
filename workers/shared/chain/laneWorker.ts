import { Transaction } from "ethers";
import type { BaseWallet, TransactionReceipt } from "ethers";
import type { Logger } from "../log/index.ts";
import type { LaneMetrics } from "../metrics/lane.ts";
import { feeLimit, marketFees, raisedFees } from "./laneFees.ts";
import type { Fees } from "./laneFees.ts";
import type { Intent, LaneStore } from "./laneStore.ts";
import { isPassingFault } from "./provider.ts";
import type { Chain } from "./provider.ts";

/** What the holder of a lane's lease works with. */
export interface LaneWork {
  readonly chain: Chain;
  readonly wallet: BaseWallet;
  readonly bumpAfterMs: number;
  readonly maxFeeGwei: number;
  readonly log: Logger;
  /** Where what comes of the transactions is counted. */
  readonly metrics?: LaneMetrics;
}

/** What a node says of a transaction that is there already; looking at the chain, which the next step does, settles it. */
const SETTLED = /NONCE_EXPIRED|REPLACEMENT_UNDERPRICED|already known|already imported|nonce too low|underpriced/i;
const LATE = "it is too late to send it";

/** A revert's data, or the first line of what the node says. */
function reasonOf(error: unknown): string {
  const { data, shortMessage, message } = error as { data?: unknown; shortMessage?: string; message?: string };
  return typeof data === "string" && data !== "0x" ? `reverts with ${data}` : (shortMessage ?? message ?? String(error)).split("\n")[0]!;
}

function fields(receipt: TransactionReceipt): NonNullable<Intent["receipt"]> {
  return { hash: receipt.hash, blockNumber: receipt.blockNumber, blockHash: receipt.blockHash, status: receipt.status ?? 0, gasUsed: receipt.gasUsed.toString() };
}

/** A refusal counts when it is the same so many blocks later. */
const REFUSED_BLOCKS = 2;

/** Works a lane's queue off, one look at a time; see `Lane`. */
export class LaneWorker {
  readonly #work: LaneWork;
  readonly #store: LaneStore;
  #token = 0;
  /** By the clock that nobody sets. */
  readonly #sentAt = new Map<string, number>();
  /** Intents that a node has refused: at which block first. */
  readonly #refusedAt = new Map<string, number>();
  /** Intents whose nonce the chain shows as used, without a receipt of theirs: at which block that was first seen. */
  readonly #usedAt = new Map<string, number>();

  constructor(work: LaneWork, store: LaneStore) {
    this.#work = work;
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

  /** A receipt is believed where the block that it names stands in the chain and holds the transaction: nodes lag behind each other, and mix answers up. */
  async #receipt(intent: Intent): Promise<TransactionReceipt | undefined> {
    const { provider } = this.#work.chain;
    for (const { hash } of intent.attempts) {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt?.hash !== hash) continue;
      const block = await provider.getBlock(receipt.blockNumber);
      if (block?.hash === receipt.blockHash && block.transactions.includes(hash)) return receipt;
    }
    return undefined;
  }

  /** Mined transactions become final, or are seen to have been thrown out by a reorg and sent again as they were. */
  async #settle(): Promise<void> {
    const open = await this.#store.unfinal();
    if (open.length === 0) return;
    const { chain, log } = this.#work;
    const final = await chain.finalBlock();
    for (const intent of open) {
      const receipt = await this.#receipt(intent);
      if (receipt === undefined) {
        log.warn({ intent: intent.key, nonce: intent.nonce }, "a mined transaction has gone from the chain (reorg); sending it again");
        await this.#write({ ...intent, state: "sent", receipt: null });
        await this.#broadcast(intent);
      } else if (receipt.blockNumber <= final) {
        await this.#write({ ...intent, state: "final", receipt: fields(receipt) });
        this.#work.metrics?.final(intent.key, fields(receipt));
      } else if (receipt.blockHash !== intent.receipt?.blockHash) await this.#write({ ...intent, receipt: fields(receipt) });
    }
  }

  #sign(intent: Intent, nonce: number, gasLimit: bigint, fees: Fees): Intent {
    const { chain, wallet } = this.#work;
    const transaction = Transaction.from({ type: 2, chainId: chain.chainId, to: intent.to, data: intent.data, nonce, gasLimit, ...fees });
    transaction.signature = wallet.signingKey.sign(transaction.unsignedHash);
    const attempt = { hash: transaction.hash!, raw: transaction.serialized, maxFeePerGas: String(fees.maxFeePerGas), maxPriorityFeePerGas: String(fees.maxPriorityFeePerGas) };
    return { ...intent, state: "sent", nonce, gasLimit: gasLimit.toString(), attempts: [...intent.attempts, attempt] };
  }

  async #send(intent: Intent): Promise<boolean> {
    const { chain, wallet, log, maxFeeGwei } = this.#work;
    if (await this.#takeOwn(intent)) return true;
    if (await this.#isLate(intent)) {
      await this.#fail(intent, LATE);
      return true;
    }
    // What the chain had come to before the node was asked: an answer says nothing of a block that came while it was on its way.
    const asked = this.#refusedAt.has(intent.key) ? await chain.provider.getBlockNumber() : undefined;
    let gasLimit: bigint;
    try {
      gasLimit = ((await chain.provider.estimateGas({ from: wallet.address, to: intent.to, data: intent.data })) * 12n) / 10n;
    } catch (error) {
      if (isPassingFault(error)) throw error;
      if (!(await this.#refusedForGood(intent, asked))) return false;
      log.error({ intent: intent.key, reason: reasonOf(error) }, "the chain would not take this transaction");
      await this.#fail(intent, reasonOf(error));
      return true;
    }
    this.#refusedAt.delete(intent.key);
    const nonce = await this.#nonce();
    const signed = this.#sign(intent, nonce, gasLimit, await marketFees(chain, feeLimit(maxFeeGwei)));
    // First kept, then broadcast: after a crash the same bytes are found, never a second transaction for the same intent.
    await this.#write(signed);
    await this.#broadcast(signed);
    return true;
  }

  /**
   * Whether a transaction that a node refuses is refused for good: the node may lag behind what the transaction builds
   * on, so it must do so again some blocks later.
   *
   * @param asked - The block that the chain had come to when the node was asked, where it has refused before.
   */
  async #refusedForGood({ key }: Intent, asked: number | undefined): Promise<boolean> {
    const since = this.#refusedAt.get(key);
    if (since === undefined || asked === undefined) this.#refusedAt.set(key, await this.#work.chain.provider.getBlockNumber());
    else if (asked >= since + REFUSED_BLOCKS) return this.#refusedAt.delete(key);
    return false;
  }

  async #fail(intent: Intent, error: string): Promise<void> {
    await this.#write({ ...intent, state: "failed", error });
    this.#work.metrics?.failed(intent.key);
  }

  async #isLate({ notAfter }: Intent): Promise<boolean> {
    return notAfter !== null && (await this.#work.chain.now()) > notAfter;
  }

  async #isKnown(intent: Intent): Promise<boolean> {
    for (const { hash } of intent.attempts) {
      if ((await this.#work.chain.provider.getTransaction(hash)) !== null) return true;
    }
    return false;
  }

  /** The next nonce: behind what is mined and behind our own that a reorg has thrown out. */
  async #nonce(): Promise<number> {
    const { chain, wallet, log } = this.#work;
    const [mined, pending] = await Promise.all([chain.provider.getTransactionCount(wallet.address, "latest"), chain.provider.getTransactionCount(wallet.address, "pending")]);
    if (pending > mined) log.error({ mined, pending }, "ALARM: transactions of this signer that the lane does not know are waiting; nobody else may use its key");
    const own = Math.max(-1, ...(await this.#store.unfinal()).map((each) => each.nonce ?? -1));
    if (own + 1 > mined) log.error({ mined, expected: own + 1 }, "ALARM: gap in the signer's nonces; its own transactions are being sent again");
    return Math.max(mined, own + 1);
  }

  async #broadcast(intent: Intent): Promise<void> {
    const last = intent.attempts.at(-1)!;
    this.#sentAt.set(intent.key, performance.now());
    try {
      await this.#work.chain.provider.send("eth_sendRawTransaction", [last.raw]);
      this.#work.log.info({ intent: intent.key, nonce: intent.nonce, hash: last.hash, attempt: intent.attempts.length }, "transaction sent");
    } catch (error) {
      if (!SETTLED.test(`${String((error as { code?: unknown }).code)} ${JSON.stringify((error as { info?: unknown }).info ?? "")} ${(error as Error).message}`)) {
        // It may not have gone out: the next step sends it again.
        this.#sentAt.delete(intent.key);
        throw error;
      }
      this.#work.log.debug({ intent: intent.key, reason: reasonOf(error) }, "the node has the transaction, or its nonce is used");
    }
  }

  /** Takes the receipt of one of the intent's own transactions, of which it may have more than one by now. @returns whether there is one */
  async #takeOwn(intent: Intent): Promise<boolean> {
    const receipt = await this.#receipt(intent);
    if (receipt === undefined) return false;
    const own = intent.attempts.find(({ hash }) => hash === receipt.hash)!;
    // As the last: it is what is sent again after a reorg.
    const attempts = [...intent.attempts.filter((each) => each !== own), own];
    await this.#write({ ...intent, state: "mined", nonce: Transaction.from(own.raw).nonce, attempts, receipt: fields(receipt) });
    for (const seen of [this.#sentAt, this.#usedAt, this.#refusedAt]) seen.delete(intent.key);
    return true;
  }

  async #follow(intent: Intent): Promise<boolean> {
    const { chain, wallet, bumpAfterMs } = this.#work;
    if (await this.#takeOwn(intent)) return true;
    if ((await chain.provider.getTransactionCount(wallet.address, "latest")) > intent.nonce!) return this.#followUsed(intent);
    this.#usedAt.delete(intent.key);
    const since = this.#sentAt.get(intent.key);
    if (since === undefined) {
      // Kept by a process that died: if no node knows it, it never went out, and may be too late by now.
      if ((await this.#isLate(intent)) && !(await this.#isKnown(intent))) {
        await this.#fail(intent, LATE);
        return true;
      }
      await this.#broadcast(intent);
    } else if (performance.now() - since >= bumpAfterMs) await this.#bump(intent);
    return false;
  }

  /** The nonce is used and no receipt is there. The receipt may only lag behind: that it was another transaction counts once it is final. */
  async #followUsed(intent: Intent): Promise<boolean> {
    const { chain, log } = this.#work;
    const seenAt = this.#usedAt.get(intent.key);
    if (seenAt === undefined) {
      this.#usedAt.set(intent.key, await chain.provider.getBlockNumber());
      return false;
    }
    if ((await chain.finalBlock()) < seenAt || (await this.#receipt(intent)) !== undefined) return false;
    this.#usedAt.delete(intent.key);
    log.error({ intent: intent.key, nonce: intent.nonce }, "ALARM: the nonce was used by a transaction that the lane does not know; taking a new one");
    // Its own transactions stay known: a node that has denied one may show it in the end.
    await this.#write({ ...intent, state: "queued", nonce: null });
    return true;
  }

  async #bump(intent: Intent): Promise<void> {
    const { chain, log, maxFeeGwei } = this.#work;
    const last = intent.attempts.at(-1)!;
    const limit = feeLimit(maxFeeGwei);
    const before = { maxFeePerGas: BigInt(last.maxFeePerGas), maxPriorityFeePerGas: BigInt(last.maxPriorityFeePerGas) };
    const fees = raisedFees(before, await marketFees(chain, limit), limit);
    if (fees === undefined) {
      log.error({ intent: intent.key, nonce: intent.nonce, limitGwei: maxFeeGwei }, "ALARM: the transaction is stuck and the fee limit is reached");
      await this.#broadcast(intent);
      return;
    }
    const again = this.#sign(intent, intent.nonce!, BigInt(intent.gasLimit!), fees);
    log.warn({ intent: intent.key, nonce: intent.nonce, maxFeePerGas: fees.maxFeePerGas }, "not mined in time: the same nonce with a higher fee");
    await this.#write(again);
    this.#work.metrics?.bumped(intent.key);
    await this.#broadcast(again);
  }
}
