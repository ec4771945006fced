/** Streams as people name them. */
import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { DATA_CLASS, PRIVACY, streamHandle } from "@qoodblock/sdk/formats";
import { handleProof } from "@qoodblock/sdk/market";
import { bigArgument, classArgument, privacyArgument, schemaArgument, wholeArgument } from "../arguments.ts";

/** What a command is given. */
export interface StreamOptions {
  readonly vehicle: string;
  readonly epoch?: string;
  readonly class: string;
  readonly privacy: string;
  readonly schema: string;
}

/** A stream, with what the contracts want to see of it. */
export interface NamedStream {
  readonly stream: Hex;
  readonly proof: Hex;
  readonly vehicle: bigint;
  readonly epoch: number;
}

/** Adds the options that name a stream. */
export function ofStream(command: Command): Command {
  return command
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .requiredOption("--schema <name@version>", "what the stream's records are")
    .option("--class <class>", "oem, user or disputed", "user")
    .option("--privacy <grade>", "ordinary or private", "ordinary")
    .option("--epoch <number>", "ownership epoch; the present one without it");
}

/** An ownership epoch as it is given, else the vehicle's present one. @throws QoodError USAGE, REVERT where there is no such vehicle */
export async function epochOf({ reads }: Client, vehicle: bigint, given: string | undefined): Promise<number> {
  return given === undefined ? reads.epochOf(vehicle) : wholeArgument(given, "--epoch");
}

/** The stream that options name. @throws QoodError USAGE, REVERT */
export async function streamOf(client: Client, given: StreamOptions): Promise<NamedStream> {
  const { chainId, addresses } = client.deployment;
  const vehicle = bigArgument(given.vehicle, "--vehicle");
  const [dataClass, privacy, schema] = [classArgument(given.class), privacyArgument(given.privacy), schemaArgument(given.schema)];
  const epoch = await epochOf(client, vehicle, given.epoch);
  return {
    ...{ vehicle, epoch, stream: streamHandle({ chainId: BigInt(chainId), registry: addresses.vehicleRegistry, vehicle, epoch, dataClass, privacy, schema }) },
    proof: handleProof({ vehicle, epoch, dataClass: DATA_CLASS[dataClass], privacy: PRIVACY[privacy], schema }),
  };
}
