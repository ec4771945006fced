// The buyer as a process of its own, with its own account and storage node. Arguments: folder of key files, account.
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, openProvider } from "@qoodblock/sdk/client";
import type { Deployment, Events } from "@qoodblock/sdk/client";
import { createDeliveryKey } from "@qoodblock/sdk/delivery";
import { schemaByHash } from "@qoodblock/sdk/dictionary";
import type { Row } from "@qoodblock/sdk/dictionary";
import { writeRecords } from "@qoodblock/sdk/drive";
import { QoodError } from "@qoodblock/sdk/errors";
import { checkOffer, giveReceipt, pay, settleAfterWindow } from "@qoodblock/sdk/purchase";
import type { Paid } from "@qoodblock/sdk/purchase";
import { serveCalls } from "@qoodblock/workers/shared/process/calls.ts";
import type { Say } from "@qoodblock/workers/shared/process/calls.ts";
import { createKuboStorage } from "@qoodblock/workers/shared/storage/kubo.ts";
import { readPassphrase } from "@qoodblock/workers/shared/vault/passphrase.ts";
import type { BuyerContext } from "../../../cli/flows/buyer/context.ts";
import { pursue } from "../../../cli/flows/buyer/pursue.ts";
import { createAccount, listAccounts, openAccount } from "../../../cli/keystore.ts";

/** What to buy, and where the results go. */
export interface BuyOrder {
  readonly deployment: Deployment;
  readonly rpc: string;
  /** RPC of the buyer's own storage node. */
  readonly storage: string;
  /** CIDs of the offers, in the order of the drive. */
  readonly offers: readonly string[];
  /** Multiaddrs of the TSP's node. */
  readonly peers: readonly string[];
  readonly csv: string;
  readonly geoJson: string;
  /** False: no receipt, so settlement waits for the window. */
  readonly receipt: boolean;
}

/** What came of it. Times in milliseconds; amounts in the token's smallest unit. */
export interface BuyResult {
  readonly records: number;
  readonly geoJson: boolean;
  readonly deals: readonly { readonly dealId: Hex; readonly deliveries: readonly Hex[]; readonly split: Events["Settled"] }[];
  readonly gas: { readonly approve: bigint; readonly buy: bigint; readonly settle: bigint };
  readonly ms: { readonly check: number; readonly buy: number; readonly deliver: number; readonly decrypt: number; readonly settle: number };
}

const [folder, account] = process.argv.slice(2) as [string, string];
const passphrase = readPassphrase({ what: `account ${account}`, file: undefined, variable: "QOOD_KEYSTORE_PASSPHRASE", env: process.env });
const wallet = listAccounts(folder).includes(account) ? await openAccount(folder, account, passphrase) : await createAccount(folder, account, passphrase);

async function buy(order: BuyOrder, say: Say): Promise<BuyResult> {
  const provider = openProvider(order.rpc, order.deployment.chainId, 200);
  const storage = createKuboStorage(order.storage);
  const context: BuyerContext = { client: createClient(order.deployment, provider), provider, signer: wallet.connect(provider), storage, say };
  const ms = { check: 0, buy: 0, deliver: 0, decrypt: 0, settle: 0 };
  const gas = { approve: 0n, buy: 0n, settle: 0n };
  const timed = async <T>(key: keyof typeof ms, work: () => Promise<T> | T): Promise<T> => {
    const started = performance.now();
    try {
      return await work();
    } finally {
      ms[key] += performance.now() - started;
    }
  };
  try {
    const key = await createDeliveryKey(wallet, (await provider.getCode(wallet.address)) !== "0x");
    const bought: Paid[] = [];
    for (const [index, cid] of order.offers.entries()) {
      say(`offer ${index + 1} of ${order.offers.length}: checking before paying`);
      const checked = await timed("check", () => checkOffer(context, cid, order.peers));
      say(`offer ${index + 1} of ${order.offers.length}: every check passed, paying into escrow`);
      const paid = await timed("buy", () => pay(context, checked, key));
      gas.approve += paid.gas.approve;
      gas.buy += paid.gas.buy;
      bought.push(paid);
    }
    const deliveries: (readonly Hex[])[] = [];
    const opened: (readonly Row[])[] = [];
    for (const paid of bought) {
      say(`deal ${paid.dealId.slice(0, 10)}…: waiting for the key`);
      const { opened: groups, faults } = await timed("deliver", () => pursue(context, paid, key, { challenge: true, complain: true }));
      if (faults[0] !== undefined) throw faults[0];
      deliveries.push(groups.flatMap(({ transactions }) => transactions));
      for (const { batches, ms: opening } of groups) {
        opened.push(...batches.map(({ rows }) => rows.map((row) => [...row])));
        ms.decrypt += opening;
        ms.deliver -= opening;
      }
    }
    const header = bought[0]?.checked.offer.lots[0]?.header;
    if (header === undefined) throw new QoodError("NOTHING_BOUGHT", "there was no offer to buy");
    const written = await timed("decrypt", () =>
      writeRecords(opened.flat(), { schema: schemaByHash(fromHex(header.rest.schema, 32)), dictionaryVersion: header.rest.dictionaryVersion, csvPath: order.csv, geoJsonPath: order.geoJson }),
    );
    const deals = [];
    for (const [index, paid] of bought.entries()) {
      const settled = await timed("settle", () => (order.receipt ? giveReceipt(context, paid) : settleAfterWindow(context, paid)));
      gas.settle += settled.gas;
      deals.push({ dealId: paid.dealId, deliveries: deliveries[index]!, split: settled.split });
    }
    return { records: written.records, geoJson: written.geoJson, deals, gas, ms };
  } finally {
    await storage.close();
    provider.destroy();
  }
}

serveCalls({ address: () => Promise.resolve(wallet.address as Hex), buy });
