import type { IncomingMessage } from "node:http";

/** A body that is not one file in a multipart form. */
export class MultipartError extends Error {}

const HEADERS_LIMIT = 16 * 1024;
const END_OF_HEADERS = Buffer.from("\r\n\r\n");

function boundaryOf(request: IncomingMessage): string {
  const found = /^multipart\/form-data;.*\bboundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(request.headers["content-type"] ?? "");
  if (found === null) throw new MultipartError("the body must be a multipart form with one file");
  return found[1] ?? found[2]!;
}

/**
 * The one file of a multipart form, as Kubo's clients send it, piece by piece: a CAR may be larger than the memory.
 * @throws MultipartError
 */
export async function* readMultipartFile(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  const boundary = boundaryOf(request);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // As if a line had ended before the first delimiter, so that all of them look alike.
  let rest: Buffer = Buffer.from("\r\n");
  let part: "before" | "headers" | "file" | "after" = "before";
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (part === "after") continue;
    rest = Buffer.concat([rest, chunk]);
    if (part === "before") {
      if (rest.length < delimiter.length) continue;
      if (!rest.subarray(0, delimiter.length).equals(delimiter)) throw new MultipartError("the multipart form does not begin with its boundary");
      rest = rest.subarray(delimiter.length);
      part = "headers";
    }
    if (part === "headers") {
      const end = rest.indexOf(END_OF_HEADERS);
      if (end === -1) {
        if (rest.length > HEADERS_LIMIT) throw new MultipartError("the headers of the multipart form are too long");
        continue;
      }
      rest = rest.subarray(end + END_OF_HEADERS.length);
      part = "file";
    }
    const end = rest.indexOf(delimiter);
    // What may be the beginning of the delimiter waits for the next piece.
    const sure = end === -1 ? rest.length - delimiter.length + 1 : end;
    if (sure > 0) {
      yield rest.subarray(0, sure);
      rest = rest.subarray(sure);
    }
    if (end !== -1) part = "after";
  }
  if (part !== "after") throw new MultipartError("the multipart form ends too early");
}

/** The type and the bytes of a multipart form with one file. */
export function multipartOf(file: AsyncIterable<Uint8Array>, boundary: string): { readonly type: string; readonly stream: AsyncIterable<Uint8Array> } {
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    stream: (async function* () {
      yield Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: application/octet-stream\r\n\r\n`);
      yield* file;
      yield Buffer.from(`\r\n--${boundary}--\r\n`);
    })(),
  };
}
