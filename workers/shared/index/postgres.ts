import pg from "pg";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Change, Entry, Store } from "./types.ts";

/** Rows of one statement. */
const PART = 5000;
/** Connections for reading, beside the writer's own. */
const READERS = 8;
/** First half of the advisory lock's key, so that it is nobody else's. */
const LOCK_SPACE = 0x716f6f64;

/** 32 bits of a name, for the second half. */
function lockOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name, "utf8")) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}

function* parts<T>(all: Iterable<T>): Generator<T[]> {
  let part: T[] = [];
  for (const each of all) {
    if (part.push(each) < PART) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

/**
 * Opens a store in a table of its own. The right to write is a lock of the writer's session, and every change goes through
 * that session: who has lost the one cannot make the other.
 * @param url - postgres:// or postgresql:// with the login
 * @param name - the table's name: lower-case letters and underscores
 * @throws QoodError INDEX_NAME
 */
export async function openPostgres(url: string, name: string): Promise<Store> {
  if (!/^[a-z_]{1,40}$/.test(name)) throw new QoodError("INDEX_NAME", `a store's table is named with lower-case letters and underscores, not ${name}`);
  const pool = new pg.Pool({ connectionString: url, max: READERS });
  // An idle connection that breaks is made anew; what was asked over it has failed by itself.
  pool.on("error", () => undefined);
  let writer: pg.Client | undefined;
  let lost = false;
  await pool.query(`CREATE TABLE IF NOT EXISTS ${name} (k bytea PRIMARY KEY, v bytea NOT NULL)`).catch((error: unknown) => {
    // Two that make it at once: one of them is told that it is there.
    if ((error as { code?: string }).code !== "23505" && (error as { code?: string }).code !== "42P07") throw error;
  });

  const holder = (): pg.Client => {
    if (writer === undefined || lost) throw new QoodError("INDEX_LOST", `this process has not, or no longer, the right to write to the table ${name}`);
    return writer;
  };
  const puts = async (client: pg.Client, entries: readonly Entry[]): Promise<void> => {
    for (const part of parts(entries)) {
      await client.query(`INSERT INTO ${name} (k, v) SELECT * FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT (k) DO UPDATE SET v = EXCLUDED.v`, [part.map((each) => each.key), part.map((each) => each.value)]);
    }
  };

  return {
    async getMany(keys) {
      if (keys.length === 0) return [];
      const { rows } = await pool.query<{ k: Buffer; v: Buffer }>({ name: `${name}-get`, text: `SELECT k, v FROM ${name} WHERE k = ANY($1::bytea[])`, values: [keys] });
      const found = new Map(rows.map(({ k, v }) => [k.toString("latin1"), v]));
      return keys.map((key) => found.get(key.toString("latin1")));
    },
    async ranges(spans, limit) {
      if (spans.length === 0) return [];
      const { rows } = await pool.query<{ i: string; k: Buffer; v: Buffer }>({
        name: `${name}-ranges`,
        text: `SELECT r.i, s.k, s.v FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS r(f, t, i), LATERAL (SELECT k, v FROM ${name} WHERE k >= r.f AND k < r.t ORDER BY k LIMIT $3) s ORDER BY r.i, s.k`,
        values: [spans.map(({ from }) => from), spans.map(({ to }) => to), limit],
      });
      const found = spans.map((): Entry[] => []);
      for (const { i, k, v } of rows) found[Number(i) - 1]!.push({ key: k, value: v });
      return found;
    },
    async claim() {
      if (writer !== undefined && !lost) return;
      const client = new pg.Client({ connectionString: url });
      client.on("error", () => (lost = true));
      client.on("end", () => (lost = true));
      await client.connect();
      const { rows } = await client.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS taken", [LOCK_SPACE, lockOf(name)]);
      if (rows[0]?.taken !== true) {
        await client.end();
        throw new QoodError("INDEX_BUSY", `another process writes to the table ${name}: end it, or name another database`);
      }
      writer = client;
      lost = false;
    },
    async commit(changes: readonly Change[]) {
      const client = holder();
      const put = changes.filter((change): change is Entry => change.value !== undefined);
      const removed = changes.filter(({ value }) => value === undefined).map((each) => each.key);
      await client.query("BEGIN");
      try {
        await puts(client, put);
        for (const part of parts(removed)) await client.query(`DELETE FROM ${name} WHERE k = ANY($1::bytea[])`, [part]);
        await client.query("COMMIT");
      } catch (error) {
        await client.query("ROLLBACK").catch(() => undefined);
        throw error;
      }
    },
    async load(entries) {
      const client = holder();
      for (const part of parts(entries)) await puts(client, part);
      await client.query(`ANALYZE ${name}`);
    },
    async clear() {
      await holder().query(`TRUNCATE ${name}`);
    },
    async close() {
      await writer?.end().catch(() => undefined);
      await pool.end();
    },
  };
}
