import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";

/** scrypt's cost: N·r·128 bytes of memory. The default takes 128 MiB and about half a second once a start. */
export interface KdfCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What a new vault is written with. */
export const DEFAULT_COST: KdfCost = { N: 2 ** 17, r: 8, p: 1 };

const hex = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

const envelopeSchema = z.strictObject({
  format: z.literal("qood-vault"),
  version: z.literal(1),
  // Bounded, so that a planted file cannot make a start take all memory.
  kdf: z.strictObject({ name: z.literal("scrypt"), N: z.int().min(2 ** 10).max(2 ** 20), r: z.int().min(1).max(16), p: z.int().min(1).max(8), salt: hex(16) }),
  cipher: z.strictObject({ name: z.literal("aes-256-gcm"), nonce: hex(12), tag: hex(16) }),
  data: z.string().regex(/^([0-9a-f]{2})+$/),
});

function derive(passphrase: string, salt: Uint8Array, cost: KdfCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const maxmem = 256 * cost.N * cost.r;
    scrypt(passphrase.normalize("NFC"), salt, 32, { ...cost, maxmem }, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

/** Everything in the envelope but the encrypted part and its tag is authenticated with it. */
function authenticated(kdf: object, nonce: string): Buffer {
  return Buffer.from(JSON.stringify(["qood-vault", 1, kdf, nonce]));
}

/** Encrypts a vault's content under a passphrase; salt and nonce are fresh at every writing. */
export async function encryptEnvelope(content: Uint8Array, passphrase: string, cost: KdfCost): Promise<string> {
  const salt = randomBytes(16);
  const kdf = { name: "scrypt" as const, N: cost.N, r: cost.r, p: cost.p, salt: salt.toString("hex") };
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await derive(passphrase, salt, cost), nonce);
  cipher.setAAD(authenticated(kdf, nonce.toString("hex")));
  const data = Buffer.concat([cipher.update(content), cipher.final()]);
  const envelope: z.infer<typeof envelopeSchema> = {
    format: "qood-vault",
    version: 1,
    kdf,
    cipher: { name: "aes-256-gcm", nonce: nonce.toString("hex"), tag: cipher.getAuthTag().toString("hex") },
    data: data.toString("hex"),
  };
  return `${JSON.stringify(envelope)}\n`;
}

/**
 * Decrypts a vault file.
 * @returns its content and the cost it was written with.
 * @throws QoodError VAULT_FORMAT or VAULT_PASSPHRASE (a changed file cannot be told from a wrong passphrase).
 */
export async function decryptEnvelope(text: string, passphrase: string, file: string): Promise<{ content: Uint8Array; cost: KdfCost }> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new QoodError("VAULT_FORMAT", `${file} is no vault: not JSON`);
  }
  const parsed = envelopeSchema.safeParse(value);
  if (!parsed.success) throw new QoodError("VAULT_FORMAT", `${file} is no vault of version 1: ${parsed.error.issues[0]!.path.join(".")} is missing or wrong`);
  const { kdf, cipher, data } = parsed.data;
  const cost = { N: kdf.N, r: kdf.r, p: kdf.p };
  const key = await derive(passphrase, Buffer.from(kdf.salt, "hex"), cost);
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(cipher.nonce, "hex"));
  decipher.setAAD(authenticated({ name: kdf.name, ...cost, salt: kdf.salt }, cipher.nonce));
  decipher.setAuthTag(Buffer.from(cipher.tag, "hex"));
  try {
    return { content: Buffer.concat([decipher.update(Buffer.from(data, "hex")), decipher.final()]), cost };
  } catch {
    throw new QoodError("VAULT_PASSPHRASE", `the vault ${file} does not open: wrong passphrase, or the file was changed`);
  }
}
