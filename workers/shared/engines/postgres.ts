import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { QoodError } from "@qoodblock/sdk/errors";
import { startGuarded } from "../process/guarded.ts";
import type { GuardedProgram } from "../process/guarded.ts";

/** A PostgreSQL that this program has started for itself. */
export interface PostgresEngine {
  /** For `DATABASE_URL`: over a unix socket, no port is opened. */
  readonly url: string;
  readonly program: GuardedProgram;
  stop(): Promise<void>;
}

/** `nobody` of Debian: PostgreSQL refuses to run as root. */
const NOBODY = 65534;
const DEBIAN = "/usr/lib/postgresql";

/** Folder of the newest of Debian's versions. @throws QoodError POSTGRES_MISSING */
function findPrograms(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((name) => existsSync(join(DEBIAN, name, "bin", "postgres"))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new QoodError("POSTGRES_MISSING", `no PostgreSQL in ${DEBIAN}: install it, on Debian with \`apt-get install postgresql\``);
  return join(DEBIAN, newest, "bin");
}

/** A command as a user that is not root. */
function unprivileged(command: string, args: readonly string[]): [string, string[]] {
  return userInfo().uid === 0 ? ["setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", command, ...args]] : [command, [...args]];
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(...unprivileged(command, args), { stdio: ["ignore", "ignore", "pipe"], cwd: "/" });
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-1000)));
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("exit", resolve));
  if (code !== 0) throw new QoodError("ENGINE_START", `${command} ended with ${String(code)}: ${errors.trim().split("\n").at(-1) ?? ""}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Starts Debian's PostgreSQL with data and socket in `dir`, whose login is whoever may open the socket.
 * @param options.dir - absolute and short, as a socket's path may have 107 bytes; made where it does not exist. Started by root, it is given to `nobody`.
 * @throws QoodError POSTGRES_MISSING or ENGINE_START
 */
export async function startPostgres(options: { readonly dir: string; readonly onOutput?: (text: string) => void }): Promise<PostgresEngine> {
  const programs = findPrograms();
  const { dir } = options;
  mkdirSync(dir, { recursive: true });
  if (userInfo().uid === 0) {
    chownSync(dir, NOBODY, NOBODY);
    chmodSync(dir, 0o700);
  }
  const data = join(dir, "data");
  if (!existsSync(data)) await run(join(programs, "initdb"), ["-D", data, "-U", "qood", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
  const [command, args] = unprivileged(join(programs, "postgres"), ["-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "max_connections=60", "-c", "shared_buffers=256MB"]);
  const program = await startGuarded({ name: "postgres", command, args, env: { ...process.env, LC_ALL: "C" }, ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }) });
  const url = `postgres://qood@/postgres?host=${encodeURIComponent(dir)}`;
  let gone: string | undefined;
  void program.ended.then((tail) => (gone = tail));
  while (!(await answers(url))) {
    if (gone !== undefined) throw new QoodError("ENGINE_START", `postgres ended while starting: ${gone.split("\n").at(-1) ?? ""}`);
    await wait(50);
  }
  return { url, program, stop: () => program.stop() };
}
