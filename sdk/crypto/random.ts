/** Random bytes from the platform's generator, the same call in Node and browsers. */

/** `length` fresh random bytes (at most 65,536). */
export function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}
