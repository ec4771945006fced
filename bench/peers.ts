/** One purchase on other markets. */
export interface Peer {
  readonly name: string;
  readonly gas: number;
  /** What a buyer has for it, and where the figure comes from. */
  readonly gives: string;
}

/** Figures that others have published or that were measured for the design of this project; none is measured in this run. */
export const PEERS: readonly Peer[] = [
  { name: "Ocean, one purchase of access", gas: 277_000, gives: "delivery on trust; figure of this project's design" },
  { name: "Streamr, one purchase of a subscription", gas: 224_000, gives: "delivery on trust; figure of this project's design" },
  { name: "zkPoD, one complete purchase", gas: 345_000, gives: "the key is made public, so that the data is sold once; figure of this project's design" },
  { name: "Seaport, basic order, least", gas: 90_000, gives: "a token against money in one transaction, nothing is delivered off chain; published by others" },
  { name: "Seaport, basic order, most", gas: 101_000, gives: "as above" },
];
