import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The passphrase of this state folder's key files and vault: random, readable by its owner alone. It stands beside what
 * it protects, as a demo must start without a question; whoever runs the workers for real keeps it elsewhere.
 */
export function statePassphrase(state: string): string {
  const file = join(state, "passphrase");
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}
