import { statSync } from "node:fs";
import type { BaseWallet } from "ethers";
import { openAccount } from "@qoodblock/workers/shared/chain/index.ts";
import { openVault, readPassphrase, unlockOf } from "@qoodblock/workers/shared/vault/index.ts";
import type { UnlockSettings } from "@qoodblock/workers/shared/vault/index.ts";
import { check } from "./finding.ts";
import type { Finding, Findings } from "./finding.ts";
import { distinct } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** Secrets that others of the machine can read are none. */
function permissions(file: string, said: Findings): void {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0) said.warning(`${file} can be read by others (mode ${mode.toString(8)}): chmod 600 it`);
}

/** The vault opens, and holds secrets to seal with. */
export async function checkVault(subject: Subject): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { vault: file, ...unlock } of distinct(subject, ["vault", "vaultPassphraseFile", "vaultKeyfile"]) as ({ vault: string } & UnlockSettings)[]) {
    findings.push(
      ...(await check("vault", async (said) => {
        const vault = await openVault(file, unlockOf(unlock, subject.env));
        const held = vault.streams().length;
        if (held === 0) said.warning("it opens and holds no stream's secret: nothing can be sealed before a principal has sealed one to it");
        else said.ok(`opens, holds the secrets of ${held} ${held === 1 ? "stream" : "streams"}`);
        permissions(file, said);
        if (unlock.vaultPassphraseFile !== undefined) permissions(unlock.vaultPassphraseFile, said);
      })),
    );
  }
  return findings;
}

/** A signer's key file that opens, and for whom. */
export interface OpenedAccount {
  readonly keystore: string;
  readonly wallet: BaseWallet;
}

/** The key files open. */
export async function checkKeystores(subject: Subject): Promise<{ findings: Finding[]; opened: OpenedAccount[] }> {
  const findings: Finding[] = [];
  const opened: OpenedAccount[] = [];
  for (const { keystore, keystorePassphraseFile } of distinct(subject, ["keystore", "keystorePassphraseFile"]) as { keystore: string; keystorePassphraseFile: string | undefined }[]) {
    findings.push(
      ...(await check("key file", async (said) => {
        const wallet = await openAccount(keystore, readPassphrase({ what: "the key file", file: keystorePassphraseFile, variable: "QOOD_KEYSTORE_PASSPHRASE", env: subject.env }));
        opened.push({ keystore, wallet });
        said.ok(`opens, account ${wallet.address}`);
        permissions(keystore, said);
        if (keystorePassphraseFile !== undefined) permissions(keystorePassphraseFile, said);
      })),
    );
  }
  return { findings, opened };
}
