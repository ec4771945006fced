/** Exact decimal numbers for the checker: `digits / 10^scale`. */
export interface Exact {
  readonly digits: bigint;
  readonly scale: number;
}

/** Reads a decimal number, exponent allowed; `undefined` where the text is none. */
export function exact(text: string): Exact | undefined {
  const parts = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,3}))?$/.exec(text.trim());
  if (parts === null) return undefined;
  const mantissa = parts[2]!;
  const dot = mantissa.indexOf(".");
  const behind = dot < 0 ? 0 : mantissa.length - dot - 1;
  const unsigned = BigInt(mantissa.replace(".", ""));
  const digits = parts[1] === "-" ? -unsigned : unsigned;
  const scale = behind - Number(parts[3] ?? "0");
  return scale < 0 ? { digits: digits * ten(-scale), scale: 0 } : { digits, scale };
}

export function ten(power: number): bigint {
  return 10n ** BigInt(power);
}

/** The number in steps of 10^-decimals, to the nearest, halves away from zero. */
export function steps(value: Exact, decimals: number): bigint {
  if (value.scale <= decimals) return value.digits * ten(decimals - value.scale);
  const divisor = ten(value.scale - decimals);
  const size = value.digits < 0n ? -value.digits : value.digits;
  const rounded = (size + divisor / 2n) / divisor;
  return value.digits < 0n ? -rounded : rounded;
}

/** |output − input × factor| ≤ ½ × 10^-decimals × |factor|, without rounding anywhere. */
export function withinHalfStep(input: Exact, output: Exact, factor: Exact, decimals: number): boolean {
  const scale = Math.max(output.scale, input.scale + factor.scale, decimals + factor.scale);
  const got = output.digits * ten(scale - output.scale);
  const due = input.digits * factor.digits * ten(scale - input.scale - factor.scale);
  const step = factor.digits * ten(scale - decimals - factor.scale);
  const distance = got > due ? got - due : due - got;
  return 2n * distance <= (step < 0n ? -step : step);
}
