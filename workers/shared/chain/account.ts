import { readFileSync } from "node:fs";
import { Wallet } from "ethers";
import type { BaseWallet } from "ethers";
import { QoodError } from "@qoodblock/sdk/errors";

/**
 * Opens an encrypted key file (Web3 secret storage, as wallets write it).
 * @throws QoodError KEYSTORE_MISSING or KEYSTORE_PASSPHRASE.
 */
export async function openAccount(file: string, passphrase: string): Promise<BaseWallet> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new QoodError("KEYSTORE_MISSING", `the key file ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
  try {
    return await Wallet.fromEncryptedJson(text, passphrase);
  } catch {
    throw new QoodError("KEYSTORE_PASSPHRASE", `the key file ${file} does not open: wrong passphrase, or no key file`);
  }
}
