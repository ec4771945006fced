import { isQoodError } from "@qoodblock/sdk/errors";

/** HTTP status of an error's code, by its beginning; the longest counts. */
const STATUS: Readonly<Record<string, number>> = {
  ACCESS_TOKEN: 401,
  ACCESS_LOGIN: 401,
  ACCESS_STREAM: 403,
  BODY_: 400,
  BODY_ENCODING: 415,
  CBOR_: 400,
  EVENT_: 400,
  EVENT_CONTENT_TYPE: 415,
  GATEWAY_BUSY: 429,
  GATEWAY_STORE: 503,
  GATEWAY_ENDING: 503,
  MESSAGE_: 400,
  RATE_: 429,
  REQUEST_: 400,
  // Faults of a batch that a device has sealed.
  CIPHERTEXT_: 422,
  DATA_HASHES_: 422,
  DESCRIPTION_: 422,
  DEVICE_: 422,
  HEADER_: 422,
  ROOT_MISMATCH: 422,
  STORED_LENGTHS: 422,
  SEALED_: 422,
  SEALED_NOT_READY: 503,
  SEALED_PREVIOUS: 409,
  SEALED_SEQUENCE: 409,
  STREAM_SEALED: 422,
  STREAM_UNKNOWN: 404,
  STREAM_: 410,
};

/** A fault as it is told. */
export interface Fault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Seconds to wait before the next try. */
  readonly retryAfter?: number;
}

/** What to answer; what is not meant for a sender is told as a fault of the gateway. */
export function faultOf(error: unknown): Fault {
  if (isQoodError(error)) {
    const name = Object.keys(STATUS).filter((start) => error.code.startsWith(start)).sort((a, b) => b.length - a.length)[0];
    if (name !== undefined) {
      const status = STATUS[name]!;
      const { waitMs } = error.details;
      const retryAfter = status === 429 || status === 503 ? { retryAfter: Math.max(1, Math.ceil(Number(waitMs ?? 1000) / 1000)) } : {};
      return { status, code: error.code, message: error.message.slice(0, 500), ...retryAfter };
    }
  }
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (statusCode === 413) return { status: 413, code: "BODY_SIZE", message: "the body is too large" };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { status: statusCode, code: code ?? "REQUEST", message: (error as Error).message.slice(0, 500) };
  return { status: 500, code: "GATEWAY_FAULT", message: "the gateway failed: send again later" };
}
