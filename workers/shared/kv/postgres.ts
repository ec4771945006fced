import pg from "pg";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { MAX_ANSWER_BYTES } from "@qoodblock/sdk/kv";
import type { KvRecord, KvStore } from "@qoodblock/sdk/kv";
import type { Logger } from "../log/index.ts";

const TABLE = "CREATE TABLE IF NOT EXISTS qood_kv (address bytea NOT NULL, key bytea NOT NULL, body bytea NOT NULL, PRIMARY KEY (address, key))";
/** Bodies are sealed: the database's own compression would only cost time. */
const STORAGE = "ALTER TABLE qood_kv ALTER COLUMN body SET STORAGE EXTERNAL";
/** Two processes that start at the same time would both make the table. */
const LOCK = "SELECT pg_advisory_xact_lock(hashtext('qood_kv'))";
/** Rows until their bodies reach the limit together, the first in any case. */
const cut = (rows: string): string => `SELECT address, key, body FROM (SELECT *, sum(length(body)) OVER (ORDER BY address, key) - length(body) AS before FROM (${rows}) AS found) AS summed WHERE before < ${MAX_ANSWER_BYTES} ORDER BY address, key`;

interface Found {
  readonly address: Buffer;
  readonly key: Buffer;
  readonly body: Buffer;
}

const recordOf = ({ address, key, body }: Found): KvRecord => ({ address: toHex(address), key, body });

/**
 * Records in a table of a PostgreSQL, which any number of processes may write.
 * @param url - `postgresql://…`
 * @throws QoodError KV_DATABASE where it cannot be reached
 */
export async function openPostgresStore(url: string, log: Pick<Logger, "error">): Promise<KvStore> {
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  // A connection that breaks while nobody uses it is not worth an end; the next query opens another.
  pool.on("error", (error) => log.error({ err: error }, "a connection to the database broke"));
  const ask = async (text: string, values: readonly unknown[] = []): Promise<{ rows: Found[]; count: number }> => {
    try {
      const { rows, rowCount } = await pool.query<Found>(text, [...values]);
      return { rows, count: rowCount ?? 0 };
    } catch (cause) {
      throw new QoodError("KV_DATABASE", `the database does not answer: ${(cause as Error).message}`, { cause });
    }
  };
  try {
    await ask(`BEGIN; ${LOCK}; ${TABLE}; ${STORAGE}; COMMIT`);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    async put({ address, key, body }) {
      const at = [fromHex(address, 20), key];
      if ((await ask("INSERT INTO qood_kv VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [...at, body])).count === 1) return "written";
      if ((await ask("SELECT body FROM qood_kv WHERE address = $1 AND key = $2", at)).rows[0]?.body.equals(body) === true) return "same";
      throw new QoodError("KV_KEY_TAKEN", "this key of this address is written already: a key is written once");
    },
    async get(address, key) {
      const [found] = (await ask("SELECT * FROM qood_kv WHERE address = $1 AND key = $2", [fromHex(address, 20), key])).rows;
      return found === undefined ? undefined : recordOf(found);
    },
    range: async (address, from, to, limit) =>
      (await ask(cut("SELECT * FROM qood_kv WHERE address = $1 AND key BETWEEN $2 AND $3 ORDER BY key LIMIT $4"), [fromHex(address, 20), from, to, limit])).rows.map(recordOf),
    scan: async (after, limit) =>
      (await ask(cut("SELECT * FROM qood_kv WHERE (address, key) > ($1, $2) ORDER BY address, key LIMIT $3"), [fromHex(after?.address ?? "0x"), after?.key ?? new Uint8Array(), limit])).rows.map(recordOf),
    close: () => pool.end(),
  };
}
