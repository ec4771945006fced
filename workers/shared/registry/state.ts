import type { Client } from "@qoodblock/sdk/client";
import { createReads } from "@qoodblock/sdk/client";
import type { Reads } from "@qoodblock/sdk/client";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { deviceKeyName } from "@qoodblock/sdk/device";
import type { StreamConfig, StreamStatus } from "../queue/index.ts";
import type { Chain } from "../chain/index.ts";

/** The registries as they stood at one block. */
export function readsAt(client: Pick<Client, "deployment">, chain: Chain, blockTag: number): Reads {
  return createReads(client.deployment, { call: (request) => chain.provider.call({ ...request, blockTag }) });
}

/** The name of a stream's device key on the chain, or undefined for a stream that the TSP attests. */
export function deviceKeyOf({ devicePublicKey }: Pick<StreamConfig, "devicePublicKey">): Hex | undefined {
  return devicePublicKey === null ? undefined : deviceKeyName(fromHex(devicePublicKey, 64));
}

/** What of a stream's configuration its status depends on. */
export const facetsOf = (config: StreamConfig): string => `${config.epoch}:${config.keyEpoch}:${config.devicePublicKey ?? "tsp"}`;

type Finding = Pick<StreamStatus, "state" | "reason">;

/**
 * What the chain says of a stream.
 * @param reads - of the block that is asked about
 * @param tsp - the account that devices must name as their agent
 */
export async function examine(reads: Reads, config: StreamConfig, tsp: Hex): Promise<Finding> {
  const vehicle = BigInt(config.vehicle);
  const [epoch, keyEpoch] = await Promise.all([reads.epochOf(vehicle), reads.keyEpochOf(config.handle)]);
  if (epoch > config.epoch) {
    const end = await reads.epochEnd(vehicle, config.epoch);
    return { state: "transferred", reason: `the vehicle was transferred at ${new Date(end * 1000).toISOString()}; ownership epoch ${config.epoch} takes no new data` };
  }
  if (keyEpoch > config.keyEpoch) return { state: "revoked", reason: `key epoch ${keyEpoch} has begun, the secret held here is of epoch ${config.keyEpoch}: ask the principal for the new one` };
  const deviceKey = deviceKeyOf(config);
  if (deviceKey !== undefined) {
    const device = await reads.deviceOf(deviceKey);
    const out = (reason: string): Finding => ({ state: "device-out", reason });
    if (device.vehicle !== vehicle) return out(device.vehicle === 0n ? "the device's key is not set up in the device registry" : "the device's key is set up for another vehicle");
    if (device.validUntil !== 0) return out(`the device's key was ended in block ${device.validUntil}`);
    // A further key is worth what its device is worth.
    if (BigInt(device.device) !== 0n && (await reads.deviceOf(device.device)).validUntil !== 0) return out("the device that this key belongs to was ended");
    if (device.agent.toLowerCase() !== tsp.toLowerCase()) return out(`the device names ${device.agent} as its agent`);
  }
  return { state: "active", reason: "" };
}
