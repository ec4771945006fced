import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { addressArgument, passphraseOf } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { openMnemonic } from "../keystore.ts";
import { printResult } from "../output.ts";

const hex = (bytes: number, text: string, what: string): Hex => {
  if (!new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`).test(text)) throw new QoodError("USAGE", `${what} must be 0x and ${bytes * 2} hexadecimal digits`);
  return text.toLowerCase() as Hex;
};
const whole = (text: string, what: string): number => {
  const parsed = z.string().regex(/^\d+$/).transform(Number).pipe(z.int()).safeParse(text);
  if (!parsed.success) throw new QoodError("USAGE", `${what} must be a whole number`);
  return parsed.data;
};

/** `qood owner grant-stream`, `qood oem grant-stream`, `qood oem voucher`: what principals do with their seeds. */
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
        const grant = { handle: hex(32, given.handle, "--handle"), keyEpoch: whole(given.keyEpoch, "--key-epoch"), vaultKey: hex(32, given.vaultKey, "--vault-key") };
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
    if (role === "owner") continue;
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
        const registry = { chainId: whole(given.chainId, "--chain-id"), verifyingContract: addressArgument(given.registry, "--registry") };
        const terms = { owner: addressArgument(given.owner, "--owner"), legalHash: hex(32, given.legalHash, "--legal-hash"), deadline: whole(given.deadline, "--deadline") };
        const { wallet } = await openMnemonic(options.keystores, given.account, passphraseOf(options));
        const { signVoucher } = await import("../flows/principal.ts");
        printResult(await signVoucher(wallet, registry, given.vin, terms), options.json);
      });
  }
}
