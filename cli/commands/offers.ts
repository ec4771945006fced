import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { orderHash, pairIndex, totalPrice } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { bigArgument, offerFile } from "../arguments.ts";
import { withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { printTable } from "../output.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

/** What stands in the way of an offer now; `open` where nothing does. */
async function stateOf({ reads, deployment }: Client, { order, exchange, chainId }: Offer, hash: Hex, now: number): Promise<string> {
  if (chainId !== deployment.chainId || exchange.toLowerCase() !== deployment.addresses.escrow.toLowerCase()) return "elsewhere";
  if (await reads.isCancelled(order.seller, order.nonce)) return "cancelled";
  if (now > order.expiry) return "expired";
  const fills = await reads.fillsOf(hash);
  if (fills > 0 && (!order.repeatable || (order.maxFills > 0 && fills >= order.maxFills))) return "sold";
  const { version, denied } = await reads.currentVersion(order.agreementId);
  if (version !== order.version || ((denied >> pairIndex(order.dataClass, order.privacy)) & 1) === 1) return "not agreed";
  return "open";
}

/** `offers list|cancel`, of whoever signs sell orders. */
export function registerOffers(program: Command, group: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const offers = group.command("offers").description("sell orders: how they stand on the chain, and how to withdraw them");
  offers
    .command("list")
    .description("how offers stand now: open, sold, cancelled, expired, not agreed (the agreement has changed) or elsewhere")
    .argument("<file...>", "offer files")
    .action(async (files: string[]) => {
      const rows = await withChain(options(), async ({ client, provider }) => {
        const now = (await provider.getBlock("latest"))!.timestamp;
        return Promise.all(
          files.map(async (file) => {
            const offer = offerFile(file);
            const { order, chainId, exchange } = offer;
            const hash = orderHash(chainId, exchange, order);
            const state = await stateOf(client, offer, hash, now);
            return { file, state, price: totalPrice(order), lots: offer.lots.length, sold: await client.reads.fillsOf(hash), expires: new Date(order.expiry * 1000).toISOString(), nonce: order.nonce, seller: order.seller };
          }),
        );
      });
      printTable(rows, options().json);
    });
  sending(offers, "cancel", "withdraw sell orders of the account for good; deals that are made go on")
    .argument("[file...]", "offer files")
    .option("--nonce <number>", "a sell order by its nonce")
    .action(async (files: string[], given: Sending & { nonce?: string }) => {
      const orders = files.map((file) => ({ file, order: offerFile(file).order }));
      const nonces = [...orders.map(({ order }) => order.nonce), ...(given.nonce === undefined ? [] : [bigArgument(given.nonce, "--nonce")])];
      if (nonces.length === 0) throw new QoodError("USAGE", "name offer files, or a sell order's --nonce");
      await carryOut(options(), given, async ({ client, account }) => {
        const foreign = orders.find(({ order }) => order.seller.toLowerCase() !== account.toLowerCase());
        if (foreign !== undefined) throw new QoodError("OFFER_OF_ANOTHER", `${foreign.file} is an offer of ${foreign.order.seller}, not of ${account}: it alone can cancel it`);
        const open: bigint[] = [];
        for (const nonce of new Set(nonces)) if (!(await client.reads.isCancelled(account, nonce))) open.push(nonce);
        return { calls: open.map((nonce) => client.calls.cancelOrder(nonce)), about: { cancelled: open.length, before: new Set(nonces).size - open.length } };
      });
    });
}
