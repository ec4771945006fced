import type { Command } from "commander";
import { mintConsentData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { timeArgument } from "../arguments.ts";
import { addressArgument } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { carryOut } from "./transaction.ts";
import type { Sending } from "./transaction.ts";
import { voucherFile } from "./tsp/mint.ts";

/** `qood owner consent`: the owner's word that a TSP mints the token of a vehicle that a maker vouches for. */
export function registerConsent(program: Command, owner: Command): void {
  owner
    .command("consent")
    .description("agree that a TSP mints the token of your vehicle, as its maker's voucher has it; nothing is sent")
    .requiredOption("--account <name>", "your account")
    .requiredOption("--voucher <file>", "what `qood --json oem voucher` has told")
    .requiredOption("--tsp <address>", "the TSP that mints")
    .requiredOption("--deadline <time>", "until when the signature counts")
    .action(async (given: Sending & { voucher: string; tsp: string; deadline: string }) => {
      const { voucher } = voucherFile(given.voucher);
      const [tsp, deadline] = [addressArgument(given.tsp, "--tsp"), timeArgument(given.deadline, "--deadline")];
      await carryOut(program.opts<GlobalOptions>(), given, async ({ client: { deployment }, account, signer }) => {
        if (voucher.owner.toLowerCase() !== account.toLowerCase()) throw new QoodError("VOUCHER_OWNER", `the voucher names ${voucher.owner} as the owner and this account is ${account}`);
        const data = mintConsentData({ chainId: deployment.chainId, verifyingContract: deployment.addresses.vehicleRegistry }, { voucher, tsp, deadline });
        return { calls: [], about: { tsp, deadline, signature: await signTypedData(await signer(), data) } };
      });
    });
}
