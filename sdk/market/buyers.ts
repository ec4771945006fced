/** The list of accounts that an order may name as its buyers: a Merkle tree of which the order carries the root. */
import { AbiCoder, keccak256 } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { anchorTree } from "../formats/index.ts";

/** The longest list: its paths have 20 nodes. */
export const MAX_BUYERS = 2 ** 20;

/** A list of buyers. */
export interface BuyersTree {
  /** For `SellOrder.buyersRoot`. */
  root: Hex;
  /** For `Extras.buyerPath`. @throws QoodError `NOT_A_BUYER` where the account is not in the list */
  pathOf: (account: Hex) => Hex[];
}

/** keccak256(keccak256(abi.encode(account))): hashed twice, so that no node of the tree passes for a leaf. */
export function buyerLeaf(account: Hex): Hex {
  return keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(["address"], [account]))) as Hex;
}

/**
 * The tree over a list of accounts, in any order; pairs are sorted, as OpenZeppelin's MerkleProof wants them.
 * @throws QoodError `BUYERS_SIZE` for none, for more than {@link MAX_BUYERS}, and where an account stands twice
 */
export function buyersTree(accounts: readonly Hex[]): BuyersTree {
  ensure(accounts.length >= 1 && accounts.length <= MAX_BUYERS, "BUYERS_SIZE", `a list of buyers has 1 to ${MAX_BUYERS} accounts, not ${accounts.length}`);
  const places = new Map(accounts.map((account, i) => [account.toLowerCase(), i]));
  ensure(places.size === accounts.length, "BUYERS_SIZE", "an account stands twice in the list of buyers");
  const { root, paths } = anchorTree(accounts.map(buyerLeaf));
  return {
    root,
    pathOf: (account) => {
      const place = places.get(account.toLowerCase());
      ensure(place !== undefined, "NOT_A_BUYER", `${account} is not in the list of buyers`);
      return paths[place]!;
    },
  };
}
