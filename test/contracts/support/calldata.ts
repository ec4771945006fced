/** Words of calldata whose type is narrower than 256 bits, and what they become with a bit set that does not belong to the type. */
import { getBytes, hexlify, type ParamType, toBigInt, toBeHex } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { Call } from "../../../sdk/client/index.ts";

/** A word, by its place in the calldata (selector included) and its name. */
export interface NarrowWord {
  name: string;
  at: number;
  /** Bits to set, one at a time: the one next to the type's own, and the one farthest away. */
  bits: number[];
}

const isDynamic = (type: ParamType): boolean => {
  if (type.isArray()) return type.arrayLength === -1 || isDynamic(type.arrayChildren);
  if (type.isTuple()) return type.components.some(isDynamic);
  return type.type === "bytes" || type.type === "string";
};

function headSize(type: ParamType): number {
  if (isDynamic(type)) return 32;
  if (type.isArray()) return type.arrayLength * headSize(type.arrayChildren);
  return type.isTuple() ? type.components.reduce((sum, each) => sum + headSize(each), 0) : 32;
}

function dirtyBits(type: string): number[] {
  const left = /^bytes(\d+)$/.exec(type); // left-aligned: what is below does not belong
  if (left !== null) return left[1] === "32" ? [] : [255 - 8 * Number(left[1]), 0];
  const width = type === "address" ? 160 : type === "bool" ? 1 : Number(/^u?int(\d+)$/.exec(type)?.[1] ?? 256);
  return width === 256 ? [] : [width, 255];
}

/** All narrow words of a call, by its parameters (Solidity ABI, "Formal specification of the encoding"). */
export function narrowWords(types: readonly ParamType[], call: Pick<Call, "data">): NarrowWord[] {
  const data = getBytes(call.data);
  const number = (at: number): number => Number(toBigInt(data.slice(at, at + 32)));
  const found: NarrowWord[] = [];
  const visitList = (list: readonly ParamType[], base: number, name: string): void => {
    let at = base;
    for (const [i, type] of list.entries()) {
      visit(type, isDynamic(type) ? base + number(at) : at, `${name}.${type.name || String(i)}`);
      at += headSize(type);
    }
  };
  const visit = (type: ParamType, at: number, name: string): void => {
    if (type.isTuple()) visitList(type.components, at, name);
    else if (type.isArray()) {
      const open = type.arrayLength === -1;
      visitList(Array<ParamType>(open ? number(at) : type.arrayLength).fill(type.arrayChildren), open ? at + 32 : at, name);
    } else {
      const bits = dirtyBits(type.type);
      if (bits.length > 0) found.push({ name: name.slice(1), at, bits });
    }
  };
  visitList(types, 4, "");
  return found;
}

/** The calldata with one bit of one word set. */
export function withBit(data: Hex, at: number, bit: number): Hex {
  const bytes = getBytes(data);
  const word = toBigInt(bytes.slice(at, at + 32)) | (1n << BigInt(bit));
  bytes.set(getBytes(toBeHex(word, 32)), at);
  return hexlify(bytes) as Hex;
}
