import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The passphrase of this state folder's key files and vault: random, readable by its owner alone. It stands beside what
 * it protects, as a demo must start without a question; whoever runs the workers for real keeps it elsewhere.
 */
export function statePassphrase(state: string): string {
  const file = join(state, "passphrase");
  if (!existsSync(file)) {
    // Whole or not at all: half a passphrase would lock everything away.
    const partial = `${file}.${process.pid}.part`;
    writeFileSync(partial, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
    renameSync(partial, file);
  }
  return readFileSync(file, "utf8").trim();
}
