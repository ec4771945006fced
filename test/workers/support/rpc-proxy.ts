import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Transaction } from "ethers";
import { randomBy } from "./random.ts";

/**
 * What may happen to a request.
 * - `drop`: it never reaches the node, the line breaks.
 * - `lose`: the node acts on it, the line breaks before the answer.
 * - `late`: it is held back up to a second and a half.
 * - `twice`: the node gets it twice; the second answer counts.
 * - `busy`: the node refuses it for its load.
 * - `old`: it is answered by a node that is up to three blocks behind.
 * - `foreign`: a receipt of another transaction is given for the one that was asked for.
 */
export type Fault = "drop" | "lose" | "late" | "twice" | "busy" | "old" | "foreign";

/** How often a fault happens to which methods. The rates of one method may sum to 1 at most. */
export interface Rule {
  readonly method: RegExp;
  readonly fault: Fault;
  /** 0 to 1. */
  readonly rate: number;
}

/** An RPC between a worker and its node that misbehaves by a script, the same for the same seed and order of requests. */
export interface RpcProxy {
  readonly url: string;
  /** Changes the script. */
  script(rules: readonly Rule[]): void;
  /** Every transaction that a worker has tried to send, in order, repeats included. */
  readonly sent: readonly Transaction[];
  /** How often each fault has happened. */
  readonly counts: Readonly<Partial<Record<Fault, number>>>;
  close(): Promise<void>;
}

interface Request {
  readonly id: number;
  readonly jsonrpc: string;
  readonly method: string;
  readonly params: unknown[];
}

interface Answer {
  readonly result?: unknown;
  readonly error?: unknown;
}

const LATE_MS = 1500;
const BEHIND = 3;
/** Where a method's parameters name the block. */
const BLOCK_AT: Readonly<Record<string, number>> = { eth_call: 1, eth_estimateGas: 1, eth_getTransactionCount: 1, eth_getCode: 1, eth_getBalance: 1, eth_getBlockByNumber: 0 };

/** Starts a proxy in front of a node. */
export async function startRpcProxy(target: string, seed: number): Promise<RpcProxy> {
  const random = randomBy(seed);
  const sent: Transaction[] = [];
  const counts: Partial<Record<Fault, number>> = {};
  const hashes: string[] = [];
  let rules: readonly Rule[] = [];

  async function ask(request: Request): Promise<Answer> {
    const response = await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(request) });
    return (await response.json()) as Answer;
  }
  const headOf = async (): Promise<number> => Number((await ask({ id: 0, jsonrpc: "2.0", method: "eth_blockNumber", params: [] })).result);

  /** As a node answers that does not know the newest blocks yet. */
  async function askOld(request: Request): Promise<Answer> {
    const head = Math.max(0, (await headOf()) - 1 - Math.floor(random() * BEHIND));
    const block = `0x${head.toString(16)}`;
    const { method, params } = request;
    if (method === "eth_blockNumber") return { result: block };
    if (method === "eth_getLogs") {
      const filter = params[0] as { fromBlock: string; toBlock: string };
      if (Number(filter.fromBlock) > head) return { result: [] };
      return ask({ ...request, params: [{ ...filter, toBlock: filter.toBlock === "latest" || Number(filter.toBlock) > head ? block : filter.toBlock }] });
    }
    if (method === "eth_getTransactionReceipt") {
      const answer = await ask(request);
      return Number((answer.result as { blockNumber?: string } | null)?.blockNumber ?? 0) > head ? { result: null } : answer;
    }
    const at = BLOCK_AT[method];
    if (at === undefined) return ask(request);
    const asked = params[at];
    const isNew = asked === undefined || asked === "latest" || asked === "pending" || Number(asked) > head;
    if (isNew && method === "eth_getBlockByNumber" && Number(asked) > head) return { result: null };
    return ask(isNew ? { ...request, params: [...params.slice(0, at), block, ...params.slice(at + 1)] } : request);
  }

  async function askForeign(request: Request): Promise<Answer> {
    const others = hashes.filter((hash) => hash !== request.params[0]);
    if (others.length === 0) return ask(request);
    const answer = await ask({ ...request, params: [others[Math.floor(random() * others.length)]] });
    // Under the asked hash, as from a cache that has mixed two up.
    return answer.result === null ? answer : { result: { ...(answer.result as object), transactionHash: request.params[0] } };
  }

  function choose(method: string): Fault | undefined {
    let left = random();
    for (const rule of rules) {
      if (!rule.method.test(method)) continue;
      if (left < rule.rate) return rule.fault;
      left -= rule.rate;
    }
    return undefined;
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part);
    const request = JSON.parse(Buffer.concat(parts).toString()) as Request;
    if (request.method === "eth_sendRawTransaction") sent.push(Transaction.from(request.params[0] as string));
    const fault = choose(request.method);
    if (fault !== undefined) counts[fault] = (counts[fault] ?? 0) + 1;
    if (fault === "drop") return void incoming.socket.destroy();
    if (fault === "busy") {
      response.writeHead(503).end();
      return;
    }
    if (fault === "late") await wait(Math.floor(random() * LATE_MS));
    if (fault === "twice") await ask(request);
    const answer = fault === "old" ? await askOld(request) : fault === "foreign" ? await askForeign(request) : await ask(request);
    if (request.method === "eth_getTransactionReceipt" && answer.result !== null) hashes.push(request.params[0] as string);
    if (fault === "lose") return void incoming.socket.destroy();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ...answer, id: request.id, jsonrpc: "2.0" }));
  }

  const server = createServer((incoming, response) => void handle(incoming, response).catch(() => incoming.socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script(next) {
      rules = next;
    },
    sent,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
