/** Stream handles and schema hashes. */
import { ascii, bigintToBytes, checkUint, concat, fromHex, toHex, type Hex } from "../bytes/index.ts";
import { keccak256 } from "../crypto/hash.ts";
import { ensure } from "../errors/index.ts";

/** Classes of data, with the numbers of the formats. */
export const DATA_CLASS = { OEM: 1, USER: 2, DISPUTED: 3 } as const;
/** Name of a class. */
export type DataClass = keyof typeof DATA_CLASS;
/** Privacy grades, with the numbers of the formats. */
export const PRIVACY = { ORDINARY: 1, PRIVATE: 2 } as const;
/** Name of a privacy grade. */
export type Privacy = keyof typeof PRIVACY;

/** What a named handle stands for. */
export interface HandleParts {
  chainId: bigint;
  /** Address of the VehicleRegistry. */
  registry: Hex;
  /** Token id. */
  vehicle: bigint;
  /** Ownership epoch. */
  epoch: number;
  dataClass: DataClass;
  privacy: Privacy;
  /** {@link schemaHash}. */
  schema: Hex;
}

const TYPE = keccak256(ascii("qood/handle/v1"));

/** keccak256(name @ version). @throws QoodError `NOT_ASCII`, `BAD_SCHEMA_NAME` */
export function schemaHash(name: string, version: string): Hex {
  // A second @ would let two schemas share a hash.
  ensure(!name.includes("@") && !version.includes("@"), "BAD_SCHEMA_NAME", "a schema's name and version contain no @");
  return toHex(keccak256(ascii(`${name}@${version}`)));
}

/** One 32-byte ABI word of an unsigned integer. */
export function word(value: bigint | number): Uint8Array {
  return bigintToBytes(BigInt(value), 32);
}

/** One 32-byte ABI word of an address. */
export function addressWord(address: Hex): Uint8Array {
  return concat(new Uint8Array(12), fromHex(address, 20));
}

/** Handle of a named stream (FORMATS "Handle"). @throws QoodError `OUT_OF_RANGE`, `BAD_HEX` */
export function streamHandle(parts: HandleParts): Hex {
  checkUint(parts.epoch, 64, "ownership epoch");
  return toHex(
    keccak256(
      TYPE,
      word(parts.chainId),
      addressWord(parts.registry),
      word(parts.vehicle),
      word(parts.epoch),
      word(DATA_CLASS[parts.dataClass]),
      word(PRIVACY[parts.privacy]),
      fromHex(parts.schema, 32),
    ),
  );
}
