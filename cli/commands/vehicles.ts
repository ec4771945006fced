import type { Command } from "commander";
import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { INTERFACES, readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { DATA_CLASS, PRIVACY, streamHandle } from "@qoodblock/sdk/formats";
import type { DataClass, Privacy } from "@qoodblock/sdk/formats";
import { shippedSchemas } from "@qoodblock/sdk/dictionary";
import { handleProof } from "@qoodblock/sdk/market";
import { addressArgument, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { bigArgument } from "../arguments.ts";
import { printTable } from "../output.ts";
import { accountAddress } from "../signer.ts";
import { epochOf, ofStream, streamOf } from "./stream-options.ts";
import type { StreamOptions } from "./stream-options.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

/** Tokens that have ever come to an account, by the registry's transfers. */
async function received({ deployment }: Client, provider: JsonRpcProvider, account: Hex): Promise<bigint[]> {
  const face = INTERFACES.vehicleRegistry;
  const topics = face.encodeFilterTopics("Transfer", [null, account]);
  const logs = await provider.getLogs({ address: deployment.addresses.vehicleRegistry, topics, fromBlock: deployment.startBlock, toBlock: "latest" });
  return [...new Set(logs.map((log) => BigInt(log.topics[3]!)))];
}

/** `qood owner vehicles …` and `qood owner streams …`. */
export function registerVehicles(program: Command, owner: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const vehicles = owner.command("vehicles").description("the vehicles that an account owns");
  vehicles
    .command("list")
    .description("the account's vehicles: maker, whether it has confirmed, ownership epoch, devices in use")
    .requiredOption("--account <name>", "the account")
    .action(async (given: { account: string }) => {
      const account = accountAddress(options(), given.account);
      const rows = await withChain(options(), async ({ client, provider }) => {
        const ids = await received(client, provider, account);
        const all = await Promise.all(
          ids.map(async (vehicle) => {
            const [holder, { oem, confirmed }, epoch, devices] = await Promise.all([client.reads.ownerOf(vehicle), client.reads.makerOf(vehicle), client.reads.epochOf(vehicle), devicesOf(client, provider, vehicle)]);
            return { holder, row: { vehicle, oem, confirmed, epoch, devices: devices.filter(({ until }) => until === null).length } };
          }),
        );
        return all.filter(({ holder }) => holder.toLowerCase() === account.toLowerCase()).map(({ row }) => row);
      });
      printTable(rows, options().json);
    });
  sending(vehicles, "transfer", "give the vehicle's token to its next owner: the ownership epoch ends, and with it the agreement for new data")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .requiredOption("--to <address>", "the next owner")
    .action(async (given: Sending & { vehicle: string; to: string }) => {
      const [vehicle, to] = [bigArgument(given.vehicle, "--vehicle"), addressArgument(given.to, "--to")];
      await carryOut(options(), given, ({ client, account }) => ({ calls: [client.calls.transferVehicle(account, to, vehicle)], about: { vehicle, to }, after: async () => ({ epoch: await client.reads.epochOf(vehicle) }) }));
    });

  const streams = owner.command("streams").description("streams: what the data of a vehicle is sealed, sold and granted by");
  streams
    .command("list")
    .description("the handles of a vehicle's streams, one for each pair of the agreement that is authorised, or of all, and for each schema of the dictionary")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .option("--epoch <number>", "ownership epoch; the present one without it")
    .option("--all", "those of pairs that nobody has authorised too")
    .action(async (given: { vehicle: string; epoch?: string; all?: boolean }) => {
      const vehicle = bigArgument(given.vehicle, "--vehicle");
      printTable(await withChain(options(), ({ client, provider }) => streamsOf(client, provider, vehicle, given)), options().json);
    });
  ofStream(sending(streams, "new-key", "begin a new key epoch: later data has another key, and all free grants end"))
    .action(async (given: Sending & StreamOptions) => {
      await carryOut(options(), given, async ({ client }) => {
        const { stream, proof } = await streamOf(client, given);
        return { calls: [client.calls.beginKeyEpoch(stream, proof)], about: { stream }, after: async () => ({ keyEpoch: await client.reads.keyEpochOf(stream) }) };
      });
    });
}

/** A device key of a vehicle, block numbers; `until` null while it is in use. */
export interface DeviceRow {
  readonly device: Hex;
  readonly agent: Hex;
  readonly from: number;
  readonly until: number | null;
  /** Whose further key it is. */
  readonly of: Hex | null;
}

/** The device keys that were set up for a vehicle. */
export async function devicesOf({ deployment, reads }: Client, provider: JsonRpcProvider, vehicle: bigint): Promise<DeviceRow[]> {
  const range = { fromBlock: deployment.startBlock, toBlock: "latest" } as const;
  const set = await readEvents(deployment, provider, "DeviceSetUp", { ...range, indexed: [null, vehicle] });
  return Promise.all(
    [...new Set(set.map(({ deviceKey }) => deviceKey))].map(async (device) => {
      const { agent, validFrom, validUntil, device: first } = await reads.deviceOf(device);
      return { device, agent, from: validFrom, until: validUntil === 0 ? null : validUntil, of: BigInt(first) === 0n ? null : first };
    }),
  );
}

async function streamsOf(client: Client, provider: JsonRpcProvider, vehicle: bigint, given: { epoch?: string; all?: boolean }): Promise<object[]> {
  const { deployment, reads } = client;
  const epoch = await epochOf(client, vehicle, given.epoch);
  const id = (vehicle << 64n) | BigInt(epoch);
  const [agreed, { denied, version }] = await Promise.all([
    readEvents(deployment, provider, "Agreed", { fromBlock: deployment.startBlock, toBlock: "latest", indexed: [id] }),
    reads.currentVersion(id),
  ]);
  const pairs = agreed.find((each) => each.version === version)?.text.pairs ?? [];
  const rows: object[] = [];
  for (const [dataClass, classNumber] of Object.entries(DATA_CLASS) as [DataClass, number][]) {
    for (const [privacy, grade] of Object.entries(PRIVACY) as [Privacy, number][]) {
      const index = pairs.findIndex((pair) => pair.dataClass === classNumber && pair.privacy === grade);
      const authorised = index >= 0 && pairs[index]!.authorised && ((denied >> index) & 1) === 0;
      if (!authorised && given.all !== true) continue;
      for (const { words, id: schema } of shippedSchemas()) {
        const handle = streamHandle({ chainId: BigInt(deployment.chainId), registry: deployment.addresses.vehicleRegistry, vehicle, epoch, dataClass, privacy, schema });
        rows.push({ schema: `${words.name}@${words.version}`, class: dataClass, privacy, authorised, keyEpoch: await reads.keyEpochOf(handle), handle, proof: handleProof({ vehicle, epoch, dataClass: classNumber, privacy: grade, schema }) });
      }
    }
  }
  return rows;
}
