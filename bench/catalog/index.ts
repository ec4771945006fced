/** Events indexed a second, beside asking a node for the same logs and doing nothing with them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FetchRequest, JsonRpcProvider, Network } from "ethers";
import { pino } from "pino";
import { INTERFACES } from "@qoodblock/sdk/client";
import { contractsOf } from "../../workers/indexer/decode.ts";
import { createFollower } from "../../workers/indexer/follow.ts";
import { ownerOf } from "../../workers/indexer/owner.ts";
import { createProjection } from "../../workers/indexer/project/index.ts";
import { createRpcSource } from "../../workers/indexer/rpc.ts";
import { openStore } from "../../workers/shared/index/index.ts";
import type { Market } from "../../test/e2e/market.ts";
import { progress } from "../progress.ts";
import { paired } from "../table.ts";
import type { Row } from "../table.ts";
import type { Form } from "./form.ts";

/** Transactions of one request. */
const AT_ONCE = 500;
/** Blocks of one question, ours and the raw one. */
const BLOCKS = 500;
const ROUNDS = 3;
const word = (n: number): string => `0x${n.toString(16).padStart(64, "0")}`;

/** Anchors of the market's TSP until there are so many events more. */
async function emit({ client, accounts, provider }: Market, count: number): Promise<void> {
  const { chainId, addresses } = client.deployment;
  const url = (provider as unknown as { _getConnection(): { url: string } })._getConnection().url;
  const network = Network.from(chainId);
  const batched = new JsonRpcProvider(new FetchRequest(url), network, { staticNetwork: network, cacheTimeout: -1, batchMaxCount: AT_ONCE });
  await batched.send("anvil_autoImpersonateAccount", [true]);
  await batched.send("evm_setBlockGasLimit", ["0x3b9aca00"]);
  let nonce = await provider.getTransactionCount(accounts.tsp.address);
  const tell = progress("anchors sent", count);
  for (let sent = 0; sent < count; ) {
    const part = Math.min(AT_ONCE, count - sent);
    const calls = Array.from({ length: part }, (_, i) => {
      const data = INTERFACES.dataRegistry.encodeFunctionData("anchor", [word(1_000_000 + sent + i), 0, word(1), word(2)]);
      return batched.send("eth_sendTransaction", [{ from: accounts.tsp.address, to: addresses.dataRegistry, data, gas: "0x20000", nonce: `0x${(nonce++).toString(16)}` }]);
    });
    await Promise.all(calls);
    sent += part;
    tell(sent);
  }
  while ((await provider.getTransactionCount(accounts.tsp.address)) < nonce) await new Promise((resolve) => setTimeout(resolve, 100));
  await batched.send("anvil_autoImpersonateAccount", [false]);
  batched.destroy();
}

/** Rows of this room. */
export async function indexRows(form: Form, market: Market): Promise<Row[]> {
  await emit(market, form.events);
  const dir = mkdtempSync(join(tmpdir(), "qood-bench-"));
  const { deployment } = market.client;
  const url = (market.provider as unknown as { _getConnection(): { url: string } })._getConnection().url;
  const log = pino({ level: "silent" });
  const addresses = [...contractsOf(deployment).keys()];
  const head = await market.provider.getBlockNumber();
  const [own, raw]: [number[], number[]] = [[], []];
  let events = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const store = await openStore({ store: join(dir, String(round)) }, "chain");
    await store.claim();
    const source = createRpcSource({ urls: [url], chainId: deployment.chainId, finality: "0", addresses, log });
    let count = 0;
    const stats = { events: (n: number) => void (count += n), rolledBack: () => undefined, range: () => undefined };
    const started = performance.now();
    await createFollower({ store, source, project: createProjection(deployment), owner: ownerOf(deployment), startBlock: deployment.startBlock, mostBlocks: BLOCKS, log, stats }).step();
    const seconds = (performance.now() - started) / 1000;
    source.close();
    await store.close();
    const begun = performance.now();
    let asked = 0;
    for (let from = deployment.startBlock; from <= head; from += BLOCKS) {
      const logs = (await market.provider.send("eth_getLogs", [{ address: addresses, fromBlock: `0x${from.toString(16)}`, toBlock: `0x${Math.min(from + BLOCKS - 1, head).toString(16)}` }])) as unknown[];
      asked += logs.length;
    }
    const rawSeconds = (performance.now() - begun) / 1000;
    if (asked < form.events || count < asked) throw new Error(`${count} events indexed, ${asked} in the chain`);
    events = count;
    process.stdout.write(`  round ${round} of ${ROUNDS}: indexed in ${seconds.toFixed(1)} s, asked for in ${rawSeconds.toFixed(1)} s\n`);
    if (round === 0) continue;
    own.push(count / seconds);
    raw.push(asked / rawSeconds);
  }
  rmSync(dir, { recursive: true, force: true });
  const { measured, peer, ratio } = paired(own, raw);
  return [{ what: "indexing, LMDB", measured, unit: "events/s", beside: { name: "raw getLogs", value: peer }, ratio, goal: { ratio: 0.5, side: "at least" }, note: `${events.toLocaleString("en")} real events` }];
}
