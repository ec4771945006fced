import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { QoodError } from "@qoodblock/sdk/errors";
import { readPassphrase } from "./passphrase.ts";

/** Key material that opens a vault in place of a passphrase: at least 32 random bytes. */
export interface VaultKey {
  readonly key: Uint8Array;
}

/** What opens a vault: a passphrase, or key material. */
export type Unlock = string | VaultKey;

/** Settings that say what opens the vault; see `vaultSettings`. */
export interface UnlockSettings {
  readonly vaultPassphraseFile?: string | undefined;
  readonly vaultKeyfile?: string | undefined;
}

/** Where a setting or variable that opens the vault is named to people. */
export interface UnlockNames {
  readonly passphrase: string;
  readonly key: string;
}

const NAMES: UnlockNames = { passphrase: "QOOD_VAULT_PASSPHRASE", key: "QOOD_VAULT_KEY" };
const LEAST_KEY = 32;
const MOST_KEY = 4096;

/**
 * Reads a keyfile: at least 32 bytes, which nobody but its owner may read or write. The bytes count as they are.
 * @throws QoodError VAULT_KEYFILE
 */
export function readKeyfile(file: string): VaultKey {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY);
  } catch (error) {
    throw new QoodError("VAULT_KEYFILE", `the vault's keyfile ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
  try {
    // Of the file that is open, not of what lies under its name a moment later.
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new QoodError("VAULT_KEYFILE", `the vault's keyfile ${file} is no file`);
    if ((stat.mode & 0o077) !== 0) throw new QoodError("VAULT_KEYFILE", `the vault's keyfile ${file} is open to others (mode ${(stat.mode & 0o777).toString(8)}): chmod 600 ${file}`);
    if (stat.size < LEAST_KEY || stat.size > MOST_KEY) throw new QoodError("VAULT_KEYFILE", `the vault's keyfile ${file} has ${stat.size} bytes: ${LEAST_KEY} to ${MOST_KEY} random ones are needed`);
    return { key: new Uint8Array(readFileSync(descriptor)) };
  } finally {
    closeSync(descriptor);
  }
}

/** Key material as text: hexadecimal, or else base64. @throws QoodError VAULT_KEY */
function readKeyText(text: string, variable: string): VaultKey {
  const clean = text.trim();
  const key = /^(0x)?([0-9a-fA-F]{2})+$/.test(clean) ? Buffer.from(clean.replace(/^0x/, ""), "hex") : /^[A-Za-z0-9+/_-]+={0,2}$/.test(clean) ? Buffer.from(clean, "base64") : Buffer.alloc(0);
  if (key.length < LEAST_KEY || key.length > MOST_KEY) throw new QoodError("VAULT_KEY", `${variable} must hold ${LEAST_KEY} to ${MOST_KEY} random bytes, in hexadecimal or base64`);
  return { key: new Uint8Array(key) };
}

/**
 * What opens the vault, as settings and environment say: a keyfile or a passphrase file if one is set, else the variable
 * with a raw key or with a passphrase. Two at once are refused: which of them counts must not be guessed.
 * @throws QoodError VAULT_UNLOCK, VAULT_KEYFILE, VAULT_KEY, PASSPHRASE_MISSING
 */
export function unlockOf(settings: UnlockSettings, env: Readonly<Record<string, string | undefined>>, names: UnlockNames = NAMES): Unlock {
  const { vaultKeyfile, vaultPassphraseFile } = settings;
  if (vaultKeyfile !== undefined && vaultPassphraseFile !== undefined) throw new QoodError("VAULT_UNLOCK", "the vault has a keyfile and a passphrase file in the settings: name one of them");
  if (vaultKeyfile !== undefined) return readKeyfile(vaultKeyfile);
  const key = env[names.key] ?? "";
  if (vaultPassphraseFile === undefined && key !== "") {
    if ((env[names.passphrase] ?? "") !== "") throw new QoodError("VAULT_UNLOCK", `${names.key} and ${names.passphrase} are both set: set the one that opens the vault`);
    return readKeyText(key, names.key);
  }
  return readPassphrase({ what: "the vault", file: vaultPassphraseFile, variable: names.passphrase, env });
}
