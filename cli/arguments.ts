/** What people give on the command line, checked. */
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { DATA_CLASS, PRIVACY, schemaHash } from "@qoodblock/sdk/formats";
import type { DataClass, Privacy } from "@qoodblock/sdk/formats";
import { decodeOffer } from "@qoodblock/sdk/market";
import type { Offer, OfferLot } from "@qoodblock/sdk/market";
import { readGivenFile } from "./context.ts";

/** So many bytes in hexadecimal. @throws QoodError USAGE */
export function hexArgument(bytes: number, text: string, what: string): Hex {
  if (!new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`).test(text)) throw new QoodError("USAGE", `${what} must be 0x and ${bytes * 2} hexadecimal digits`);
  return text.toLowerCase() as Hex;
}

/** Bytes of any length. @throws QoodError USAGE */
export function bytesArgument(text: string, what: string): Hex {
  if (!/^0x(?:[0-9a-fA-F]{2})+$/.test(text)) throw new QoodError("USAGE", `${what} must be 0x and pairs of hexadecimal digits`);
  return text.toLowerCase() as Hex;
}

/** A whole number. @throws QoodError USAGE */
export function wholeArgument(text: string, what: string): number {
  const parsed = z.string().regex(/^\d+$/).transform(Number).pipe(z.int()).safeParse(text);
  if (!parsed.success) throw new QoodError("USAGE", `${what} must be a whole number`);
  return parsed.data;
}

/** A whole number of any size, as token ids and amounts are. @throws QoodError USAGE */
export function bigArgument(text: string, what: string): bigint {
  if (!/^(?:\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(text)) throw new QoodError("USAGE", `${what} must be a whole number`);
  return BigInt(text);
}

/** A moment, in Unix seconds or as a date. @returns Unix seconds @throws QoodError USAGE */
export function timeArgument(text: string, what: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw new QoodError("USAGE", `${what} ${text} is no time: Unix seconds, or a date as 2027-01-31 or 2027-01-31T12:00:00Z`);
  return Math.floor(time / 1000);
}

function choice<T extends string>(names: Readonly<Record<T, number>>, text: string, what: string): T {
  const found = (Object.keys(names) as T[]).find((name) => name.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw new QoodError("USAGE", `${what} ${text} must be one of ${Object.keys(names).join(", ").toLowerCase()}`);
  return found;
}

/** A class of data. @throws QoodError USAGE */
export const classArgument = (text: string): DataClass => choice(DATA_CLASS, text, "--class");
/** A privacy grade. @throws QoodError USAGE */
export const privacyArgument = (text: string): Privacy => choice(PRIVACY, text, "--privacy");

/** A schema's id, of its name@version. @throws QoodError USAGE */
export function schemaArgument(text: string): Hex {
  const found = /^([\x21-\x3f\x41-\x7e]{1,64})@([\x21-\x3f\x41-\x7e]{1,32})$/.exec(text);
  if (found === null) throw new QoodError("USAGE", `--schema ${text} must be name@version, as trip-gps@1`);
  return schemaHash(found[1]!, found[2]!);
}

/** An offer's file. @throws QoodError FILE_UNREADABLE, BAD_OFFER */
export function offerFile(path: string): Offer {
  return decodeOffer(readGivenFile(path));
}

/** A batch as an offer file names it: `FILE` for its first lot, `FILE#N` for lot N, counted from 0. @throws QoodError USAGE, FILE_UNREADABLE, BAD_OFFER */
export function lotArgument(text: string, what: string): { readonly offer: Offer; readonly lot: OfferLot } {
  const [, path = "", index = "0"] = /^(.*?)(?:#(\d{1,4}))?$/s.exec(text)!;
  const offer = offerFile(path);
  const lot = offer.lots[Number(index)];
  if (lot === undefined) throw new QoodError("USAGE", `${what}: the offer ${path} has lots 0 to ${offer.lots.length - 1}`);
  return { offer, lot };
}
