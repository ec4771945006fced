import { mkdirSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { QoodError } from "@qoodblock/sdk/errors";
import { startGuarded } from "../process/guarded.ts";
import type { GuardedProgram } from "../process/guarded.ts";
import { findRedis } from "./debian.ts";

/** A Redis that this program has started for itself. */
export interface RedisEngine {
  /** Path of its unix socket: the only way in, no port is opened. */
  readonly socket: string;
  readonly program: GuardedProgram;
  stop(): Promise<void>;
}

/** A socket's path may have 107 bytes at most: a long folder gets a short name of its own under the temporary folder. */
function socketPath(folder: string): string {
  const near = join(folder, "redis.sock");
  if (Buffer.byteLength(near) <= 100) return near;
  return join(tmpdir(), `qood-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}.sock`);
}

function ping(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket, () => connection.write("PING\r\n"));
    const end = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    // While the append-only file is being read the answer is an error: not ready yet.
    connection.on("data", (data) => end(data.toString().startsWith("+PONG")));
    connection.on("error", () => end(false));
    connection.setTimeout(1000, () => end(false));
  });
}

/**
 * When Redis brings its append-only file to the disk.
 * - always: before it answers. Nothing is lost, by a kill or a power cut.
 * - everysec: every second. While the disk is slow Redis puts the writing itself off, for up to two seconds, and answers all the same:
 *   so much may be lost, by a kill too.
 * - no: written before it answers, brought to the disk when the operating system does. A kill loses nothing, a power cut half a minute.
 */
export type Fsync = "always" | "everysec" | "no";

/**
 * Starts redis-server with an append-only file in `dir` (nothing evicted) on a unix socket.
 * @param options.cache - where an unpacked redis-server is kept.
 * @param options.fsync - see {@link Fsync}; always without it.
 * @throws QoodError REDIS_MISSING or ENGINE_START.
 */
export async function startRedis(options: {
  readonly dir: string;
  readonly cache: string;
  readonly fsync?: Fsync;
  readonly onProgress?: (text: string) => void;
  readonly onOutput?: (text: string) => void;
}): Promise<RedisEngine> {
  const found = await findRedis(options.cache, options.onProgress === undefined ? {} : { onProgress: options.onProgress });
  mkdirSync(options.dir, { recursive: true });
  const socket = socketPath(options.dir);
  rmSync(socket, { force: true });
  const program = await startGuarded({
    name: "redis-server",
    command: found.command,
    args: [
      ...["--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", options.dir],
      ...["--appendonly", "yes", "--appendfsync", options.fsync ?? "always", "--maxmemory-policy", "noeviction", "--save", "", "--daemonize", "no"],
    ],
    env: { ...process.env, ...found.env },
    ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }),
  });
  let gone: string | undefined;
  void program.ended.then((tail) => (gone = tail));
  while (!(await ping(socket))) {
    if (gone !== undefined) throw new QoodError("ENGINE_START", `redis-server ended while starting: ${gone.split("\n").at(-1) ?? ""}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    socket,
    program,
    async stop() {
      await program.stop();
      rmSync(socket, { force: true });
    },
  };
}
