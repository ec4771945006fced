import type { Command } from "commander";
import { keccak256 } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { deviceRecoveryData, deviceResetData, deviceSetupData, deviceDupData, hashTypedData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { bigArgument, bytesArgument, hexArgument, timeArgument } from "../arguments.ts";
import { addressArgument, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { printResult, printTable } from "../output.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Hand, Plan, Sending } from "./transaction.ts";
import { devicesOf } from "./vehicles.ts";

const keyName = (publicKey: Hex): Hex => keccak256(publicKey) as Hex;
const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();
const DEVICE = ["--device <hex>", "the device by its key's name, 32 bytes (`devices list`)"] as const;

/** Asks what a device has to sign, when it has not: programs on the device sign digests. */
const toSign = (publicKey: Hex, digest: Hex): Plan => ({ calls: [], about: { deviceKey: keyName(publicKey), sign: digest, next: "have the key sign these 32 bytes, and give r and s as --signature" } });

/** `qood owner devices …`. */
export function registerDevices(program: Command, owner: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const devices = owner.command("devices").description("the devices that speak for a vehicle, and what to do when a key is lost");
  const domainOf = ({ client: { deployment } }: Hand) => ({ chainId: deployment.chainId, verifyingContract: deployment.addresses.deviceRegistry });

  devices
    .command("list")
    .description("the keys that were set up for a vehicle")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .action(async (given: { vehicle: string }) => {
      printTable(await withChain(options(), ({ client, provider }) => devicesOf(client, provider, bigArgument(given.vehicle, "--vehicle"))), options().json);
    });
  devices
    .command("show")
    .description("a device, and the recovery that is under way")
    .requiredOption(...DEVICE)
    .action(async (given: { device: string }) => {
      const device = hexArgument(32, given.device, "--device");
      const { known, recovery } = await withChain(options(), async ({ client }) => ({ known: await client.reads.deviceOf(device), recovery: await client.reads.deviceRecoveryOf(device) }));
      if (known.vehicle === 0n) throw new QoodError("DEVICE_UNKNOWN", `no device ${device} is registered`);
      const under = recovery.readyAt === 0 ? null : { ...recovery, readyAt: isoTime(recovery.readyAt) };
      const { vehicle, agent, validFrom, validUntil, device: first } = known;
      printResult({ device, vehicle, agent, from: validFrom, until: validUntil === 0 ? null : validUntil, of: BigInt(first) === 0n ? null : first, recovery: under }, options().json);
    });
  sending(devices, "setup", "register a device for a vehicle: owner and device both sign")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .requiredOption("--key <hex>", "the device's public key, x and y, 64 bytes")
    .requiredOption("--agent <address>", "the TSP that may retire it and contest a recovery")
    .requiredOption("--deadline <time>", "until when the signatures count")
    .option("--signature <hex>", "the device's; without it the digest is told that the device has to sign")
    .action(async (given: Sending & { vehicle: string; key: string; agent: string; deadline: string; signature?: string }) => {
      const [vehicle, publicKey, agent, deadline] = [bigArgument(given.vehicle, "--vehicle"), hexArgument(64, given.key, "--key"), addressArgument(given.agent, "--agent"), timeArgument(given.deadline, "--deadline")];
      await carryOut(options(), given, async (hand) => {
        const deviceKey = keyName(publicKey);
        const data = deviceSetupData(domainOf(hand), { vehicle, epoch: await hand.client.reads.epochOf(vehicle), deviceKey, agent, deadline });
        if (given.signature === undefined) return toSign(publicKey, hashTypedData(data));
        const deviceSignature = bytesArgument(given.signature, "--signature");
        const ownerSignature = await signTypedData(await hand.signer(), data);
        return { calls: [hand.client.calls.setupDevice({ vehicle, publicKey, agent, deadline, ownerSignature, deviceSignature })], about: { deviceKey } };
      });
    });
  sending(devices, "recover", "ask that a device whose key is lost goes on under a new key; after the delay, `devices finish` makes it so")
    .requiredOption(...DEVICE)
    .requiredOption("--key <hex>", "the new public key, x and y, 64 bytes")
    .option("--signature <hex>", "the new key's; without it the digest is told that it has to sign")
    .action(async (given: Sending & { device: string; key: string; signature?: string }) => {
      const [device, publicKey] = [hexArgument(32, given.device, "--device"), hexArgument(64, given.key, "--key")];
      await carryOut(options(), given, async (hand) => {
        const { vehicle } = await hand.client.reads.deviceOf(device);
        const data = deviceRecoveryData(domainOf(hand), { vehicle, device, deviceKey: keyName(publicKey), owner: hand.account });
        if (given.signature === undefined) return toSign(publicKey, hashTypedData(data));
        const call = hand.client.calls.askDeviceRecovery(device, { publicKey, signature: bytesArgument(given.signature, "--signature") });
        return { calls: [call], about: { device, newKey: keyName(publicKey) }, after: async () => ({ readyAt: isoTime((await hand.client.reads.deviceRecoveryOf(device)).readyAt) }) };
      });
    });
  const simple = [
    ["contest", "put a recovery off, once; by the device's agent, who knows that the device is at work", "contestDeviceRecovery"],
    ["cancel", "call a recovery off; by the vehicle's owner", "cancelDeviceRecovery"],
    ["retire", "end a device; by the vehicle's owner or the device's agent", "retireDevice"],
  ] as const;
  for (const [name, description, call] of simple) {
    sending(devices, name, description)
      .requiredOption(...DEVICE)
      .action(async (given: Sending & { device: string }) => {
        const device = hexArgument(32, given.device, "--device");
        await carryOut(options(), given, ({ client }) => ({
          ...{ calls: [client.calls[call](device)], about: { device } },
          after: async () => (name === "contest" ? { readyAt: isoTime((await client.reads.deviceRecoveryOf(device)).readyAt) } : {}),
        }));
      });
  }
  sending(devices, "finish", "the recovered device goes on under its new key; by anyone, when the delay is over")
    .requiredOption(...DEVICE)
    .requiredOption("--key <hex>", "the new public key, x and y, 64 bytes")
    .action(async (given: Sending & { device: string; key: string }) => {
      const [device, publicKey] = [hexArgument(32, given.device, "--device"), hexArgument(64, given.key, "--key")];
      await carryOut(options(), given, ({ client }) => ({ calls: [client.calls.finishDeviceRecovery(device, publicKey)], about: { device, newKey: keyName(publicKey) } }));
    });
  const changes = [
    ["reset", "a device goes on under a new key of its own: both keys sign", "resetDevice", deviceResetData],
    ["add-key", "a further key of a device: both keys sign", "setupDeviceDup", deviceDupData],
  ] as const;
  for (const [name, description, call, textOf] of changes) {
    sending(devices, name, description)
      .requiredOption("--first <hex>", "the device's first public key, x and y, 64 bytes")
      .requiredOption("--key <hex>", "the new public key, x and y, 64 bytes")
      .requiredOption("--deadline <time>", "until when the signatures count")
      .option("--first-signature <hex>", "the first key's")
      .option("--signature <hex>", "the new key's; without both the digest is told that they have to sign")
      .action(async (given: Sending & { first: string; key: string; deadline: string; firstSignature?: string; signature?: string }) => {
        const [first, publicKey, deadline] = [hexArgument(64, given.first, "--first"), hexArgument(64, given.key, "--key"), timeArgument(given.deadline, "--deadline")];
        await carryOut(options(), given, async (hand) => {
          const { vehicle } = await hand.client.reads.deviceOf(keyName(first));
          const data = textOf(domainOf(hand), { vehicle, device: keyName(first), deviceKey: keyName(publicKey), deadline });
          if (given.signature === undefined || given.firstSignature === undefined) return toSign(publicKey, hashTypedData(data));
          const signed = { publicKey: first, signature: bytesArgument(given.firstSignature, "--first-signature") };
          return { calls: [hand.client.calls[call](signed, { publicKey, signature: bytesArgument(given.signature, "--signature") }, deadline)], about: { device: keyName(first), deviceKey: keyName(publicKey) } };
        });
      });
  }
}
