import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { Domain } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { hexArgument, timeArgument, wholeArgument } from "../arguments.ts";
import { addressArgument, passphraseOf, readJsonFile } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { parseDeploymentOrRecord } from "../networks.ts";
import { openMnemonic } from "../keystore.ts";
import { printResult } from "../output.ts";
import { registerAgreements } from "./agreements.ts";
import { registerOwnData } from "./own-data.ts";
import { registerDevices } from "./devices.ts";
import { registerGrants } from "./grants.ts";
import { registerHeaders } from "./headers.ts";
import { registerIncome } from "./income.ts";
import { registerOffers } from "./offers.ts";
import { registerConsent } from "./consent.ts";
import { registerConfirm } from "./confirm.ts";
import { registerVehicles } from "./vehicles.ts";

/** The registry that a voucher is for: as the flags say, else as the deployment file does. @throws QoodError OPTION_MISSING, ADDRESS, USAGE and those of the file */
function registryOf({ deployment }: GlobalOptions, given: { readonly registry?: string; readonly chainId?: string }): Domain {
  const file = deployment === undefined ? undefined : parseDeploymentOrRecord(readJsonFile(deployment));
  const [verifyingContract, chainId] = [given.registry ?? file?.addresses.vehicleRegistry, given.chainId ?? file?.chainId.toString()];
  if (verifyingContract === undefined || chainId === undefined) throw new QoodError("OPTION_MISSING", "--registry and --chain-id are needed, or --deployment");
  return { chainId: wholeArgument(chainId, "--chain-id"), verifyingContract: addressArgument(verifyingContract, "--registry") };
}

/** `qood owner …` and `qood oem …`: what principals do with their seeds, and with their word on the chain. */
export function registerPrincipals(program: Command): void {
  for (const role of ["owner", "oem"] as const) {
    const principal = program.command(role).description(role === "owner" ? "for car owners" : "for car makers");
    principal
      .command("grant-stream")
      .description("seal the secret of one stream and key epoch to a TSP's vault, as a file for the TSP")
      .requiredOption("--account <name>", "your account")
      .requiredOption("--handle <hex>", "the stream's handle, 32 bytes")
      .requiredOption("--vault-key <hex>", "the public key of the TSP's vault, 32 bytes")
      .option("--key-epoch <number>", "key epoch", "0")
      .requiredOption("--out <file>", "the file to write; not overwritten")
      .action(async (given: { account: string; handle: string; vaultKey: string; keyEpoch: string; out: string }) => {
        const options = program.opts<GlobalOptions>();
        const grant = { handle: hexArgument(32, given.handle, "--handle"), keyEpoch: wholeArgument(given.keyEpoch, "--key-epoch"), vaultKey: hexArgument(32, given.vaultKey, "--vault-key") };
        const { wallet } = await openMnemonic(options.keystores, given.account, passphraseOf(options));
        const { grantStream } = await import("../flows/principal.ts");
        const box = await grantStream(wallet, grant);
        try {
          writeFileSync(given.out, `${JSON.stringify(box)}\n`, { flag: "wx", mode: 0o600 });
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code === "EEXIST") throw new QoodError("FILE_EXISTS", `${given.out} exists already: choose another name`);
          throw new QoodError("FILE_UNWRITABLE", `${given.out} cannot be written (${code ?? "error"})`);
        }
        printResult({ file: given.out, handle: box.handle, keyEpoch: box.keyEpoch, sealedTo: box.to }, options.json);
      });
    if (role === "owner") {
      registerConsent(program, principal);
      registerVehicles(program, principal);
      registerDevices(program, principal);
    }
    registerGrants(program, principal);
    registerAgreements(program, principal);
    registerHeaders(program, principal);
    registerOffers(program, principal);
    registerIncome(program, principal);
    if (role === "owner") {
      registerOwnData(program, principal);
      continue;
    }
    registerConfirm(program, principal);
    principal
      .command("voucher")
      .description("sign the mint voucher of a vehicle: its VIN stands in it as a keyed tag only")
      .requiredOption("--account <name>", "the OEM's account")
      .requiredOption("--vin <vin>", "17 characters")
      .requiredOption("--owner <address>", "who is to own the token")
      .requiredOption("--legal-hash <hex>", "hash of the paper contract, 32 bytes")
      .option("--registry <address>", "the VehicleRegistry; else from --deployment")
      .option("--chain-id <number>", "its chain; else from --deployment")
      .requiredOption("--deadline <time>", "until when the voucher counts")
      .action(async (given: { account: string; vin: string; owner: string; legalHash: string; registry?: string; chainId?: string; deadline: string }) => {
        const options = program.opts<GlobalOptions>();
        const registry = registryOf(options, given);
        const terms = { owner: addressArgument(given.owner, "--owner"), legalHash: hexArgument(32, given.legalHash, "--legal-hash"), deadline: timeArgument(given.deadline, "--deadline") };
        const { wallet } = await openMnemonic(options.keystores, given.account, passphraseOf(options));
        const { signVoucher } = await import("../flows/principal.ts");
        printResult(await signVoucher(wallet, registry, given.vin, terms), options.json);
      });
  }
}
