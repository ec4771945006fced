import { fromJson, toJson } from "./keys.ts";
import type { Change, Reader, Span } from "./types.ts";

/** Changes that are read back before they are committed: what one step reads is what its earlier parts have written. */
export class Batch {
  readonly #reader: Pick<Reader, "getMany" | "ranges">;
  readonly #changes = new Map<string, Change>();
  readonly #read = new Map<string, Buffer | undefined>();

  constructor(reader: Pick<Reader, "getMany" | "ranges">) {
    this.#reader = reader;
  }

  /** Reads keys that will be asked for, with one question. */
  async prefetch(keys: readonly Buffer[]): Promise<void> {
    const missing = keys.filter((key) => !this.#read.has(key.toString("latin1")));
    const values = await this.#reader.getMany(missing);
    for (const [i, key] of missing.entries()) this.#read.set(key.toString("latin1"), values[i]);
  }

  /** The value as it will stand after the commit. */
  async get(key: Buffer): Promise<Buffer | undefined> {
    const name = key.toString("latin1");
    const change = this.#changes.get(name);
    if (change !== undefined) return change.value;
    if (!this.#read.has(name)) await this.prefetch([key]);
    return this.#read.get(name);
  }

  /** {@link get} of a JSON value. */
  async json(key: Buffer): Promise<unknown> {
    const bytes = await this.get(key);
    return bytes === undefined ? undefined : fromJson(bytes);
  }

  /** All entries of a span as they will stand after the commit. */
  async range(span: Span): Promise<{ key: Buffer; value: Buffer }[]> {
    const [stored] = await this.#reader.ranges([span], Number.MAX_SAFE_INTEGER);
    const all = new Map(stored!.map((entry) => [entry.key.toString("latin1"), entry]));
    for (const [name, { key, value }] of this.#changes) {
      if (Buffer.compare(key, span.from) < 0 || Buffer.compare(key, span.to) >= 0) continue;
      if (value === undefined) all.delete(name);
      else all.set(name, { key, value });
    }
    return [...all.values()].sort((a, b) => Buffer.compare(a.key, b.key));
  }

  put(key: Buffer, value: Buffer): void {
    this.#changes.set(key.toString("latin1"), { key, value });
  }

  putJson(key: Buffer, value: unknown): void {
    this.put(key, toJson(value));
  }

  remove(key: Buffer): void {
    this.#changes.set(key.toString("latin1"), { key, value: undefined });
  }

  /** What has changed, each key once, in the order of the keys. */
  changes(): Change[] {
    return [...this.#changes.values()].sort((a, b) => Buffer.compare(a.key, b.key));
  }
}
