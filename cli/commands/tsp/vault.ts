import type { Command } from "commander";
import { toHex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Unlock } from "@qoodblock/workers/shared/vault/index.ts";
import { readJsonFile } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { printResult } from "../../output.ts";

/** What opens the vault, for every command of it. */
interface VaultOptions {
  readonly vault: string;
  readonly vaultPassphraseFile?: string;
  readonly vaultKeyfile?: string;
}

interface RotateOptions extends VaultOptions {
  readonly newPassphraseFile?: string;
  readonly newKeyfile?: string;
  readonly newBoxKey?: boolean;
  readonly dropFormer?: boolean;
}

interface ForgetOptions extends VaultOptions {
  readonly handle: string;
  readonly keyEpoch: string;
  readonly yes?: boolean;
}

const NEW_NAMES = { passphrase: "QOOD_NEW_VAULT_PASSPHRASE", key: "QOOD_NEW_VAULT_KEY" };

/** Loaded when it is needed: the other commands start faster without it. */
const workers = () => import("@qoodblock/workers/shared/vault/index.ts");

async function newUnlock(given: RotateOptions): Promise<Unlock | undefined> {
  const settings = { vaultPassphraseFile: given.newPassphraseFile, vaultKeyfile: given.newKeyfile };
  if (Object.values(settings).every((each) => each === undefined) && Object.values(NEW_NAMES).every((name) => (process.env[name] ?? "") === "")) return undefined;
  return (await workers()).unlockOf(settings, process.env, NEW_NAMES);
}

function slotOf(given: ForgetOptions): { handle: string; keyEpoch: number } {
  if (!/^0x[0-9a-fA-F]{64}$/.test(given.handle)) throw new QoodError("USAGE", "--handle must be 0x and 64 hexadecimal digits");
  if (!/^\d{1,15}$/.test(given.keyEpoch)) throw new QoodError("USAGE", "--key-epoch must be a whole number");
  return { handle: given.handle.toLowerCase(), keyEpoch: Number(given.keyEpoch) };
}

/** `qood tsp vault create|show|import|rotate|forget`: the file that holds the stream secrets. */
export function registerVault(tsp: Command, program: Command): void {
  const vault = tsp.command("vault").description("the encrypted file with the secrets of streams");
  const command = (name: string, description: string): Command =>
    vault
      .command(name)
      .description(description)
      .requiredOption("--vault <file>", "the vault")
      .option("--vault-passphrase-file <file>", "file with its passphrase; else QOOD_VAULT_PASSPHRASE or QOOD_VAULT_KEY is read")
      .option("--vault-keyfile <file>", "file of at least 32 random bytes (mode 600) that opens it in place of a passphrase");
  const options = (): GlobalOptions => program.opts<GlobalOptions>();

  command("create", "make a vault; nothing is overwritten").action(async (given: VaultOptions) => {
    const { createVault, unlockOf } = await workers();
    printResult({ vault: given.vault, publicKey: toHex(await createVault(given.vault, unlockOf(given, process.env))) }, options().json);
  });

  command("show", "the public key that principals seal to, and which streams are held or forgotten; no secret").action(async (given: VaultOptions) => {
    const { showVault, unlockOf } = await workers();
    printResult({ vault: given.vault, ...(await showVault(given.vault, unlockOf(given, process.env))) }, options().json);
  });

  command("import", "take sealed stream secrets, all of them or none")
    .argument("<box...>", "files that principals made with `grant-stream`")
    .option("--again", "also take secrets that were forgotten")
    .action(async (boxes: string[], given: VaultOptions & { again?: boolean }) => {
      const { importBoxes, unlockOf } = await workers();
      const taken = await importBoxes(given.vault, unlockOf(given, process.env), boxes.map(readJsonFile), { again: given.again === true });
      printResult(taken.map(({ handle, keyEpoch }, i) => ({ file: boxes[i], handle, keyEpoch })), options().json);
    });

  command("rotate", "change what opens the vault, or its key pair; the delivery secret stays")
    .option("--new-passphrase-file <file>", "file with the new passphrase; else QOOD_NEW_VAULT_PASSPHRASE or QOOD_NEW_VAULT_KEY is read, if set")
    .option("--new-keyfile <file>", "keyfile that opens it from now on")
    .option("--new-box-key", "a new public key for principals; boxes to the old one are still opened")
    .option("--drop-former", "forget the key pairs that were replaced: boxes to them open no more")
    .action(async (given: RotateOptions) => {
      const { rotateVault, unlockOf } = await workers();
      const to = await newUnlock(given);
      const { newBoxKey = false, dropFormer = false } = given;
      if (to === undefined && !newBoxKey && !dropFormer) throw new QoodError("USAGE", "say what is to change: --new-passphrase-file, --new-keyfile, QOOD_NEW_VAULT_PASSPHRASE, QOOD_NEW_VAULT_KEY, --new-box-key or --drop-former");
      const { publicKey, formerKeys } = await rotateVault(given.vault, unlockOf(given, process.env), { ...(to === undefined ? {} : { to }), newBoxKey, dropFormer });
      printResult({ vault: given.vault, opensAnew: to !== undefined, publicKey, formerKeys }, options().json);
    });

  command("forget", "erase the secret of a stream's key epoch for ever: nothing sealed with it can be delivered any more")
    .requiredOption("--handle <hex>", "the stream's handle, 32 bytes")
    .requiredOption("--key-epoch <number>", "key epoch")
    .option("--yes", "this cannot be undone, and it is meant")
    .action(async (given: ForgetOptions) => {
      const slot = slotOf(given);
      if (given.yes !== true) throw new QoodError("VAULT_CONFIRM", `this erases the secret of stream ${slot.handle}, key epoch ${slot.keyEpoch}, for ever: open deals of it can no longer be served; add --yes if it is meant`);
      const { forgetSecret, unlockOf } = await workers();
      const erased = await forgetSecret(given.vault, unlockOf(given, process.env), slot);
      printResult({ vault: given.vault, ...slot, forgotten: erased ? "now" : "before" }, options().json);
    });
}
