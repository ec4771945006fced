import { readFileSync } from "node:fs";
import { QoodError } from "@qoodblock/sdk/errors";

/**
 * A passphrase from a file (its first line) or else from an environment variable; never from a flag, which other users
 * of the machine could read.
 * @throws QoodError PASSPHRASE_MISSING.
 */
export function readPassphrase(from: { readonly what: string; readonly file: string | undefined; readonly variable: string; readonly env: Readonly<Record<string, string | undefined>> }): string {
  let passphrase = from.env[from.variable] ?? "";
  if (from.file !== undefined) {
    try {
      passphrase = readFileSync(from.file, "utf8").split(/\r?\n/, 1)[0]!;
    } catch (error) {
      throw new QoodError("PASSPHRASE_MISSING", `the passphrase file of ${from.what}, ${from.file}, cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
    }
  }
  if (passphrase === "") throw new QoodError("PASSPHRASE_MISSING", `no passphrase for ${from.what}: set ${from.variable}, or name a file that holds it`);
  return passphrase;
}
