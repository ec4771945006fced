/** Everything that programs read of the contracts, as typed values. */
import type { Provider, Result } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { DEAL_STATES, type Deal } from "../market/index.ts";
import type { Addresses, Deployment } from "./deployment.ts";
import { toQoodError } from "./errors.ts";
import { INTERFACES } from "./interfaces.ts";

/** An anchor of a TSP; `time` 0 where there is none. */
export interface Anchor {
  sequence: number;
  time: number;
  blockNumber: number;
}

/** A registered device key; `vehicle` 0 where it is unknown, `validUntil` 0 while in use (blocks). */
export interface Device {
  vehicle: bigint;
  validFrom: number;
  validUntil: number;
  agent: Hex;
}

/** Reads of one deployment. */
export type Reads = ReturnType<typeof createReads>;

/** @param provider asked with eth_call at the latest block; errors are thrown as {@link QoodError} in words */
export function createReads({ addresses }: Pick<Deployment, "addresses">, provider: Pick<Provider, "call">) {
  const read = async (contract: keyof Addresses, method: string, args: readonly unknown[], to: Hex = addresses[contract]): Promise<Result> => {
    const face = INTERFACES[contract];
    let data: string;
    try {
      data = await provider.call({ to, data: face.encodeFunctionData(method, args) });
    } catch (error) {
      throw toQoodError(error, `${contract}.${method}`);
    }
    return face.decodeFunctionResult(method, data);
  };
  const one = async <T>(contract: keyof Addresses, method: string, args: readonly unknown[], to?: Hex): Promise<T> =>
    (await read(contract, method, args, to))[0] as T;

  return {
    // vehicles
    isOem: (account: Hex) => one<boolean>("vehicleRegistry", "isOem", [account]),
    isTsp: (account: Hex) => one<boolean>("vehicleRegistry", "isTsp", [account]),
    ownerOf: (vehicle: bigint) => one<Hex>("vehicleRegistry", "ownerOf", [vehicle]),
    oemOf: (vehicle: bigint) => one<Hex>("vehicleRegistry", "oemOf", [vehicle]),
    epochOf: async (vehicle: bigint) => Number(await one<bigint>("vehicleRegistry", "epochOf", [vehicle])),
    ownerInEpoch: (vehicle: bigint, epoch: number) => one<Hex>("vehicleRegistry", "ownerInEpoch", [vehicle, epoch]),
    /** Unix seconds, 0 for the current epoch. */
    epochEnd: async (vehicle: bigint, epoch: number) => Number(await one<bigint>("vehicleRegistry", "epochEnd", [vehicle, epoch])),

    // devices
    deviceOf: async (deviceKey: Hex): Promise<Device> => {
      const d = await one<Result>("deviceRegistry", "deviceOf", [deviceKey]);
      return { vehicle: d.vehicle as bigint, validFrom: Number(d.validFrom), validUntil: Number(d.validUntil), agent: d.agent as Hex };
    },
    isDeviceValidAt: (deviceKey: Hex, vehicle: bigint, blockNumber: number) =>
      one<boolean>("deviceRegistry", "isValidAt", [deviceKey, vehicle, blockNumber]),

    // anchors
    anchorOf: async (tsp: Hex, root: Hex): Promise<Anchor> => {
      const a = await one<Result>("dataRegistry", "anchorOf", [tsp, root]);
      return { sequence: Number(a.sequence), time: Number(a.time), blockNumber: Number(a.blockNumber) };
    },

    // agreements
    headOf: async (agreementId: bigint) => {
      const h = await one<Result>("qoodShares", "headOf", [agreementId]);
      return { latest: Number(h.latest), nonce: Number(h.nonce), noticePeriod: Number(h.noticePeriod), denied: Number(h.denied) };
    },
    versionOf: async (agreementId: bigint, version: number) => {
      const v = await one<Result>("qoodShares", "versionOf", [agreementId, version]);
      return { start: Number(v.start), digest: v.digest as Hex };
    },
    /** Version in force now; 0 where nothing is. */
    currentVersion: async (agreementId: bigint) => {
      const c = await read("qoodShares", "current", [agreementId]);
      return { version: Number(c.version), denied: Number(c.denied), start: Number(c.start), digest: c.digest as Hex };
    },

    // trade
    dealOf: async (dealId: Hex): Promise<Deal> => {
      const d = await one<Result>("escrow", "dealOf", [dealId]);
      return {
        state: DEAL_STATES[Number(d.state)]!,
        purchasedAt: Number(d.purchasedAt),
        versionStart: Number(d.versionStart),
        deliveredAt: Number(d.deliveredAt),
      };
    },
    isCancelled: (seller: Hex, nonce: bigint) => one<boolean>("escrow", "isCancelled", [seller, nonce]),
    fillsOf: async (orderHash: Hex) => Number(await one<bigint>("escrow", "fillsOf", [orderHash])),
    isListed: (token: Hex) => one<boolean>("escrow", "isListed", [token]),
    leastWindow: async () => Number(await one<bigint>("escrow", "leastWindow", [])),
    config: async () => {
      const c = await read("escrow", "config", []);
      return { feeBps: Number(c.feeBps), feeRecipient: c.feeRecipient as Hex, paused: c.paused as boolean };
    },

    // money
    creditOf: (account: Hex, token: Hex) => one<bigint>("escrow", "creditOf", [account, token]),
    withdrawalNonce: (account: Hex) => one<bigint>("escrow", "withdrawalNonce", [account]),
    balanceOf: (token: Hex, account: Hex) => one<bigint>("qdd", "balanceOf", [account], token),
    allowance: (token: Hex, owner: Hex) => one<bigint>("qdd", "allowance", [owner, addresses.escrow], token),
    /** ERC-2612 nonce. */
    permitNonce: (token: Hex, owner: Hex) => one<bigint>("qdd", "nonces", [owner], token),
    qddSupply: () => one<bigint>("qdd", "totalSupply", []),
    qddReserve: () => one<bigint>("qdd", "reserve", []),
  };
}
