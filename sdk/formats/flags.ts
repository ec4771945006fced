/** The header's flags: bit 0 exclusive, bits 1-2 origin, rest 0. */
import { QoodError } from "../errors/index.ts";
import type { Flags, Origin } from "./header-types.ts";

const ORIGINS: readonly Origin[] = ["TSP_ATTESTED", "DEVICE_SIGNED", "DEVICE_SEALED"];

/** Flags to the header's number. */
export function encodeFlags(flags: Flags): bigint {
  return BigInt((flags.exclusive ? 1 : 0) | (ORIGINS.indexOf(flags.origin) << 1));
}

/** The header's number to flags. @throws QoodError `HEADER_FLAGS` if an unknown bit or origin is set */
export function decodeFlags(flags: bigint): Flags {
  const origin = flags >> 3n === 0n ? ORIGINS[Number(flags >> 1n)] : undefined;
  if (origin === undefined) throw new QoodError("HEADER_FLAGS", `header has unknown flags 0x${flags.toString(16)}`);
  return { exclusive: (flags & 1n) === 1n, origin };
}
