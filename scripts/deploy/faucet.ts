/** Where a faucet may be deployed, and with what a deployed one was made. */
import type { Provider } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { type FaucetTerms, faucetTerms } from "../../sdk/client/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { NETWORKS } from "./networks.ts";

/** Claims of all accounts together in a day, unless the deployer says otherwise. */
export const CLAIMS_PER_DAY = 1000n;

/**
 * Networks whose coin is worth money: Ethereum, Optimism, Cronos, BNB, Gnosis, Unichain, Polygon, Sonic, zkSync, World, Metis, Polygon zkEVM, Mantle,
 * Base, Mode, Arbitrum One and Nova, Celo, Avalanche, Ink, Linea, Blast, Scroll, Zora.
 */
const MAIN_NETWORKS: ReadonlySet<number> = new Set([
  ...[1, 10, 25, 56, 100, 130, 137, 146, 324, 480, 1088, 1101, 5000, 8453, 34_443, 42_161, 42_170, 42_220, 43_114, 57_073, 59_144, 81_457, 534_352, 7_777_777],
]);

/**
 * A faucet gives a market's money away.
 * @param isAllowed whether a network that is known for neither may have one
 * @throws QoodError `DEPLOY_REFUSED` on a main network, and where the network is not known as a testnet and nobody has said that it is one
 */
export function refuseFaucet(chainId: number, isAllowed: boolean): void {
  if (MAIN_NETWORKS.has(chainId)) throw new QoodError("DEPLOY_REFUSED", `chain ${chainId} is a main network, and a faucet gives tokens away: leave out --faucet`);
  if (isAllowed || NETWORKS.some((network) => network.chainId === chainId)) return;
  throw new QoodError("DEPLOY_REFUSED", `chain ${chainId} is not known as a testnet, and a faucet gives tokens away; --allow-faucet deploys it all the same`);
}

/** With what the faucet of an earlier run was made; undefined where it is not on the chain. */
export async function deployedFaucet(provider: Provider, known: { readonly address: Hex } | undefined): Promise<FaucetTerms | undefined> {
  if (known === undefined || (await provider.getCode(known.address)) === "0x") return undefined;
  return faucetTerms(provider, known.address);
}
