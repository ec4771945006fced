/** Names whose values are never written, at any depth. */
const SECRET_NAME = /secret|passphrase|password|mnemonic|seed|private|^k$|^r$|batchkey|intervalkey|segmentkey|daysecret|^key$|authorization/i;
const URL_LOGIN = /(:\/\/)[^/@\s]+@/g;
const DEPTH = 6;

/** A text without the login of a URL in it: user and password, or a token alone. */
export function scrubText(text: string): string {
  return text.replace(URL_LOGIN, "$1***@");
}

/**
 * A value as it may be logged: secrets by name replaced, byte arrays by their length (they are data or keys, never a
 * message for people), big integers as text, errors as name, code, message and stack, URLs without their login.
 */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return scrubText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (depth >= DEPTH) return "<deeper>";
  if (value instanceof Error) {
    const code = (value as { code?: unknown }).code;
    return { type: value.name, code: typeof code === "string" ? code : undefined, message: scrubText(value.message), stack: scrubText(value.stack ?? "") };
  }
  if (Array.isArray(value)) return value.map((each) => scrub(each, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, SECRET_NAME.test(name) ? "<redacted>" : scrub(each, depth + 1)]),
  );
}
