import type { Chain } from "../shared/chain/index.ts";

/**
 * A time that has surely come, Unix milliseconds: the machine's, held back by that of the chain's last final block. What cannot be undone goes by it: a clock that
 * has jumped ahead would else erase secrets and give up files long before they are due.
 */
export async function sureTime(chain: Pick<Chain, "finalTime">): Promise<number> {
  return Math.min(Date.now(), (await chain.finalTime()) * 1000);
}
