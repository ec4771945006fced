import type { Command } from "commander";
import type { HDNodeWallet } from "ethers";
import { confirmationData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { bigArgument, hexArgument, timeArgument } from "../arguments.ts";
import { passphraseOf } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { openMnemonic } from "../keystore.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

/** `qood oem confirm`: the maker's later word on a vehicle that a TSP has minted unconfirmed. */
export function registerConfirm(program: Command, oem: Command): void {
  sending(oem, "confirm", "confirm a vehicle that a TSP has minted without a voucher: from then on its OEM's and disputed data can be sold")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .option("--vin <vin>", "17 characters: only its keyed tag is published, and the account needs its seed")
    .option("--tag <hex>", "the keyed tag itself, 32 bytes")
    .requiredOption("--deadline <time>", "until when the signature counts")
    .action(async (given: Sending & { vehicle: string; vin?: string; tag?: string; deadline: string }) => {
      const options = program.opts<GlobalOptions>();
      const [vehicle, deadline] = [bigArgument(given.vehicle, "--vehicle"), timeArgument(given.deadline, "--deadline")];
      if ((given.vin === undefined) === (given.tag === undefined)) throw new QoodError("USAGE", "either --vin or --tag is needed");
      const seeded = given.vin === undefined ? undefined : (await openMnemonic(options.keystores, given.account, passphraseOf(options))).wallet;
      await carryOut(options, given, async ({ client: { deployment, calls, reads }, signer }) => {
        const tag = given.tag === undefined ? await tagOf(seeded!, given.vin!) : hexArgument(32, given.tag, "--tag");
        const data = confirmationData({ chainId: deployment.chainId, verifyingContract: deployment.addresses.vehicleRegistry }, { vehicle, tag, deadline });
        const signature = await signTypedData(seeded ?? (await signer()), data);
        return { calls: [calls.confirmVehicle(vehicle, tag, deadline, signature)], about: { vehicle, tag }, after: () => reads.makerOf(vehicle) };
      });
    });
}

async function tagOf(wallet: HDNodeWallet, vin: string) {
  return (await import("../flows/principal.ts")).vinTag(wallet, vin);
}
