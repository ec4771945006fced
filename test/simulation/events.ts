/** Events of a small market by chance, encoded as the contracts emit them. */
import { INTERFACES } from "@qoodblock/sdk/client";
import type { ContractKey, Deployment } from "@qoodblock/sdk/client";
import { addressesSchema } from "@qoodblock/sdk/client";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { SourceLog } from "../../workers/indexer/source.ts";

const word = (n: number): string => `0x${n.toString(16).padStart(64, "0")}`;
const account = (n: number): string => `0x${n.toString(16).padStart(40, "0")}`;

/** A deployment whose contracts are nowhere. */
export const deployment: Deployment = {
  ...{ format: "qood/deployment/v1", chainId: 1, startBlock: 2 },
  addresses: Object.fromEntries(Object.keys(addressesSchema.shape).map((name, i) => [name, account(1000 + i) as Hex])) as Deployment["addresses"],
};

type Made = readonly [contract: ContractKey, event: string, args: readonly unknown[]];

/** One of each kind; few names, so that events of different blocks meet. */
function make(random: () => number): Made {
  const n = (most: number): number => Math.floor(random() * most);
  const [vehicle, deal, order, seller] = [n(4) + 1, word(n(6) + 1), word(n(3) + 50), account(n(2) + 7)];
  const sale = { party: word(n(9)), fee: word(0), rightKey: word(0), agreementDigest: `0x${"00".repeat(27)}`, keyX: 1n, keyY: 2n };
  const events: readonly Made[] = [
    ["vehicleRegistry", "Transfer", [account(0), account(n(5) + 20), vehicle]],
    ["vehicleRegistry", "VehicleMinted", [vehicle, account(3), account(n(5) + 20), word(vehicle), account(7), word(0)]],
    ["vehicleRegistry", "EpochClosed", [vehicle, n(3) + 1, account(20), 5]],
    ["dataRegistry", "Anchored", [seller, word(n(30) + 100), n(9), word(1), word(2)]],
    ["dataRegistry", "KeyEpochBegun", [word(n(3)), account(20), n(5)]],
    ["qoodShares", "Denied", [(BigInt(vehicle) << 64n) | 1n, account(20), 2, 1]],
    ["qoodShares", "Ended", [(BigInt(vehicle) << 64n) | 1n, account(20), 1, n(100)]],
    ["escrow", "Bought", [deal, seller, account(9), order, sale]],
    ["escrow", "Challenged", [deal, n(2), 77]],
    ["escrow", "Settled", [deal, n(2), true, 1, 2, 3, 4, 0, 0]],
    ["escrow", "OrdersCancelled", [seller, n(2), 1n << BigInt(n(256))]],
    ["escrow", "HeaderShownEquivocated", [word(n(5) + 200)]],
    ["buyOrders", "BuyOrderFunded", [word(n(2)), 5]],
    // Nothing follows from it, and it is kept all the same.
    ["qdd", "Transfer", [account(1), account(2), n(100)]],
  ];
  return events[n(events.length)]!;
}

/** An event with its address, topics and data. */
export function encodeEvent(random: () => number): Pick<SourceLog, "address" | "topics" | "data"> {
  const [contract, event, args] = make(random);
  const { topics, data } = INTERFACES[contract].encodeEventLog(event, args);
  return { address: deployment.addresses[contract].toLowerCase(), topics: [...topics], data };
}
