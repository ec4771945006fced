import type { Chain } from "./provider.ts";

/** Both fees of a transaction, wei a gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

const GWEI = 10n ** 9n;
/** Nodes take a replacement only for a tenth more of both fees; a quarter makes fewer steps. */
const STEP_PERCENT = 125n;
const LEAST_PERCENT = 110n;

const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The limit of `maxFeeGwei` in wei. */
export const feeLimit = (maxFeeGwei: number): bigint => BigInt(Math.round(maxFeeGwei * 1000)) * (GWEI / 1000n);

/** What the node asks for now, within the limit. */
export async function marketFees(chain: Chain, limit: bigint): Promise<Fees> {
  const data = await chain.provider.getFeeData();
  return { maxFeePerGas: least(data.maxFeePerGas ?? 2n * GWEI, limit), maxPriorityFeePerGas: least(data.maxPriorityFeePerGas ?? GWEI, limit) };
}

/**
 * Fees of a replacement: a quarter more than before, or what the market asks if that is more, within the limit.
 * @returns undefined when no replacement that nodes take is left within the limit
 */
export function raisedFees(before: Fees, market: Fees, limit: bigint): Fees | undefined {
  const raise = (old: bigint, now: bigint): bigint => least(most((old * STEP_PERCENT) / 100n + 1n, now), limit);
  const enough = (old: bigint, now: bigint): boolean => now * 100n >= old * LEAST_PERCENT;
  const fees = { maxFeePerGas: raise(before.maxFeePerGas, market.maxFeePerGas), maxPriorityFeePerGas: raise(before.maxPriorityFeePerGas, market.maxPriorityFeePerGas) };
  return enough(before.maxFeePerGas, fees.maxFeePerGas) && enough(before.maxPriorityFeePerGas, fees.maxPriorityFeePerGas) ? fees : undefined;
}
