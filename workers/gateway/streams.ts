import type { Redis } from "ioredis";
import { QoodError } from "@qoodblock/sdk/errors";
import { schemaOf, keys, readStatus, readStream } from "../shared/queue/index.ts";
import type { StreamConfig, StreamStatus } from "../shared/queue/index.ts";

/** A stream as the gateway knows it. */
export interface KnownStream {
  readonly config: StreamConfig;
  readonly status: StreamStatus | undefined;
  /** `name@version` of its schema, the last part of its topic. */
  readonly schema: string;
}

/** What the gateway knows of streams, read anew when something has changed. */
export interface Streams {
  /**
   * A stream that takes data.
   * @throws QoodError STREAM_UNKNOWN, or STREAM_TRANSFERRED, STREAM_REVOKED, STREAM_DEVICE_OUT where it takes no more
   */
  open(handle: string): Promise<KnownStream>;
  /** A stream, whatever its status. @throws QoodError STREAM_UNKNOWN */
  find(handle: string): Promise<KnownStream>;
  /** Forgets everything when the version in Redis has moved; gives true then. */
  step(): Promise<boolean>;
}

/** Streams kept in memory; beyond that the oldest goes. */
const MOST = 100_000;

/** See {@link Streams}. */
export function createStreams(redis: Redis, prefix: string): Streams {
  const known = new Map<string, Promise<KnownStream>>();
  let version: string | null = null;

  async function load(handle: string): Promise<KnownStream> {
    const [config, status] = await Promise.all([readStream(redis, prefix, handle), readStatus(redis, prefix, handle)]);
    if (config === undefined) throw new QoodError("STREAM_UNKNOWN", `stream ${handle.slice(0, 66)} is not registered with this TSP`);
    const { name, version: schemaVersion } = schemaOf(config);
    return { config, status, schema: `${name}@${schemaVersion}` };
  }

  function find(given: string): Promise<KnownStream> {
    const handle = given.toLowerCase();
    let entry = known.get(handle);
    if (entry === undefined) {
      entry = load(handle);
      known.set(handle, entry);
      // What is not there may be there the next time.
      entry.catch(() => known.delete(handle));
      if (known.size > MOST) known.delete(known.keys().next().value!);
    }
    return entry;
  }

  return {
    find,
    async open(handle) {
      const stream = await find(handle);
      const { status } = stream;
      if (status !== undefined && status.state !== "active") throw new QoodError(`STREAM_${status.state.toUpperCase().replace("-", "_")}`, `stream ${handle} takes no more data: ${status.reason}`);
      return stream;
    },
    async step() {
      const now = await redis.get(keys.streamsVersion(prefix));
      if (now === version) return false;
      version = now;
      known.clear();
      return true;
    },
  };
}
