/**
 * The one error class of the SDK. Programs branch on `code`, people read `message`.
 */

/** Extra facts about an error, for logs and `--json` output (for example which leaf or which message is wrong). */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/**
 * An error with a stable code. The message is one line: what was wrong, where, and what to do about it if anything can be done.
 *
 * Codes are upper-case words joined by `_` and never change their meaning; messages may.
 */
export class QoodError extends Error {
  override readonly name = "QoodError";
  /** Stable identifier, e.g. `ROOT_MISMATCH`. */
  readonly code: string;
  /** Facts that locate the fault; empty when the code says it all. */
  readonly details: ErrorDetails;

  constructor(code: string, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True when `error` is a {@link QoodError}, of the given code if one is named. */
export function isQoodError(error: unknown, code?: string): error is QoodError {
  return error instanceof QoodError && (code === undefined || error.code === code);
}

/** Throws a {@link QoodError} of `code` unless `condition` holds. */
export function ensure(condition: boolean, code: string, message: string, details?: ErrorDetails): asserts condition {
  if (!condition) throw new QoodError(code, message, details === undefined ? {} : { details });
}
