import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { z } from "zod";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";

/**
 * The sealed box in which a stream secret travels from its principal to a TSP's vault: HPKE (RFC 9180), base mode,
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, one message a box. What the box is for stands in the clear and
 * is authenticated, so a box cannot be imported under another handle, key epoch or vault. This file holds no vault
 * code: the principal's own process imports it alone.
 */
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const INFO = new TextEncoder().encode("qood/vault-box/v1");

const word = z.string().regex(/^0x[0-9a-f]{64}$/, "must be 32 bytes in lower-case hex");

/** A sealed box as it stands in a file. */
export const sealedBoxSchema = z.strictObject({
  version: z.literal(1),
  /** The vault's public key that it is sealed to. */
  to: word,
  handle: word,
  keyEpoch: z.int().nonnegative(),
  /** HPKE's encapsulated key. */
  enc: word,
  /** 32 bytes of secret and the tag of 16. */
  box: z.string().regex(/^0x[0-9a-f]{96}$/, "must be 48 bytes in lower-case hex"),
});

/** See {@link sealedBoxSchema}. */
export type SealedBox = z.infer<typeof sealedBoxSchema>;

/** A stream secret with what it belongs to. */
export interface StreamSecret {
  /** The stream's handle, 32 bytes. */
  readonly handle: Uint8Array;
  readonly keyEpoch: number;
  /** 32 bytes, as `HKDF(seed, handle ‖ keyEpoch)` gives them. */
  readonly secret: Uint8Array;
}

function authenticated(to: string, handle: string, keyEpoch: number): Uint8Array {
  return new TextEncoder().encode(`${to}|${handle}|${keyEpoch}`);
}

/** A fresh key pair for a vault: raw X25519 keys of 32 bytes. */
export async function createBoxKeys(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }> {
  const pair = await suite.kem.generateKeyPair();
  return {
    publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)),
    privateKey: new Uint8Array(await suite.kem.serializePrivateKey(pair.privateKey)),
  };
}

/**
 * Seals a stream secret to a vault.
 * @param publicKey - the vault's public key, 32 bytes.
 * @throws QoodError BOX_KEY when it is no X25519 key of full order.
 */
export async function sealTo(publicKey: Uint8Array, content: StreamSecret): Promise<SealedBox> {
  const to = toHex(publicKey);
  const handle = toHex(content.handle);
  if (content.secret.length !== 32) throw new QoodError("BOX_SECRET", `a stream secret has 32 bytes, not ${content.secret.length}`);
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey.slice().buffer);
    const sealed = await suite.seal({ recipientPublicKey, info: INFO }, content.secret, authenticated(to, handle, content.keyEpoch));
    return sealedBoxSchema.parse({
      version: 1,
      to,
      handle,
      keyEpoch: content.keyEpoch,
      enc: toHex(new Uint8Array(sealed.enc)),
      box: toHex(new Uint8Array(sealed.ct)),
    });
  } catch (error) {
    throw new QoodError("BOX_KEY", `the vault's public key ${to} cannot be sealed to (${(error as Error).message}): ask the TSP for it again`);
  }
}

/**
 * Opens a box with the vault's private key.
 * @throws QoodError BOX_FORMAT, BOX_RECIPIENT or BOX_DAMAGED.
 */
export async function openBox(keys: { publicKey: Uint8Array; privateKey: Uint8Array }, input: unknown): Promise<StreamSecret> {
  const parsed = sealedBoxSchema.safeParse(input);
  if (!parsed.success) throw new QoodError("BOX_FORMAT", `this is no sealed stream secret: ${parsed.error.issues[0]!.path.join(".")} ${parsed.error.issues[0]!.message}`);
  const box = parsed.data;
  const own = toHex(keys.publicKey);
  if (box.to !== own) throw new QoodError("BOX_RECIPIENT", `the box is sealed to ${box.to}, this vault's key is ${own}: have it sealed again`);
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(keys.privateKey.slice().buffer);
    const opened = await suite.open(
      { recipientKey, enc: fromHex(box.enc).slice().buffer, info: INFO },
      fromHex(box.box).slice(),
      authenticated(box.to, box.handle, box.keyEpoch),
    );
    return { handle: fromHex(box.handle), keyEpoch: box.keyEpoch, secret: new Uint8Array(opened) };
  } catch {
    throw new QoodError("BOX_DAMAGED", `the sealed secret for stream ${box.handle}, key epoch ${box.keyEpoch}, does not open: it was changed on the way`);
  }
}
