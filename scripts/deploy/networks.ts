/** Networks that have a name here. */

/** A network that `--network` names. */
export interface Network {
  readonly name: string;
  /** Unknown for a URL until its node is asked. */
  readonly chainId?: number;
  readonly rpc: string;
  /** Shortest time to deliver and complaint window that `qood deploy` fixes there, seconds. */
  readonly leastWindow: number;
}

/** Twice the day after which the slowest common rollup lets a transaction be forced in; the exchange takes no less on a public network. */
export const TWO_DAYS = 48 * 3600;

/** The presets. Nodes are public ones, of whoever runs the network where there is one; `--rpc` names another. */
export const NETWORKS: readonly (Network & { readonly chainId: number })[] = [
  { name: "sepolia", chainId: 11_155_111, rpc: "https://ethereum-sepolia-rpc.publicnode.com", leastWindow: TWO_DAYS },
  { name: "base-sepolia", chainId: 84_532, rpc: "https://sepolia.base.org", leastWindow: TWO_DAYS },
  { name: "op-sepolia", chainId: 11_155_420, rpc: "https://sepolia.optimism.io", leastWindow: TWO_DAYS },
  { name: "arbitrum-sepolia", chainId: 421_614, rpc: "https://sepolia-rollup.arbitrum.io/rpc", leastWindow: TWO_DAYS },
  { name: "localhost", chainId: 31_337, rpc: "http://127.0.0.1:8545", leastWindow: 60 },
];
