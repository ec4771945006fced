/** A market with a buyer's machine beside it: key files, a deployment file and a storage node that `qood` talks to. */
import { mkdirSync } from "node:fs";
import { HDNodeWallet } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Paid } from "@qoodblock/sdk/purchase";
import { resumePurchase } from "../../cli/flows/buyer/resume.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { createHeliaStorage } from "../../workers/shared/storage/index.ts";
import { serveRpc } from "../../workers/shared/storage/rpcServer.ts";
import { startMarket } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";
import type { temporaryFolder } from "../support/folder.ts";
import { writeKeyFile } from "./support.ts";
import type { Run, Running } from "./support.ts";

/** What `buy` and `open` say when a deal is paid. */
export const PAID = /deal (0x[0-9a-f]{64}): waiting/;

/** See {@link startDesk}. */
export interface Desk {
  readonly market: Market;
  /** Address of the TSP's node. */
  readonly peer: string;
  /** The options before a command; `change` replaces some. */
  readonly at: (change?: Readonly<Record<string, string>>) => string[];
  /** An offer's CID and the options of who buys it. */
  readonly from: (cid: string, account?: string) => string[];
  /** What stands in the deployment file. */
  readonly described: () => Record<string, unknown>;
  /** QDD that the buyer holds, and its credit in the exchange. */
  readonly balance: () => Promise<bigint>;
  credit(account: Hex): Promise<bigint>;
  /** A deal as its buyer knows it, for the market's own deliveries. */
  paid(id: string, cid: string): Promise<Paid>;
  /** Waits until a purchase is paid, has its keys delivered and waits for its end. */
  deliveredTo(running: Running, cid: string, deliver: (paid: Paid) => Promise<void>): Promise<{ id: string; run: Run }>;
  stop(): Promise<void>;
}

/** Starts a market and sets a buyer up on it. */
export async function startDesk(temporary: ReturnType<typeof temporaryFolder>): Promise<Desk> {
  const [keystores, socket, deployment] = [temporary.path("keystores"), temporary.path("buyer.sock"), temporary.path("deployment.json")];
  mkdirSync(keystores);
  const market = await startMarket();
  const own = await createHeliaStorage({ repo: temporary.path("ipfs") });
  const rpc = await serveRpc(own, socket, createLog({ name: "storage", level: "silent" }));
  const { buyer, owner, oem, tsp, keeper } = market.accounts;
  for (const [name, wallet] of Object.entries({ buyer, owner, oem, tsp, keeper, penniless: HDNodeWallet.createRandom() })) writeKeyFile(keystores, name, wallet);
  const peer = (await market.seller.id()).addresses[0]!;
  const { qdd } = market.client.deployment.addresses;
  const desk: Desk = {
    market,
    peer,
    at: (change = {}) => Object.entries({ keystores, deployment, rpc: market.provider._getConnection().url, storage: socket, ...change }).flatMap(([name, value]) => [`--${name}`, value]),
    from: (cid, account = "buyer") => [cid, "--account", account, "--peer", peer],
    described() {
      const { format, chainId, startBlock, addresses } = market.client.deployment;
      return { format, chainId, startBlock, addresses };
    },
    balance: () => market.client.reads.balanceOf(qdd, buyer.address as Hex),
    credit: (account) => market.client.reads.creditOf(account, qdd),
    paid: (id, cid) => resumePurchase(market.buyer, id as Hex, cid, [peer]),
    async deliveredTo(running, cid, deliver) {
      const id = (await running.says(PAID))[1]!;
      await deliver(await desk.paid(id, cid));
      return { id, run: await running.end };
    },
    async stop() {
      await rpc.close();
      await own.close();
      await market.stop();
    },
  };
  temporary.file("deployment.json", JSON.stringify(desk.described()));
  return desk;
}
