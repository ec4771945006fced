/** Bounds of what a device may send in one message. */
export const MESSAGE_LIMITS = { bytes: 1024 * 1024, rows: 10_000 } as const;

/** Bounds of what is kept of refused messages; the oldest go first. */
export const LETTER_LIMITS = {
  letters: 100_000,
  /** All messages in the letters together: what a flood of refused messages can take of Redis' memory. */
  bytes: 256 * 1024 * 1024,
  /** Of bytes that are no message, so that nobody can ever take them: enough to see what they are. */
  sample: 4096,
} as const;
