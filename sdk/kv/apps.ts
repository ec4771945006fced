/** Authorised apps: a grantee of a stream asks who holds the keys for a batch's key, wrapped for itself alone. */
import { AbiCoder, id, keccak256, type Signer, verifyMessage } from "ethers";
import { z } from "zod";
import { type Hex, toHex } from "../bytes/index.ts";
import { randomBytes } from "../crypto/random.ts";
import { deliveryContext, unwrapKeys, type WrappedKeys } from "../delivery/index.ts";
import type { DeliveryKey } from "../delivery/index.ts";
import type { Deployment, GrantRange } from "../client/index.ts";
import { ensure } from "../errors/index.ts";
import { hashHeader, type Header, headerToJson } from "../formats/index.ts";
import { askKv } from "./http.ts";

/** How far ahead a request's deadline is at most, seconds. */
export const REQUEST_SECONDS = 120;

const hex = (bytes: number) => z.custom<Hex>((v) => typeof v === "string" && new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(v), `expected 0x-hex of ${bytes} bytes`);
const anyHex = z.custom<Hex>((v) => typeof v === "string" && /^0x(?:[0-9a-fA-F]{2}){1,1024}$/.test(v), "expected 0x-hex");
const element = z.codec(z.string().regex(/^(?:0|[1-9][0-9]{0,77})$/), z.bigint(), { decode: (text) => BigInt(text), encode: (value) => value.toString() });

/** Body of a request for a key. */
export const keyRequestSchema = z.strictObject({
  header: z.custom<unknown>(),
  range: z.strictObject({ stream: hex(32), party: hex(20), first: z.int().min(0), last: z.int().min(0), expiry: z.int().min(0), paid: z.boolean() }),
  handleProof: anyHex,
  /** The app's key on BabyJubJub. */
  key: z.tuple([element, element]),
  nonce: hex(32),
  deadline: z.int().min(0),
  signature: anyHex,
});
/** Body of the answer: R and c, decimal. */
export const wrappedKeySchema = z.strictObject({ r: z.tuple([element, element]), c: z.array(element).length(1) });

/** A request for the key of one batch. */
export interface KeyRequest {
  readonly header: Header;
  readonly range: GrantRange;
  readonly handleProof: Hex;
  readonly key: readonly [bigint, bigint];
  readonly nonce: Hex;
  /** Unix seconds. */
  readonly deadline: number;
  readonly signature: Hex;
}

/** Where a request counts. */
export type KeyPlace = Pick<Deployment, "chainId" | "addresses">;

type Unsigned = Omit<KeyRequest, "signature" | "handleProof" | "range"> & { readonly party: Hex };

/** What a request's wrapped key is bound to: deployment, batch, app, its key and the request. */
function idOf({ chainId, addresses }: KeyPlace, { header, party, key, nonce, deadline }: Unsigned): Hex {
  const types = ["bytes32", "uint256", "address", "bytes32", "address", "uint256", "uint256", "bytes32", "uint256"];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [id("qood/kv/key-request/v1"), chainId, addresses.dataRegistry, hashHeader(header.words), party, ...key, nonce, deadline])) as Hex;
}

const textOf = (request: Hex): string => `QoodBlock: I ask for the key of a batch that I was granted.\n${request}`;
const unsigned = (request: KeyRequest): Unsigned => ({ ...request, party: request.range.party });

/** Context of a request's wrapped key. */
export function keyRequestContext(place: KeyPlace, request: KeyRequest): bigint {
  return deliveryContext({ chainId: BigInt(place.chainId), exchange: place.addresses.dataRegistry, dealId: idOf(place, unsigned(request)), page: 0 });
}

/**
 * Checks that the grantee itself asks, now. Whether the grant counts is for `mayRead`.
 * @param now Unix seconds
 * @throws QoodError `KV_REQUEST_STALE`, `KV_REQUEST_SIGNATURE`
 */
export function checkKeyRequest(place: KeyPlace, request: KeyRequest, now: number): void {
  ensure(request.deadline >= now && request.deadline <= now + 2 * REQUEST_SECONDS, "KV_REQUEST_STALE", "the request's deadline is over or too far ahead: sign a new one");
  let by = "";
  try {
    by = verifyMessage(textOf(idOf(place, unsigned(request))), request.signature);
  } catch {
    // Not a signature at all: of nobody.
  }
  ensure(by.toLowerCase() === request.range.party.toLowerCase(), "KV_REQUEST_SIGNATURE", "the request is not signed by the party of the grant");
}

/**
 * Asks for the key of a batch by a grant: works whether or not the device or the owner is there, as long as who holds the keys is.
 * @param ask.signer the grant's party
 * @param ask.key the app's own key, e.g. `randomDeliveryKey()`
 * @returns k of the batch, checked against the header's commitment
 * @throws QoodError `KV_NOT_ALLOWED`, `KV_NO_KEY`, `DELIVERY_*`, those of {@link askKv}
 */
export async function requestKey(url: string, place: KeyPlace, ask: Pick<KeyRequest, "header" | "range" | "handleProof"> & { readonly signer: Signer; readonly key: DeliveryKey }): Promise<bigint> {
  const { header, range, handleProof, signer, key } = ask;
  const bare: Unsigned = { header, party: range.party, key: [...key.publicKey] as [bigint, bigint], nonce: toHex(randomBytes(32)), deadline: Math.floor(Date.now() / 1000) + REQUEST_SECONDS };
  const signature = (await signer.signMessage(textOf(idOf(place, bare)))) as Hex;
  const { nonce, deadline } = bare;
  const request: KeyRequest = { header, range, handleProof, key: bare.key, nonce, deadline, signature };
  const body = z.encode(keyRequestSchema, { ...request, header: headerToJson(header), key: [bare.key[0], bare.key[1]] });
  const { r, c } = await askKv(url, "POST", "/v1/keys", wrappedKeySchema, body);
  const wrapped: WrappedKeys = { R: r, c };
  return unwrapKeys(key.secret, { context: keyRequestContext(place, request), commitments: [header.words.kc1], wrapped })[0]!;
}
