import { scrypt as nodeScrypt } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { HDNodeWallet, Mnemonic, Wallet, getAddress, getBytes, randomBytes, scrypt } from "ethers";
import { QoodError } from "@qoodblock/sdk/errors";

// ethers' own scrypt is JavaScript and takes seconds; the one of Node gives the same bytes.
const deriveKey = promisify<Uint8Array, Uint8Array, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(nodeScrypt);
scrypt.register(async (password, salt, N, r, p, length) => deriveKey(getBytes(password), getBytes(salt), length, { N, r, p, maxmem: 256 * N * r }));

const fileOf = (folder: string, name: string): string => join(folder, `${name}.json`);
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "error";

function checkName(name: string): void {
  if (!NAME.test(name)) {
    throw new QoodError("ACCOUNT_NAME", `${JSON.stringify(name)} cannot be an account's name: use lower-case letters, digits and hyphens`);
  }
}

/**
 * Makes an account: twelve new BIP-39 words and the first account under them, encrypted in the Web3 secret storage form
 * that wallets read. The words are the backup of everything that is derived from the seed, stream secrets too.
 * @returns the account, opened.
 * @throws QoodError ACCOUNT_EXISTS, ACCOUNT_NAME or KEYSTORES_UNUSABLE; nothing is overwritten.
 */
export async function createAccount(folder: string, name: string, passphrase: string): Promise<HDNodeWallet> {
  checkName(name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new QoodError("KEYSTORES_UNUSABLE", `the folder of key files ${folder} cannot be made (${codeOf(error)}): name another with --keystores`);
  }
  const file = fileOf(folder, name);
  if (existsSync(file)) throw new QoodError("ACCOUNT_EXISTS", `${file} exists already: choose another name`);
  const wallet = HDNodeWallet.fromMnemonic(Mnemonic.fromEntropy(randomBytes(16)));
  // The name appears with the whole file, and never in place of another.
  const partial = `${file}.${process.pid}.part`;
  try {
    writeFileSync(partial, await wallet.encrypt(passphrase), { mode: 0o600 });
    linkSync(partial, file);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new QoodError("ACCOUNT_EXISTS", `${file} exists already: choose another name`);
    throw new QoodError("KEYSTORES_UNUSABLE", `the key file ${file} cannot be written (${codeOf(error)})`);
  } finally {
    rmSync(partial, { force: true });
  }
  return wallet;
}

/** Names of the accounts in a folder; other files are passed over. @throws QoodError KEYSTORES_UNUSABLE */
export function listAccounts(folder: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw new QoodError("KEYSTORES_UNUSABLE", `the folder of key files ${folder} cannot be read (${codeOf(error)})`);
  }
  return entries
    .filter((entry) => entry.endsWith(".json"))
    .map((entry) => entry.slice(0, -5))
    .filter((name) => NAME.test(name))
    .sort();
}

const damaged = (folder: string, name: string): QoodError => new QoodError("ACCOUNT_DAMAGED", `${fileOf(folder, name)} is no key file: restore it from a backup`);

/** An account's address, which its file says in the clear. @throws QoodError ACCOUNT_UNKNOWN, ACCOUNT_DAMAGED */
export function addressOf(folder: string, name: string): string {
  const text = readKeyFile(folder, name);
  try {
    return getAddress((JSON.parse(text) as { address: string }).address);
  } catch {
    throw damaged(folder, name);
  }
}

function readKeyFile(folder: string, name: string): string {
  checkName(name);
  try {
    return readFileSync(fileOf(folder, name), "utf8");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw new QoodError("FILE_UNREADABLE", `${fileOf(folder, name)} cannot be read (${codeOf(error)})`);
    const known = listAccounts(folder);
    throw new QoodError("ACCOUNT_UNKNOWN", `there is no account ${name} in ${folder}: ${known.length === 0 ? "make one with `qood account new`" : `it holds ${known.join(", ")}`}`);
  }
}

/**
 * Opens an account.
 * @returns the wallet; its mnemonic is set where the file holds one.
 * @throws QoodError ACCOUNT_UNKNOWN, ACCOUNT_DAMAGED or PASSPHRASE_WRONG.
 */
export async function openAccount(folder: string, name: string, passphrase: string): Promise<HDNodeWallet | Wallet> {
  const json = readKeyFile(folder, name);
  try {
    return await Wallet.fromEncryptedJson(json, passphrase);
  } catch (error) {
    if (/incorrect password/.test((error as Error).message)) throw new QoodError("PASSPHRASE_WRONG", `the passphrase does not open account ${name}`);
    throw damaged(folder, name);
  }
}

/**
 * The BIP-39 words of an account, for deriving stream secrets.
 * @throws QoodError ACCOUNT_SEEDLESS when the file holds a bare key.
 */
export async function openMnemonic(folder: string, name: string, passphrase: string): Promise<{ wallet: HDNodeWallet; phrase: string }> {
  const wallet = await openAccount(folder, name, passphrase);
  if (!(wallet instanceof HDNodeWallet) || wallet.mnemonic === null) {
    throw new QoodError("ACCOUNT_SEEDLESS", `account ${name} holds a key and no words: stream secrets come from a seed, make the account with \`qood account new\``);
  }
  return { wallet, phrase: wallet.mnemonic.phrase };
}
