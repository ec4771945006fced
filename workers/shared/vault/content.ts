import { z } from "zod";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";

const word = z.string().regex(/^0x[0-9a-f]{64}$/);
const first = z.strictObject({ version: z.literal(1), boxPublic: word, boxPrivate: word, deliverySecret: word, streams: z.record(z.string(), word) });
const second = z.strictObject({
  ...first.shape,
  version: z.literal(2),
  /** Key pairs that the current one has replaced and that still open boxes under way. */
  former: z.array(z.strictObject({ boxPublic: word, boxPrivate: word })),
  /** Slots whose secret was erased → when, ISO 8601. */
  forgotten: z.record(z.string(), z.iso.datetime()),
});
const contentSchema = z.discriminatedUnion("version", [first, second]);

/** A key pair of a vault: raw X25519 keys of 32 bytes. */
export interface BoxPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** What a vault holds, in memory. Secrets are byte arrays, so that they can be wiped. */
export interface Content {
  /** The current pair first. */
  readonly pairs: readonly BoxPair[];
  readonly deliverySecret: Uint8Array;
  readonly streams: ReadonlyMap<string, Uint8Array>;
  readonly forgotten: ReadonlyMap<string, string>;
}

/** Name of a stream's key epoch. */
export const slot = (handle: string, keyEpoch: number): string => `${handle.toLowerCase()}:${keyEpoch}`;

/** A stream's key epoch, as a vault lists it. */
export interface HeldStream {
  /** 0x-hex, 32 bytes. */
  readonly handle: string;
  readonly keyEpoch: number;
}

/** Inverse of {@link slot}. */
export function slotParts(name: string): HeldStream {
  const [handle, keyEpoch] = name.split(":") as [string, string];
  return { handle, keyEpoch: Number(keyEpoch) };
}

/** Reads a vault's content of version 1 or 2. @throws QoodError VAULT_FORMAT */
export function decodeContent(bytes: Uint8Array, file: string): Content {
  const parsed = contentSchema.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  if (!parsed.success) throw new QoodError("VAULT_FORMAT", `the vault ${file} opens, and its content is not of version 1 or 2: it was written by a newer program`);
  const { data } = parsed;
  const pairs = [data, ...(data.version === 2 ? data.former : [])].map(({ boxPublic, boxPrivate }) => ({ publicKey: fromHex(boxPublic), privateKey: fromHex(boxPrivate) }));
  return {
    pairs,
    deliverySecret: fromHex(data.deliverySecret),
    streams: new Map(Object.entries(data.streams).map(([name, secret]) => [name, fromHex(secret)])),
    forgotten: new Map(data.version === 2 ? Object.entries(data.forgotten) : []),
  };
}

/** A vault's content as bytes, always of version 2. */
export function encodeContent(content: Content): Uint8Array {
  const [current, ...former] = content.pairs.map(({ publicKey, privateKey }) => ({ boxPublic: toHex(publicKey), boxPrivate: toHex(privateKey) }));
  const written: z.input<typeof second> = {
    version: 2,
    ...current!,
    deliverySecret: toHex(content.deliverySecret),
    streams: Object.fromEntries([...content.streams].map(([name, secret]) => [name, toHex(secret)])),
    former,
    forgotten: Object.fromEntries(content.forgotten),
  };
  return Buffer.from(JSON.stringify(written));
}

/** Overwrites the stream secrets in memory. */
export function wipe(content: Content): void {
  for (const secret of content.streams.values()) secret.fill(0);
}
