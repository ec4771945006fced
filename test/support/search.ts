/** Finds secrets in bytes, whatever form they were written in. */

/** What is looked for. */
export interface Wanted {
  /** Said when it is found; the value never is. */
  readonly name: string;
  /** At least 16 bytes; a text as UTF-8. */
  readonly bytes: Uint8Array;
  /** Is a number as well, so its decimal digits count too. */
  readonly isNumber?: boolean;
}

/** One form of one secret. */
export interface Found {
  readonly name: string;
  readonly form: string;
}

interface Pattern extends Found {
  readonly bytes: Buffer;
}

const LEAST = 16;
/** Bytes that a pattern is indexed by. */
const PREFIX = 8;
const BITS = 22;

/** base64 of the bytes as they stand in a longer base64 text, where they may begin at any of three places in a group. */
function base64Forms(bytes: Uint8Array, encoding: "base64" | "base64url"): [string, string][] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding).replace(/=+$/, "");
    // Letters that mix in bits of a neighbour are left out.
    const from = offset === 0 ? 0 : offset + 1;
    const partial = (offset + bytes.length) % 3 === 0 ? 0 : 1;
    return [`${encoding} at ${offset}`, text.slice(from, text.length - partial)];
  });
}

/** Every form of a secret that a program of this project could write by mistake, by name. */
export function formsOf({ bytes, isNumber = false }: Wanted): [string, Uint8Array][] {
  if (bytes.length < LEAST) throw new Error(`a secret of ${bytes.length} bytes cannot be told from chance`);
  const raw = Buffer.from(bytes);
  const hex = raw.toString("hex").replace(/^0+/, "");
  const text: [string, string][] = [
    ["hex", hex],
    ["HEX", hex.toUpperCase()],
    ...base64Forms(raw, "base64"),
    ...base64Forms(raw, "base64url"),
    ["JSON list of bytes", [...raw].join(",")],
    ["JSON object of bytes", [...raw].map((byte, i) => `"${i}":${byte}`).join(",")],
  ];
  if (isNumber) text.push(["decimal", BigInt(`0x${hex}`).toString()]);
  return [["raw", raw], ["raw, little-endian", Buffer.from(raw).reverse()], ...text.map(([form, value]): [string, Uint8Array] => [form, Buffer.from(value)])];
}

const keyAt = (view: DataView, at: number): number => view.getUint32(at) ^ Math.imul(view.getUint32(at + 4), 0x9e3779b1);
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A search for many secrets at once; its time hardly depends on how many. Each form is told once a call. */
export function searchFor(wanted: readonly Wanted[]): (bytes: Uint8Array) => Found[] {
  const index = new Map<number, Pattern[]>();
  const maybe = new Uint8Array(2 ** BITS);
  for (const each of wanted) {
    for (const [form, value] of formsOf(each)) {
      const bytes = Buffer.from(value);
      const key = keyAt(viewOf(bytes), 0);
      maybe[key >>> (32 - BITS)] = 1;
      index.set(key, [...(index.get(key) ?? []), { name: each.name, form, bytes }]);
    }
  }
  return (bytes) => {
    const found = new Map<Pattern, Found>();
    const view = viewOf(bytes);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + PREFIX <= bytes.length; at += 1) {
      const key = keyAt(view, at);
      if (maybe[key >>> (32 - BITS)] === 0) continue;
      for (const pattern of index.get(key) ?? []) {
        if (text.subarray(at, at + pattern.bytes.length).equals(pattern.bytes)) found.set(pattern, { name: pattern.name, form: pattern.form });
      }
    }
    return [...found.values()];
  };
}
