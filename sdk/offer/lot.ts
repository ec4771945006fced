import { ensure, QoodError } from "../errors/index.ts";
import { decodeFlags, openHeader, streamHandle, type DataClass, type Privacy } from "../formats/index.ts";
import { DATA_CLASS, PRIVACY, agreementParts, type Offer, type OfferLot } from "../market/index.ts";
import { checkAnchor, checkDevice, checkHeader, DEFAULT_MAX_RAW_LENGTH } from "../sealing/index.ts";
import { together, type Anchor } from "../client/index.ts";
import type { OfferContext } from "./context.ts";
import { checkMark, checkRights } from "./rights.ts";

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function nameOf<T extends string>(names: Readonly<Record<T, number>>, value: number): T {
  const found = (Object.keys(names) as T[]).find((name) => names[name] === value);
  if (found === undefined) throw new QoodError("OFFER_PAIR", `the offer names a class or privacy grade ${value} that does not exist`);
  return found;
}

/**
 * A lot against the chain: the header's stream is of this agreement, its anchor and its device were there in time. Its files
 * are for `checkBatch`.
 * @param isPaid - then what was marked since does not matter any more
 * @throws QoodError STREAM_FOREIGN, ANCHOR_MISSING, DEVICE_UNKNOWN and those of `checkMark` and `checkRights`
 */
export async function checkLotOnChain(context: OfferContext, offer: Offer, lot: OfferLot, isPaid: boolean): Promise<Anchor> {
  const { client } = context;
  const { order } = offer;
  const { header } = lot;
  const { vehicle, epoch } = agreementParts(order.agreementId);
  const handle = streamHandle({
    chainId: BigInt(client.deployment.chainId),
    registry: client.deployment.addresses.vehicleRegistry,
    vehicle,
    epoch,
    dataClass: nameOf<DataClass>(DATA_CLASS, order.dataClass),
    privacy: nameOf<Privacy>(PRIVACY, order.privacy),
    schema: header.rest.schema,
  });
  ensure(same(handle, header.words.stream), "STREAM_FOREIGN", "the header's stream is not of the vehicle and class that the order sells");
  const anchor = await client.reads.anchorOf(header.words.tsp, lot.anchor.root);
  ensure(anchor.time > 0, "ANCHOR_MISSING", `the header is not anchored: ${header.words.tsp} has no anchor ${lot.anchor.root} on this chain`);
  const checkKnown = async (): Promise<void> => {
    if (lot.envelope === null) return;
    const known = await client.reads.isDeviceValidAt(header.rest.deviceKey, vehicle, anchor.blockNumber);
    ensure(known, "DEVICE_UNKNOWN", `device ${header.rest.deviceKey} was not registered for this vehicle when the header was anchored`);
  };
  await together([isPaid ? undefined : checkMark(context, header), checkRights(context, offer, lot, anchor.time), checkKnown()]);
  return anchor;
}

/**
 * What a lot says by itself, without its files: the header's form, its path to the anchor, its device's signature.
 * @throws QoodError as `checkBatch` for header, anchor and device
 */
export function checkLotWords({ header, envelope, anchor }: OfferLot, time: number): void {
  const headerHash = openHeader(header);
  checkHeader(header, DEFAULT_MAX_RAW_LENGTH);
  checkAnchor(header, headerHash, { tsp: header.words.tsp, root: anchor.root, path: anchor.path, time });
  checkDevice(header, decodeFlags(header.words.flags).origin, envelope);
}
