import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import { createBoxKeys } from "./box.ts";
import { slot, slotParts, wipe } from "./content.ts";
import type { Content, HeldStream } from "./content.ts";
import { DEFAULT_COST } from "./envelope.ts";
import type { KdfCost } from "./envelope.ts";
import { locked, readVault, stampOf, writeVault } from "./file.ts";
import type { Unlock } from "./unlock.ts";

/** An open vault: read only, and it follows the file when another process writes it. */
export interface Vault {
  /** What stream secrets are sealed to: a raw X25519 key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes from which every `r` of a delivery is derived; the same for the vault's whole life, as open deals need it. */
  readonly deliverySecret: Uint8Array;
  /** The streams it held secrets of when the file was last looked at, without the secrets. */
  streams(): HeldStream[];
  /** The same, by the file as it is now. @throws QoodError of {@link openVault} */
  look(): Promise<HeldStream[]>;
  /**
   * A stream's secret, 32 bytes, by the file as it is now: a secret that was forgotten is not given from memory.
   * @throws QoodError VAULT_NO_SECRET, VAULT_FORGOTTEN, those of {@link openVault}
   */
  streamSecret(handle: string, keyEpoch: number): Promise<Uint8Array>;
  /** Overwrites the secrets in memory; the next use reads the file again. */
  close(): void;
}

/** How a worker follows its vault: what was erased from the file is gone from its memory within seconds. */
export const FOLLOW_VAULT = { followMs: 2000 } as const;

/**
 * Makes a vault with a fresh key pair and delivery secret.
 * @param unlock - a passphrase, or key material.
 * @returns the public key that stream secrets are to be sealed to.
 * @throws QoodError VAULT_EXISTS or VAULT_EMPTY_PASSPHRASE.
 */
export async function createVault(file: string, unlock: Unlock, cost: KdfCost = DEFAULT_COST): Promise<Uint8Array> {
  if (unlock === "") throw new QoodError("VAULT_EMPTY_PASSPHRASE", "a vault wants a passphrase that is not empty");
  mkdirSync(dirname(file), { recursive: true });
  return locked(file, async () => {
    if (existsSync(file)) throw new QoodError("VAULT_EXISTS", `${file} exists: a vault is never overwritten`);
    const keys = await createBoxKeys();
    await writeVault(file, { pairs: [keys], deliverySecret: new Uint8Array(randomBytes(32)), streams: new Map(), forgotten: new Map() }, unlock, cost);
    return keys.publicKey;
  });
}

/** A lost secret, and one that was erased on purpose, are two things to do something about. */
function missing({ forgotten }: Content, handle: string, keyEpoch: number): QoodError {
  const at = forgotten.get(slot(handle, keyEpoch));
  if (at === undefined) return new QoodError("VAULT_NO_SECRET", `the vault holds no secret for stream ${handle}, key epoch ${keyEpoch}: its principal must seal one to this vault`);
  return new QoodError("VAULT_FORGOTTEN", `the secret of stream ${handle}, key epoch ${keyEpoch}, was erased from the vault at ${at}: nothing can be sealed or delivered with it any more`);
}

/**
 * Opens a vault. When the file has changed, what is in memory is wiped and the file is read again at the next use.
 * @param unlock - what opens it, or a function that is asked at every reading: after a rotation it may read a new passphrase.
 * @param options.followMs - look so often whether the file has changed, also while nobody asks for a secret.
 * @throws QoodError VAULT_MISSING, VAULT_FORMAT, VAULT_UNLOCK or VAULT_PASSPHRASE.
 */
export async function openVault(file: string, unlock: Unlock | (() => Unlock), options: { readonly followMs?: number } = {}): Promise<Vault> {
  let held: Content | undefined;
  let stamp: string | undefined;
  let reading: Promise<Content> | undefined;

  function drop(): void {
    if (held !== undefined) wipe(held);
    held = undefined;
  }
  async function read(): Promise<Content> {
    const before = stampOf(file);
    const { content } = await readVault(file, typeof unlock === "function" ? unlock() : unlock);
    ({ publicKey } = content.pairs[0]!);
    ({ deliverySecret } = content);
    [held, stamp] = [content, before];
    return content;
  }
  function current(): Promise<Content> {
    if (held !== undefined && stampOf(file) === stamp) return Promise.resolve(held);
    drop();
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  }
  const list = (content: Content | undefined): HeldStream[] => [...(content?.streams.keys() ?? [])].map(slotParts);

  let publicKey: Uint8Array = new Uint8Array();
  let deliverySecret: Uint8Array = new Uint8Array();
  await current();
  const timer = options.followMs === undefined ? undefined : setInterval(() => stampOf(file) !== stamp && drop(), options.followMs).unref();
  return {
    get publicKey() {
      return publicKey;
    },
    get deliverySecret() {
      return deliverySecret;
    },
    streams: () => list(held),
    look: async () => list(await current()),
    async streamSecret(handle, keyEpoch) {
      for (;;) {
        const content = await current();
        // Wiped by another call in the meantime: a key of zeros must never be given.
        if (content !== held) continue;
        const secret = content.streams.get(slot(handle, keyEpoch));
        if (secret === undefined) throw missing(content, handle, keyEpoch);
        return secret.slice();
      }
    },
    close() {
      clearInterval(timer);
      drop();
    },
  };
}
