/**
 * The offer file: everything that a buyer needs to check a batch before paying and to buy it, as JSON on IPFS. A promise only
 * by the order's signature; every other field is checked against it, the chain or the data.
 */
import { z } from "zod";
import type { Hex } from "../bytes/index.ts";
import { ensure, QoodError } from "../errors/index.ts";
import { DATA_CLASS } from "../formats/handle.ts";

/** Format tag of this version. */
export const OFFER_FORMAT = "qood/offer/v2";

/** Longest offer file that is read, in bytes: 1,024 lots with paths and an agreement stay below. */
export const MAX_OFFER_BYTES = 8 * 1024 * 1024;

const hex = (bytes: number): z.ZodType<Hex, Hex> =>
  z.custom<Hex>((v) => typeof v === "string" && new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(v), `expected 0x-hex of ${bytes} bytes`);
const anyHex = z.custom<Hex>((v) => typeof v === "string" && /^0x(?:[0-9a-fA-F]{2})*$/.test(v), "expected 0x-hex");
const address = hex(20);
const word = hex(32);
const uint = (bits: number): z.ZodNumber => z.number().int().min(0).max(bits >= 53 ? Number.MAX_SAFE_INTEGER : 2 ** bits - 1);
/** Decimal string on the wire, bigint inside. */
const big = z.codec(z.string().regex(/^(?:0|[1-9][0-9]{0,77})$/), z.bigint().min(0n).max(2n ** 256n - 1n), {
  decode: (text) => BigInt(text),
  encode: (value) => value.toString(),
});
const cid = z.string().regex(/^b[a-z2-7]{20,110}$/, "expected a CID v1 in base32");

const page = z.strictObject({ lotsHash: word, lotCount: uint(32), price: big, challengeDeposit: big, bond: big });

const order = z.strictObject({
  seller: address,
  buyer: address,
  buyersRoot: word,
  token: address,
  maxFeeBps: uint(16),
  agreementId: big,
  version: uint(32),
  dataClass: uint(8),
  privacy: uint(8),
  flags: uint(8),
  royaltyBps: uint(16),
  hook: address,
  hookCodeHash: word,
  pages: z.array(page).min(1).max(32),
  deliverTime: uint(32),
  answerTime: uint(32),
  complaintWindow: uint(32),
  repeatable: z.boolean(),
  maxFills: uint(32),
  expiry: uint(64),
  nonce: big,
  legalHash: word,
});

const agreement = z.strictObject({
  vehicle: big,
  epoch: uint(64),
  owner: address,
  oem: address,
  agent: address,
  storagePayee: address,
  pairs: z
    .array(
      z.strictObject({
        dataClass: uint(8),
        privacy: uint(8),
        authorised: z.boolean(),
        ownerBps: uint(16),
        oemBps: uint(16),
        agentBps: uint(16),
        storageBps: uint(16),
      }),
    )
    .length(6),
  tokens: z.array(z.strictObject({ token: address, oemFloor: big, userFloor: big, disputedFloor: big })).min(1).max(8),
  noticePeriod: uint(32),
  legalHash: word,
  nonce: uint(32),
  deadline: uint(64),
});

const header = z.strictObject({
  words: z.strictObject({
    stream: word,
    sequence: uint(64),
    tsp: address,
    root: word,
    kc1: big,
    kc2: big,
    flags: big,
    restHash: word,
  }),
  rest: z.strictObject({
    previousHeader: word,
    sealNonce: word,
    keyEpoch: uint(64),
    day: uint(32),
    leafSize: uint(32),
    segmentSize: uint(32),
    layout: uint(16),
    schema: word,
    dictionaryVersion: uint(32),
    firstTime: uint(64),
    lastTime: uint(64),
    records: uint(32),
    rawLength: uint(64),
    storedLength: uint(64),
    cipherDigest: word,
    dataHashDigest: word,
    descriptionHash: word,
    deviceKey: word,
    firstCounter: uint(64),
    lastCounter: uint(64),
    chainBefore: word,
    chainAfter: word,
  }),
});

/** zod codec of one batch as an offer, an announcement and a file of batches name it. */
export const lotSchema = z.strictObject({
  header,
  /** Device's signature of the batch; null for TSP_ATTESTED. */
  envelope: z.strictObject({ publicKey: hex(64), signature: hex(64) }).nullable(),
  /** Where the header is anchored: root, the TSP's anchor sequence, path of sorted pairs from the header hash up. */
  anchor: z.strictObject({ tsp: address, root: word, sequence: uint(64), path: z.array(word).max(20) }),
  /** What to fetch. */
  cids: z.strictObject({ ciphertext: cid, dataHashes: cid, description: cid }),
  /** 0, or 1 + position in `formers`: which agreement version the TSP was agent by. */
  former: uint(8),
});

/** zod codec of the offer file: decode = parse JSON values into bigints, encode = back. */
export const offerSchema = z.strictObject({
  format: z.literal(OFFER_FORMAT),
  chainId: uint(53),
  /** Escrow. */
  exchange: address,
  order,
  signature: anyHex,
  /** Owner's and OEM's signatures of the order: both for DISPUTED data, the class's principal below the floor; else 0x. */
  ownerSignature: anyHex,
  oemSignature: anyHex,
  agreement: z.strictObject({ version: uint(32), text: agreement }),
  /** Lots of all pages, one after the other, each in the order of its lotsHash; those of DISPUTED data once. */
  lots: z.array(lotSchema).min(1).max(1024),
  formers: z.array(z.strictObject({ version: uint(32), text: agreement })).max(32),
  /** libp2p addresses at which the TSP serves the files. */
  multiaddrs: z.array(z.string().regex(/^\/[\x21-\x7e]{1,255}$/)).max(16),
  /** Where the seller hands wrapped keys over off chain against a receipt; left out where it does not. */
  handover: z.url({ protocol: /^https?$/ }).max(255).optional(),
});

/** An offer, decoded. */
export type Offer = z.output<typeof offerSchema>;
/** One batch of an offer. */
export type OfferLot = z.output<typeof lotSchema>;

/**
 * The lots of one page. The two pages of DISPUTED data are over the same lots.
 * @throws QoodError `BAD_OFFER` where the order has no such page or the offer not that many lots
 */
export function lotsOfPage({ order, lots }: Pick<Offer, "order" | "lots">, page: number): OfferLot[] {
  ensure(page >= 0 && page < order.pages.length, "BAD_OFFER", `the order has ${order.pages.length} pages and no page ${page}`);
  const from = order.dataClass === DATA_CLASS.DISPUTED ? 0 : order.pages.slice(0, page).reduce((sum, { lotCount }) => sum + lotCount, 0);
  const found = lots.slice(from, from + order.pages[page]!.lotCount);
  ensure(found.length === order.pages[page]!.lotCount, "BAD_OFFER", `the offer has ${lots.length} lots, too few for page ${page}`);
  return found;
}

/** Offer to the bytes of its file (UTF-8 JSON). @throws QoodError `BAD_OFFER` */
export function encodeOffer(offer: Offer): Uint8Array {
  const result = z.safeEncode(offerSchema, offer);
  if (!result.success) throw new QoodError("BAD_OFFER", `offer cannot be written: ${firstIssue(result.error)}`, { cause: result.error });
  return new TextEncoder().encode(JSON.stringify(result.data));
}

/** Bytes of an offer file to an offer. Checks form only: signatures, hashes and chain are for the caller. @throws QoodError `BAD_OFFER` */
export function decodeOffer(bytes: Uint8Array): Offer {
  ensure(bytes.length <= MAX_OFFER_BYTES, "BAD_OFFER", `offer file has ${bytes.length} bytes, more than ${MAX_OFFER_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new QoodError("BAD_OFFER", "offer file is not JSON", { cause });
  }
  const result = offerSchema.safeParse(json);
  if (!result.success) throw new QoodError("BAD_OFFER", `offer file: ${firstIssue(result.error)}`, { cause: result.error });
  return result.data;
}

/** A batch as one line of a file of batches. */
export function encodeLot(lot: OfferLot): string {
  return `${JSON.stringify(z.encode(lotSchema, lot))}\n`;
}

/** Batches of a file of JSON lines. Checks form only. @throws QoodError `BAD_LOTS` with the line's number */
export function decodeLots(text: string): OfferLot[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (cause) {
      throw new QoodError("BAD_LOTS", `line ${i + 1} is not JSON`, { cause });
    }
    const result = lotSchema.safeParse(json);
    if (!result.success) throw new QoodError("BAD_LOTS", `line ${i + 1} is no batch: ${firstIssue(result.error)}`, { cause: result.error });
    return [result.data];
  });
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.map(String).join(".") || "file"}: ${issue.message}`;
}
