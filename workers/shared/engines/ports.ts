import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import { takeLockFile } from "../process/lockFile.ts";

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A port on the loopback interface that is free now. */
export function freePort(): Promise<number> {
  return listen(0);
}

/**
 * Makes sure that a port given by hand is free.
 * @throws QoodError PORT_TAKEN.
 */
export async function requirePort(port: number, flag: string): Promise<number> {
  try {
    return await listen(port);
  } catch (error) {
    throw new QoodError("PORT_TAKEN", `port ${port} cannot be used (${(error as NodeJS.ErrnoException).code ?? "error"}): give another with ${flag}, or leave it out for a free one`);
  }
}

/** Free ports that are somebody's all the same are few. */
const MOST_TRIES = 100;

/** Ports that a program has chosen for parts that will bind them later. */
export interface PortClaims {
  /** Claims this port (of the loopback interface) if it is free and nobody else's, else any that is. @throws QoodError PORT_CLAIM where none can be */
  claim(wanted?: number): Promise<number>;
  /** Gives all of them free; those of a program that was killed are free without it. */
  release(): void;
}

/**
 * Ports that several programs on one machine choose without meeting: a part binds its port long after it was chosen, so that to find it
 * free is not enough. Each claim is a lock file.
 * @param folder - the same for all of them.
 */
export function createPortClaims(folder = tmpdir()): PortClaims {
  const held = new Set<string>();
  const fileOf = (port: number): string => join(folder, `qood-port-${port}.lock`);
  const take = (port: number): boolean => {
    try {
      if (takeLockFile(fileOf(port)) !== undefined) return false;
    } catch {
      // Of another account, perhaps: not ours in any case.
      return false;
    }
    held.add(fileOf(port));
    return true;
  };
  const give = (file: string): void => {
    rmSync(file, { force: true });
    held.delete(file);
  };
  const isFree = (port: number): Promise<boolean> =>
    listen(port).then(
      () => true,
      () => false,
    );
  return {
    async claim(wanted) {
      if (wanted !== undefined && take(wanted)) {
        if (await isFree(wanted)) return wanted;
        give(fileOf(wanted));
      }
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const port = await freePort();
        if (take(port)) return port;
      }
      throw new QoodError("PORT_CLAIM", `no port can be claimed by a file in ${folder}: make this folder writable, or name another with TMPDIR`);
    },
    release() {
      for (const file of [...held]) give(file);
    },
  };
}
