import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { takeLockFile } from "../process/lockFile.ts";
import { QoodError } from "@qoodblock/sdk/errors";
import { createBoxKeys, openBox } from "./box.ts";
import { DEFAULT_COST, decryptEnvelope, encryptEnvelope } from "./envelope.ts";
import type { KdfCost } from "./envelope.ts";

const word = z.string().regex(/^0x[0-9a-f]{64}$/);
const contentSchema = z.strictObject({
  version: z.literal(1),
  boxPublic: word,
  boxPrivate: word,
  deliverySecret: word,
  streams: z.record(z.string(), word),
});
type Content = z.infer<typeof contentSchema>;

/** A stream whose secret a vault holds. */
export interface HeldStream {
  /** 0x-hex, 32 bytes. */
  readonly handle: string;
  readonly keyEpoch: number;
}

/** An open vault: read only, and it follows the file when another process imports into it. */
export interface Vault {
  /** What stream secrets are sealed to: a raw X25519 key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes from which every `r` of a delivery is derived; kept while any deal made with it is open. */
  readonly deliverySecret: Uint8Array;
  /** The streams it holds secrets of, without the secrets. */
  streams(): HeldStream[];
  /**
   * A stream's secret, 32 bytes.
   * @throws QoodError VAULT_NO_SECRET.
   */
  streamSecret(handle: string, keyEpoch: number): Promise<Uint8Array>;
}

const slot = (handle: string, keyEpoch: number): string => `${handle.toLowerCase()}:${keyEpoch}`;

function readVaultFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new QoodError("VAULT_MISSING", `the vault ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"}): make it first, or name another`);
  }
}

async function read(file: string, passphrase: string): Promise<{ content: Content; cost: KdfCost }> {
  const { content, cost } = await decryptEnvelope(readVaultFile(file), passphrase, file);
  return { content: contentSchema.parse(JSON.parse(Buffer.from(content).toString("utf8"))), cost };
}

/** Old content or new, never a part, also after a power cut. */
async function write(file: string, content: Content, passphrase: string, cost: KdfCost): Promise<void> {
  const text = await encryptEnvelope(Buffer.from(JSON.stringify(content)), passphrase, cost);
  const partial = `${file}.${process.pid}.part`;
  const descriptor = openSync(partial, "w", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(partial, file);
}

/** One writer at a time: what two imports read before either wrote would lose one of them. */
async function locked<T>(file: string, act: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const holder = takeLockFile(lock);
  if (holder !== undefined) throw new QoodError("VAULT_BUSY", `process ${holder.pid} is writing the vault ${file}: try again when it has ended`);
  try {
    return await act();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * Makes a vault with a fresh key pair and delivery secret.
 * @returns the public key that stream secrets are to be sealed to.
 * @throws QoodError VAULT_EXISTS or VAULT_EMPTY_PASSPHRASE.
 */
export async function createVault(file: string, passphrase: string, cost: KdfCost = DEFAULT_COST): Promise<Uint8Array> {
  if (passphrase === "") throw new QoodError("VAULT_EMPTY_PASSPHRASE", "a vault wants a passphrase that is not empty");
  mkdirSync(dirname(file), { recursive: true });
  return locked(file, async () => {
    if (existsSync(file)) throw new QoodError("VAULT_EXISTS", `${file} exists: a vault is never overwritten`);
    const keys = await createBoxKeys();
    const content: Content = {
      version: 1,
      boxPublic: toHex(keys.publicKey),
      boxPrivate: toHex(keys.privateKey),
      deliverySecret: toHex(randomBytes(32)),
      streams: {},
    };
    await write(file, content, passphrase, cost);
    return keys.publicKey;
  });
}

/**
 * Opens a vault.
 * @throws QoodError VAULT_MISSING, VAULT_FORMAT or VAULT_PASSPHRASE.
 */
export async function openVault(file: string, passphrase: string): Promise<Vault> {
  let stamp = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  let { content } = await read(file, passphrase);
  return {
    publicKey: fromHex(content.boxPublic),
    deliverySecret: fromHex(content.deliverySecret),
    streams: () =>
      Object.keys(content.streams).map((key) => {
        const [handle, keyEpoch] = key.split(":");
        return { handle: handle!, keyEpoch: Number(keyEpoch) };
      }),
    async streamSecret(handle, keyEpoch) {
      const now = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
      if (content.streams[slot(handle, keyEpoch)] === undefined && now !== stamp) {
        ({ content } = await read(file, passphrase));
        stamp = now;
      }
      const secret = content.streams[slot(handle, keyEpoch)];
      if (secret === undefined) {
        throw new QoodError("VAULT_NO_SECRET", `the vault holds no secret for stream ${handle}, key epoch ${keyEpoch}: its principal must seal one to this vault`);
      }
      return fromHex(secret);
    },
  };
}

/**
 * Imports a sealed stream secret. The same box again changes nothing.
 * @throws QoodError of {@link openBox}, or VAULT_CONFLICT when another secret is held under the same handle and epoch.
 */
export async function importBox(file: string, passphrase: string, box: unknown): Promise<HeldStream> {
  return locked(file, async () => {
    const { content, cost } = await read(file, passphrase);
    const opened = await openBox({ publicKey: fromHex(content.boxPublic), privateKey: fromHex(content.boxPrivate) }, box);
    const held: HeldStream = { handle: toHex(opened.handle), keyEpoch: opened.keyEpoch };
    const key = slot(held.handle, held.keyEpoch);
    const before = content.streams[key];
    if (before === toHex(opened.secret)) return held;
    if (before !== undefined) {
      throw new QoodError("VAULT_CONFLICT", `the vault holds another secret for stream ${held.handle}, key epoch ${held.keyEpoch}: batches sealed with it could no longer be opened`);
    }
    await write(file, { ...content, streams: { ...content.streams, [key]: toHex(opened.secret) } }, passphrase, cost);
    return held;
  });
}
