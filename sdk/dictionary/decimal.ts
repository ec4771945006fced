/** Exact decimal text ↔ integers in declared steps. No floating point: what a file prints is what is sealed. */

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
const EXACT = 15;

/**
 * Reads a decimal number and returns `value × 10^decimals`, rounded to the nearest integer, halves away from zero.
 *
 * @param text - the cell's text; blanks around it are ignored; an exponent (`1e-05`) is allowed
 * @param decimals - digits kept behind the point
 * @returns the integer; `±Infinity` for a number too large for a safe integer; `undefined` where the text is no number
 */
export function parseDecimal(text: string, decimals: number): number | undefined {
  const match = NUMBER.exec(text.trim());
  if (match === null) return undefined;
  const whole = match[2] ?? "";
  const fraction = match[3] ?? "";
  if (whole === "" && fraction === "") return undefined;
  const negative = match[1] === "-";
  const shift = decimals + Number(match[4] ?? 0);
  const digits = whole + fraction;
  const point = whole.length + shift;
  let magnitude: number;
  if (point < 0) {
    magnitude = 0;
  } else {
    const kept = (point <= digits.length ? digits.slice(0, point) : digits + "0".repeat(point - digits.length)).replace(/^0+/, "");
    magnitude = kept.length > EXACT ? Infinity : Number(kept);
    // The first digit that falls away decides: halves go up in magnitude.
    if (point < digits.length && digits.charCodeAt(point) >= 53) magnitude += 1;
  }
  return negative && magnitude !== 0 ? -magnitude : magnitude;
}

/** An exact decimal number `digits × 10^-scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/**
 * Reads a plain decimal constant such as `"1.609344"` or `"-9.80665"`.
 *
 * @throws RangeError if the text is not a plain decimal number
 */
export function decimalOf(text: string): Decimal {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`"${text}" is not a plain decimal number`);
  const fraction = match[2] ?? "";
  return { digits: BigInt(`${match[1]!}${fraction}`), scale: fraction.length };
}

/**
 * Prints `integer × 10^-scale` exactly, without exponent and without trailing zeros: (61500n, 3) is `"61.5"`.
 */
export function formatScaled(integer: number | bigint, scale: number): string {
  const negative = integer < 0;
  const digits = String(negative ? -integer : integer);
  if (scale === 0) return negative ? `-${digits}` : digits;
  const padded = digits.padStart(scale + 1, "0");
  const whole = padded.slice(0, padded.length - scale);
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}
