import { toHex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { createBoxKeys, openBox } from "./box.ts";
import type { StreamSecret } from "./box.ts";
import { slot, slotParts } from "./content.ts";
import type { Content, HeldStream } from "./content.ts";
import { DEFAULT_COST } from "./envelope.ts";
import type { KdfCost } from "./envelope.ts";
import { locked, readVault, writeVault } from "./file.ts";
import type { Unlock } from "./unlock.ts";

/** What can be told of a vault without its secrets. */
export interface VaultFacts {
  /** What principals seal to, 0x-hex. */
  readonly publicKey: string;
  /** Earlier public keys whose boxes are still opened. */
  readonly formerKeys: readonly string[];
  readonly streams: readonly HeldStream[];
  readonly forgotten: readonly (HeldStream & { readonly at: string })[];
}

const factsOf = ({ pairs, streams, forgotten }: Content): VaultFacts => {
  const [publicKey, ...formerKeys] = pairs.map((pair) => toHex(pair.publicKey));
  return { publicKey: publicKey!, formerKeys, streams: [...streams.keys()].map(slotParts), forgotten: [...forgotten].map(([name, at]) => ({ ...slotParts(name), at })) };
};

/** Reads what can be told of a vault. @throws QoodError of `openVault` */
export async function showVault(file: string, unlock: Unlock): Promise<VaultFacts> {
  return factsOf((await readVault(file, unlock)).content);
}

/** Opens a box by whichever pair it is sealed to. */
function openAny(content: Content, box: unknown): Promise<StreamSecret> {
  const to = typeof box === "object" && box !== null && "to" in box ? box.to : undefined;
  return openBox(content.pairs.find(({ publicKey }) => toHex(publicKey) === to) ?? content.pairs[0]!, box);
}

/** How boxes are imported. */
export interface ImportOptions {
  /** Take a secret again that was forgotten. */
  readonly again?: boolean;
}

/** Adds one opened box to the content, or says why not. */
function take(content: Content, opened: StreamSecret, options: ImportOptions): Content {
  const held: HeldStream = { handle: toHex(opened.handle), keyEpoch: opened.keyEpoch };
  const key = slot(held.handle, held.keyEpoch);
  const before = content.streams.get(key);
  if (before !== undefined && toHex(before) === toHex(opened.secret)) return content;
  if (before !== undefined) {
    throw new QoodError("VAULT_CONFLICT", `the vault holds another secret for stream ${held.handle}, key epoch ${held.keyEpoch}: batches sealed with it could no longer be opened`);
  }
  const at = content.forgotten.get(key);
  if (at !== undefined && options.again !== true) {
    throw new QoodError("VAULT_FORGOTTEN", `the secret of stream ${held.handle}, key epoch ${held.keyEpoch}, was erased on purpose at ${at} and is not taken again: grant a new key epoch, or say that this one is to come back`);
  }
  const forgotten = new Map(content.forgotten);
  forgotten.delete(key);
  return { ...content, streams: new Map(content.streams).set(key, opened.secret), forgotten };
}

/**
 * Imports sealed stream secrets, all in one writing or none. The same box again changes nothing.
 * @throws QoodError of `openBox`, VAULT_CONFLICT when another secret is held under the same handle and epoch, VAULT_FORGOTTEN
 */
export async function importBoxes(file: string, unlock: Unlock, boxes: readonly unknown[], options: ImportOptions = {}): Promise<HeldStream[]> {
  return locked(file, async () => {
    const { content, cost } = await readVault(file, unlock);
    let after = content;
    const taken: HeldStream[] = [];
    for (const box of boxes) {
      const opened = await openAny(content, box);
      after = take(after, opened, options);
      taken.push({ handle: toHex(opened.handle), keyEpoch: opened.keyEpoch });
    }
    if (after !== content) await writeVault(file, after, unlock, cost);
    return taken;
  });
}

/** Imports one sealed stream secret; see {@link importBoxes}. */
export async function importBox(file: string, unlock: Unlock, box: unknown, options: ImportOptions = {}): Promise<HeldStream> {
  return (await importBoxes(file, unlock, [box], options))[0]!;
}

/**
 * Erases a stream secret for ever: the file is written anew with fresh salt and nonce, the old one's bytes are overwritten,
 * and the slot is remembered as forgotten. Every process that has the vault open drops it at its next look.
 * @returns false when it was forgotten before.
 * @throws QoodError VAULT_NO_SECRET when it was never held
 */
export async function forgetSecret(file: string, unlock: Unlock, { handle, keyEpoch }: HeldStream): Promise<boolean> {
  return locked(file, async () => {
    const { content, cost } = await readVault(file, unlock);
    const key = slot(handle, keyEpoch);
    if (content.forgotten.has(key)) return false;
    if (!content.streams.has(key)) throw new QoodError("VAULT_NO_SECRET", `the vault holds no secret for stream ${handle}, key epoch ${keyEpoch}: there is nothing to forget`);
    const streams = new Map(content.streams);
    streams.delete(key);
    await writeVault(file, { ...content, streams, forgotten: new Map(content.forgotten).set(key, new Date().toISOString()) }, unlock, cost, "shred");
    return true;
  });
}

/** What a rotation changes; the delivery secret never does, as open deals need it. */
export interface Rotation {
  /** What opens the vault from now on. */
  readonly to?: Unlock;
  /** For a passphrase; that of the file without it. */
  readonly cost?: KdfCost;
  /** A new key pair for principals to seal to; boxes to the old one are still opened. */
  readonly newBoxKey?: boolean;
  /** Forget the key pairs that were replaced: boxes that were sealed to them open no more, for anybody. */
  readonly dropFormer?: boolean;
}

/**
 * Changes what opens a vault, or its key pair, in one writing; the old file's bytes are overwritten.
 * @throws QoodError of `openVault`, VAULT_EMPTY_PASSPHRASE
 */
export async function rotateVault(file: string, unlock: Unlock, rotation: Rotation): Promise<VaultFacts> {
  if (rotation.to === "") throw new QoodError("VAULT_EMPTY_PASSPHRASE", "a vault wants a passphrase that is not empty");
  return locked(file, async () => {
    const { content, cost } = await readVault(file, unlock);
    const grown = rotation.newBoxKey === true ? [await createBoxKeys(), ...content.pairs] : content.pairs;
    const after: Content = { ...content, pairs: rotation.dropFormer === true ? grown.slice(0, 1) : grown };
    const fresh = typeof unlock !== "string" && rotation.cost === undefined ? DEFAULT_COST : cost;
    await writeVault(file, after, rotation.to ?? unlock, rotation.cost ?? fresh, "shred");
    return factsOf(after);
  });
}
