import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { QoodError } from "@qoodblock/sdk/errors";
import { findDebian } from "./debian.ts";
import { startGuarded } from "../process/guarded.ts";
import type { GuardedProgram } from "../process/guarded.ts";

/** A PostgreSQL that a test or a bench has started for itself. */
export interface PostgresEngine {
  /** For `DATABASE_URL`: over a unix socket, no port is opened. */
  readonly url: string;
  readonly program: GuardedProgram;
  stop(): Promise<void>;
}

/** `nobody` of Debian: PostgreSQL refuses to run as root. */
const NOBODY = 65534;
const DEBIAN = "/usr/lib/postgresql";

/** What `unpackDebian` needs where PostgreSQL is not installed. Debian's is relocatable: it finds its files beside its programs. */
const WANTED = {
  ...{ name: "postgres", file: "usr/lib/postgresql/15/bin/postgres", code: "POSTGRES_MISSING" },
  packages: [
    ...["postgresql-15", "libpq5", "libicu72", "libllvm14", "libxml2", "libxslt1.1", "liblz4-1", "libzstd1", "libldap-2.5-0", "libsasl2-2", "libgssapi-krb5-2", "libkrb5-3"],
    ...["libk5crypto3", "libkrb5support0", "libcom-err2", "libkeyutils1", "libpam0g", "libssl3", "libedit2", "libbsd0", "libmd0"],
  ],
};

/** The programs of the newest installed version, else of the unpacked one. @throws QoodError POSTGRES_MISSING */
async function findPrograms(cache: string): Promise<{ readonly folder: string; readonly env: Readonly<Record<string, string>> }> {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((name) => existsSync(join(DEBIAN, name, "bin", "postgres"))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest !== undefined) return { folder: join(DEBIAN, newest, "bin"), env: {} };
  const { command, env } = await findDebian(WANTED, cache, { path: "" });
  return { folder: dirname(command), env };
}

/** A command as a user that is not root. */
function unprivileged(command: string, args: readonly string[]): [string, string[]] {
  return userInfo().uid === 0 ? ["setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", command, ...args]] : [command, [...args]];
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(...unprivileged(command, args), { stdio: ["ignore", "ignore", "pipe"], cwd: "/", env });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-1000)));
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
 * @param options.cache - where an unpacked PostgreSQL is kept.
 * @throws QoodError POSTGRES_MISSING or ENGINE_START
 */
export async function startPostgres(options: { readonly dir: string; readonly cache: string; readonly onOutput?: (text: string) => void }): Promise<PostgresEngine> {
  const programs = await findPrograms(options.cache);
  const env = { ...process.env, ...programs.env, LC_ALL: "C" };
  const { dir } = options;
  mkdirSync(dir, { recursive: true });
  if (userInfo().uid === 0) {
    chownSync(dir, NOBODY, NOBODY);
    chmodSync(dir, 0o700);
  }
  const data = join(dir, "data");
  if (!existsSync(data)) await run(join(programs.folder, "initdb"), ["-D", data, "-U", "qood", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"], env);
  const [command, args] = unprivileged(join(programs.folder, "postgres"), ["-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "max_connections=60", "-c", "shared_buffers=256MB"]);
  const program = await startGuarded({ name: "postgres", command, args, env, ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }) });
  const url = `postgres://qood@/postgres?host=${encodeURIComponent(dir)}`;
  let gone: string | undefined;
  void program.ended.then((tail) => (gone = tail));
  while (!(await answers(url))) {
    if (gone !== undefined) throw new QoodError("ENGINE_START", `postgres ended while starting: ${gone.split("\n").at(-1) ?? ""}`);
    await wait(50);
  }
  return { url, program, stop: () => program.stop() };
}
