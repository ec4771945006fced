import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import { hexArgument, wholeArgument } from "../arguments.ts";
import { addressArgument, passphraseOf } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { openMnemonic } from "../keystore.ts";
import { printResult } from "../output.ts";
import { registerAgreements } from "./agreements.ts";
import { registerDevices } from "./devices.ts";
import { registerGrants } from "./grants.ts";
import { registerHeaders } from "./headers.ts";
import { registerIncome } from "./income.ts";
import { registerOffers } from "./offers.ts";
import { registerConfirm } from "./confirm.ts";
import { registerVehicles } from "./vehicles.ts";

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
      registerVehicles(program, principal);
      registerDevices(program, principal);
    }
    registerGrants(program, principal);
    registerAgreements(program, principal);
    registerHeaders(program, principal);
    registerOffers(program, principal);
    registerIncome(program, principal);
    if (role === "owner") continue;
    registerConfirm(program, principal);
    principal
      .command("voucher")
      .description("sign the mint voucher of a vehicle: its VIN stands in it as a keyed tag only")
      .requiredOption("--account <name>", "the OEM's account")
      .requiredOption("--vin <vin>", "17 characters")
      .requiredOption("--owner <address>", "who is to own the token")
      .requiredOption("--legal-hash <hex>", "hash of the paper contract, 32 bytes")
      .requiredOption("--registry <address>", "the VehicleRegistry")
      .requiredOption("--chain-id <number>", "its chain")
      .requiredOption("--deadline <seconds>", "Unix time until which the voucher counts")
      .action(async (given: { account: string; vin: string; owner: string; legalHash: string; registry: string; chainId: string; deadline: string }) => {
        const options = program.opts<GlobalOptions>();
        const registry = { chainId: wholeArgument(given.chainId, "--chain-id"), verifyingContract: addressArgument(given.registry, "--registry") };
        const terms = { owner: addressArgument(given.owner, "--owner"), legalHash: hexArgument(32, given.legalHash, "--legal-hash"), deadline: wholeArgument(given.deadline, "--deadline") };
        const { wallet } = await openMnemonic(options.keystores, given.account, passphraseOf(options));
        const { signVoucher } = await import("../flows/principal.ts");
        printResult(await signVoucher(wallet, registry, given.vin, terms), options.json);
      });
  }
}
