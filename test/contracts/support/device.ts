/** A device in the world's vehicle, and batches whose last message it has signed. */
import { hashTypedData } from "../../../sdk/eip712/index.ts";
import { fromHex, type Hex, toHex } from "../../../sdk/bytes/index.ts";
import type { LastMessage, OpenedHeader } from "../../../sdk/client/index.ts";
import { deviceSetupData, signTypedData } from "../../../sdk/eip712/index.ts";
import type { streamHandle } from "../../../sdk/formats/index.ts";
import { chainHash, encodeRest, hashHeader, hashRest, type HeaderRest, type HeaderWords } from "../../../sdk/formats/index.ts";
import { type Role, tx } from "./chain.ts";
import type { Key } from "./device-keys.ts";
import { restOf } from "./orders.ts";
import { anchorLot, FAR, hash, header, type World } from "./world.ts";

/** Registers a key for the world's vehicle, by the owner of its current epoch. */
export async function setUpDevice(w: World, key: Key, options: { owner?: Role; vehicle?: bigint; epoch?: number } = {}): Promise<void> {
  const setup = { vehicle: options.vehicle ?? w.vehicle, epoch: options.epoch ?? 1, deviceKey: key.deviceKey, agent: w.who.at.tsp, deadline: FAR };
  const data = deviceSetupData(w.domain("deviceRegistry"), setup);
  const signatures = { ownerSignature: await signTypedData(w.who[options.owner ?? "owner"], data), deviceSignature: key.signDigest(hashTypedData(data)) };
  await tx(w.who.stranger, w.calls.setupDevice({ ...setup, publicKey: key.publicKey, ...signatures }));
}

/** A batch with its second level and the message that ends it. */
export interface SignedBatch {
  words: HeaderWords;
  rest: HeaderRest;
  restBytes: Uint8Array;
  message: LastMessage;
  headerHash: Hex;
}

/** A batch of the world's stream that a device has signed. */
export function signedBatch(
  w: World,
  key: Key,
  change: { words?: Partial<HeaderWords>; rest?: Partial<HeaderRest>; stream?: Partial<Parameters<typeof streamHandle>[0]>; signedStream?: Hex; signedCounter?: number } = {},
): SignedBatch {
  const { stream } = header(w, {}, change.stream);
  const [previous, rows] = [hash("chain before the last message"), hash("rows")];
  const counters = { firstCounter: 3, lastCounter: 9, ...change.rest };
  const chain = chainHash(fromHex(previous, 32), fromHex(change.signedStream ?? stream, 32), change.signedCounter ?? counters.lastCounter, fromHex(rows, 32));
  const rest = restOf({ deviceKey: key.deviceKey, chainAfter: toHex(chain), ...counters, ...change.rest });
  const words = header(w, { restHash: hashRest(rest), ...change.words }, change.stream);
  const message = { previous, rowsRoot: rows, publicKey: key.publicKey, signature: key.signDigest(toHex(chain)) };
  return { words, rest, restBytes: encodeRest(rest), message, headerHash: hashHeader(words) };
}

let anchors = 5000;

/** Anchors a batch by its TSP, and opens it. */
export async function openedHeader(w: World, words: HeaderWords, by: "tsp" | "tsp2" | "stranger" = "tsp"): Promise<OpenedHeader> {
  const { path } = await anchorLot(w, words, { sequence: (anchors += 1), by });
  return { header: words, path };
}
