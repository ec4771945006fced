import type { Command } from "commander";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { eventIn } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { readJsonFile } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { carryOut, sending } from "../transaction.ts";
import type { Sending } from "../transaction.ts";

const hex = (bytes: number) => z.custom<Hex>((value) => typeof value === "string" && new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`).test(value), `expected 0x and ${bytes} bytes`);
const signature = z.custom<Hex>((value) => typeof value === "string" && /^0x(?:[0-9a-fA-F]{2})+$/.test(value), "expected 0x and bytes");
const voucherSchema = z.object({
  voucher: z.object({ oem: hex(20), wmi: hex(6), tag: hex(32), owner: hex(20), legalHash: hex(32), deadline: z.int().positive() }),
  signature,
});
const consentSchema = z.object({ deadline: z.int().positive(), signature });

function parsed<T extends z.ZodType>(schema: T, path: string, what: string): z.output<T> {
  const found = schema.safeParse(readJsonFile(path));
  if (found.success) return found.data;
  const issue = found.error.issues[0]!;
  throw new QoodError("MINT_FORM", `${path} is no ${what}: ${issue.path.map(String).join(".") || "file"}: ${issue.message}`);
}

/** What a maker's voucher file holds: `qood --json oem voucher`. @throws QoodError FILE_UNREADABLE, FILE_NOT_JSON, MINT_FORM */
export const voucherFile = (path: string): z.output<typeof voucherSchema> => parsed(voucherSchema, path, "voucher of `qood --json oem voucher`");

/** `qood tsp mint`: a vehicle's token, of what maker and owner have signed. */
export function registerMint(tsp: Command, program: Command): void {
  sending(tsp, "mint", "mint a vehicle's token, of its maker's voucher and its owner's consent; by the accredited TSP that the consent names")
    .requiredOption("--voucher <file>", "what `qood --json oem voucher` has told")
    .requiredOption("--consent <file>", "what `qood --json owner consent` has told")
    .action(async (given: Sending & { voucher: string; consent: string }) => {
      const { voucher, signature: ofMaker } = voucherFile(given.voucher);
      const consent = parsed(consentSchema, given.consent, "consent of `qood --json owner consent`");
      await carryOut(program.opts<GlobalOptions>(), given, ({ client: { calls, deployment } }) => ({
        calls: [calls.mint(voucher, consent.deadline, ofMaker, consent.signature)],
        about: { owner: voucher.owner },
        after: (receipt) => ({ vehicle: eventIn(deployment, "VehicleMinted", receipt)?.vehicle ?? null }),
      }));
    });
}
