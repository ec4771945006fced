import { Duplex } from "node:stream";
import type { Socket } from "node:net";

/**
 * A connection that is cut when a packet announces more bytes than allowed: the broker's parser would gather all of them first.
 * MQTT 3.1.1, 2.2: one byte, then the remaining length in one to four bytes of seven bits, lowest first.
 */
export class BoundedFrames extends Duplex {
  readonly socket: Socket;
  readonly #most: number;
  /** Bytes of the running packet that are still to come; -1 while its length is being read. */
  #left = 0;
  #length = 0;
  #shift = -1;

  constructor(socket: Socket, mostBytes: number) {
    super({ allowHalfOpen: false });
    this.socket = socket;
    this.#most = mostBytes;
    socket.on("data", (chunk: Buffer) => {
      if (!this.#fits(chunk)) this.destroy(new Error(`a packet of more than ${mostBytes} bytes`));
      else if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  /** Follows the frames; false where one is too large. `#shift` -1: a packet's first byte comes next. */
  #fits(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at]!;
      at += 1;
      if (this.#shift < 0) {
        [this.#shift, this.#length] = [0, 0];
        continue;
      }
      this.#length += (byte & 0x7f) * 2 ** this.#shift;
      this.#shift += 7;
      if (this.#length > this.#most || this.#shift > 28) return false;
      if (byte < 0x80) [this.#left, this.#shift] = [this.#length, -1];
    }
    return true;
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, encoding, done);
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this.socket.cork();
    chunks.forEach(({ chunk, encoding }, i) => this.socket.write(chunk, encoding, i === chunks.length - 1 ? done : undefined));
    this.socket.uncork();
  }

  override _final(done: () => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }
}
