import { readFileSync } from "node:fs";
import { QoodError } from "@qoodblock/sdk/errors";

const LEAST = 32;

/**
 * The secret that tokens are signed with, from a file (its first line) or else from the environment.
 * @throws QoodError TOKEN_SECRET
 */
export function readTokenSecret(file: string | undefined, env: Readonly<Record<string, string | undefined>>): Uint8Array {
  let text = env.QOOD_TOKEN_SECRET ?? "";
  if (file !== undefined) {
    try {
      text = readFileSync(file, "utf8").split(/\r?\n/, 1)[0]!;
    } catch (error) {
      throw new QoodError("TOKEN_SECRET", `the file of the token secret, ${file}, cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
    }
  }
  if (text.length < LEAST) throw new QoodError("TOKEN_SECRET", `the token secret has ${text.length} characters, at least ${LEAST} are needed: set QOOD_TOKEN_SECRET or --token-secret-file, e.g. to what \`openssl rand -hex 32\` prints`);
  return new TextEncoder().encode(text);
}
