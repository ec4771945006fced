import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Unlock } from "./unlock.ts";

/** scrypt's cost: N·r·128 bytes of memory. The default takes 128 MiB and about half a second once a start. */
export interface KdfCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What a new vault is written with. */
export const DEFAULT_COST: KdfCost = { N: 2 ** 17, r: 8, p: 1 };

const hex = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

// Bounded, so that a planted file cannot make a start take all memory.
const scryptSchema = z.strictObject({ name: z.literal("scrypt"), N: z.int().min(2 ** 10).max(2 ** 20), r: z.int().min(1).max(16), p: z.int().min(1).max(8), salt: hex(16) });
const hkdfSchema = z.strictObject({ name: z.literal("hkdf-sha256"), salt: hex(16) });
type Kdf = z.output<typeof scryptSchema> | z.output<typeof hkdfSchema>;

const common = {
  format: z.literal("qood-vault"),
  cipher: z.strictObject({ name: z.literal("aes-256-gcm"), nonce: hex(12), tag: hex(16) }),
  data: z.string().regex(/^([0-9a-f]{2})+$/),
};
/** Version 1 knew passphrases only; version 2 is what is written. */
const envelopeSchema = z.discriminatedUnion("version", [
  z.strictObject({ ...common, version: z.literal(1), kdf: scryptSchema }),
  z.strictObject({ ...common, version: z.literal(2), kdf: z.discriminatedUnion("name", [scryptSchema, hkdfSchema]) }),
]);

/** A passphrase goes through scrypt; key material has its strength already. */
function derive(unlock: Unlock, kdf: Kdf): Promise<Buffer> {
  const salt = Buffer.from(kdf.salt, "hex");
  return new Promise((resolve, reject) => {
    if (kdf.name === "scrypt") {
      const { N, r, p } = kdf;
      scrypt((unlock as string).normalize("NFC"), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) => (error === null ? resolve(key) : reject(error)));
    } else resolve(Buffer.from(hkdfSync("sha256", (unlock as { key: Uint8Array }).key, salt, "qood/vault-key/v1", 32)));
  });
}

/** Everything in the envelope but the encrypted part and its tag is authenticated with it. */
function authenticated(version: number, kdf: Kdf, nonce: string): Buffer {
  return Buffer.from(JSON.stringify(["qood-vault", version, kdf, nonce]));
}

/** Encrypts a vault's content; salt and nonce are fresh at every writing. `cost` counts for a passphrase only. */
export async function encryptEnvelope(content: Uint8Array, unlock: Unlock, cost: KdfCost): Promise<string> {
  const salt = randomBytes(16).toString("hex");
  const kdf: Kdf = typeof unlock === "string" ? { name: "scrypt", N: cost.N, r: cost.r, p: cost.p, salt } : { name: "hkdf-sha256", salt };
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await derive(unlock, kdf), nonce);
  cipher.setAAD(authenticated(2, kdf, nonce.toString("hex")));
  const data = Buffer.concat([cipher.update(content), cipher.final()]);
  const envelope: z.input<typeof envelopeSchema> = {
    format: "qood-vault",
    version: 2,
    kdf,
    cipher: { name: "aes-256-gcm", nonce: nonce.toString("hex"), tag: cipher.getAuthTag().toString("hex") },
    data: data.toString("hex"),
  };
  return `${JSON.stringify(envelope)}\n`;
}

function refuseKind(unlock: Unlock, kdf: Kdf, file: string): void {
  if (kdf.name === "scrypt" && typeof unlock !== "string") throw new QoodError("VAULT_UNLOCK", `the vault ${file} opens by a passphrase, not by a keyfile or raw key`);
  if (kdf.name !== "scrypt" && typeof unlock === "string") throw new QoodError("VAULT_UNLOCK", `the vault ${file} opens by a keyfile or raw key, not by a passphrase`);
}

/** An opened envelope. */
export interface Opened {
  readonly content: Uint8Array;
  /** What it was written with; the default where it opens by key material. */
  readonly cost: KdfCost;
}

/**
 * Decrypts a vault file of version 1 or 2.
 * @throws QoodError VAULT_FORMAT, VAULT_UNLOCK or VAULT_PASSPHRASE (a changed file cannot be told from a wrong passphrase or key).
 */
export async function decryptEnvelope(text: string, unlock: Unlock, file: string): Promise<Opened> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new QoodError("VAULT_FORMAT", `${file} is no vault: not JSON`);
  }
  const parsed = envelopeSchema.safeParse(value);
  if (!parsed.success) throw new QoodError("VAULT_FORMAT", `${file} is no vault of version 1 or 2: ${parsed.error.issues[0]!.path.join(".")} is missing or wrong`);
  const { version, kdf, cipher, data } = parsed.data;
  refuseKind(unlock, kdf, file);
  const decipher = createDecipheriv("aes-256-gcm", await derive(unlock, kdf), Buffer.from(cipher.nonce, "hex"));
  // In the order in which it was written, whatever the order in the file.
  const ordered: Kdf = kdf.name === "scrypt" ? { name: kdf.name, N: kdf.N, r: kdf.r, p: kdf.p, salt: kdf.salt } : { name: kdf.name, salt: kdf.salt };
  decipher.setAAD(authenticated(version, ordered, cipher.nonce));
  decipher.setAuthTag(Buffer.from(cipher.tag, "hex"));
  try {
    const content = Buffer.concat([decipher.update(Buffer.from(data, "hex")), decipher.final()]);
    return { content, cost: kdf.name === "scrypt" ? { N: kdf.N, r: kdf.r, p: kdf.p } : DEFAULT_COST };
  } catch {
    throw new QoodError("VAULT_PASSPHRASE", `the vault ${file} does not open: wrong ${typeof unlock === "string" ? "passphrase" : "key"}, or the file was changed`);
  }
}
