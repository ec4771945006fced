import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

const FLUSH_CHARACTERS = 1 << 16;

/**
 * A text file that appears whole or not at all: written beside its place, synced, then renamed. Nobody ever sees half of
 * it, whatever kills the writer.
 */
export class AtomicFile {
  readonly #path: string;
  readonly #partial: string;
  readonly #handle: FileHandle;
  #pending: string[] = [];
  #size = 0;

  private constructor(path: string, partial: string, handle: FileHandle) {
    this.#path = path;
    this.#partial = partial;
    this.#handle = handle;
  }

  /** Starts a file that will stand at `path`. A leftover of a killed writer is written over. */
  static async create(path: string): Promise<AtomicFile> {
    const partial = `${path}.partial`;
    return new AtomicFile(path, partial, await open(partial, "w"));
  }

  /** Adds text. Only one call at a time. */
  async write(text: string): Promise<void> {
    this.#pending.push(text);
    this.#size += text.length;
    if (this.#size >= FLUSH_CHARACTERS) await this.#flush();
  }

  /** Puts the file in its place. */
  async commit(): Promise<void> {
    await this.#flush();
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#partial, this.#path);
  }

  /** Leaves nothing behind. */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#partial, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join("");
    this.#pending = [];
    this.#size = 0;
    if (text !== "") await this.#handle.writeFile(text);
  }
}
