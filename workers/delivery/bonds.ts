import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { TokenTerms } from "@qoodblock/sdk/market";
import { keys } from "../shared/queue/index.ts";

/** Where the standing balance is. */
export interface Balance {
  /** What the exchange holds for the seller and has not locked, the token's smallest unit. */
  readonly credit: bigint;
  /** What of it is kept for pages that are to be delivered. */
  readonly reserved: bigint;
}

/**
 * The seller's free credit, out of which every delivery on chain locks a bond. Each open page reserves its own before
 * anything leaves this worker for its sake, so that no two pages count on the same money, whoever restarts in between. A
 * reservation ends when the delivery that has locked the bond is final; until then the page counts twice, which is safe.
 */
export interface Bonds {
  balance(token: Hex): Promise<Balance>;
  /** Reserves a page's bond; again is no error. @returns what there is when it does not suffice */
  reserve(id: string, token: Hex, bond: bigint): Promise<Balance | undefined>;
  has(id: string, token: Hex): Promise<boolean>;
  release(id: string, token: Hex): Promise<void>;
}

/** Keeps a reservation unless anything was reserved or released since it was counted. KEYS bonds, version; ARGV page, amount, version. */
const RESERVE = `
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('INCR', KEYS[2])
return 1`;

const ROUNDS = 50;

const sum = (amounts: Readonly<Record<string, string>>): bigint => Object.values(amounts).reduce((total, amount) => total + BigInt(amount), 0n);

/** @param seller - whose credit it is */
export function createBonds(redis: Redis, prefix: string, client: Client, seller: Hex): Bonds {
  redis.defineCommand("bondsReserve", { numberOfKeys: 2, lua: RESERVE });
  const commands = redis as unknown as { bondsReserve(...args: string[]): Promise<number> };
  return {
    async balance(token) {
      const reserved = sum(await redis.hgetall(keys.bonds(prefix, token)));
      return { credit: await client.reads.creditOf(seller, token), reserved };
    },
    async reserve(id, token, bond) {
      const [bonds, version] = [keys.bonds(prefix, token), keys.bondsVersion(prefix, token)];
      for (let round = 0; round < ROUNDS; round += 1) {
        // In this order: what is released after the version was read makes the count below void.
        const at = (await redis.get(version)) ?? "0";
        const all = await redis.hgetall(bonds);
        if (all[id] !== undefined) return undefined;
        const [reserved, credit] = [sum(all), await client.reads.creditOf(seller, token)];
        if (reserved + bond > credit) return { credit, reserved };
        if ((await commands.bondsReserve(bonds, version, id, bond.toString(), at)) === 1) return undefined;
      }
      throw new QoodError("BONDS_BUSY", "other deliveries keep changing the reserved bonds; trying again later");
    },
    has: async (id, token) => (await redis.hexists(keys.bonds(prefix, token), id)) === 1,
    async release(id, token) {
      await redis.multi().hdel(keys.bonds(prefix, token), id).incr(keys.bondsVersion(prefix, token)).exec();
    },
  };
}

/** The least bond and the highest challenge deposit of a page, by the token's terms at the exchange. */
export function leastBond(terms: TokenTerms, lots: number): { bond: bigint; deposit: bigint } {
  const unit = 10n ** BigInt(terms.scale);
  const [bond, deposit] = lots === 1 ? [terms.bond1, terms.deposit1] : lots <= 8 ? [terms.bond8, terms.deposit8] : [terms.bond32, terms.deposit32];
  return { bond: BigInt(bond) * unit, deposit: BigInt(deposit) * unit };
}

/** So many bonds are advised where the setting names no amount. */
const ADVISED_BONDS = 50n;

/** What a person has to do when the balance does not cover a page. One line. */
export function shortage(seller: Hex, token: Hex, { credit, reserved }: Balance, bond: bigint, wanted: string | undefined): string {
  const target = wanted === undefined ? bond * ADVISED_BONDS : BigInt(wanted);
  const missing = [target + reserved - credit, bond + reserved - credit].reduce((a, b) => (a > b ? a : b));
  return `the standing balance of ${seller} is ${credit} of token ${token}, ${reserved} of it reserved, and this page locks a bond of ${bond}: deposit ${missing} at the exchange (deposit(token, ${seller}, amount), from any account)`;
}
