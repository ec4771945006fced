/** Searches over the catalog's HTTP API beside the same questions in plain SQL, over the same documents. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { pino } from "pino";
import { createServer } from "../../workers/catalog/server.ts";
import { bulkDocuments, openStore } from "../../workers/shared/index/index.ts";
import type { Store } from "../../workers/shared/index/index.ts";
import { startPostgres } from "../../workers/shared/engines/postgres.ts";
import { randomBy } from "../../test/workers/support/random.ts";
import type { Row } from "../table.ts";
import type { Form } from "./form.ts";
import { progress } from "../progress.ts";
import { document, makeQuestion } from "./market.ts";
import type { Question } from "./market.ts";

const GOAL_MS = 50;
const LIMIT = 20;
/** Rows of one statement of the plain table. */
const PART = 10_000;

/** The value that a share of them does not exceed. */
export const percentile = (values: readonly number[], share: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;

function* documents(count: number, into: string): Generator<ReturnType<typeof document>> {
  const tell = progress(`documents, ${into}`, count);
  for (let i = 0; i < count; i += 1) {
    tell(i);
    yield document(i);
  }
}

/** Fills a plain table with an index for each of the fields that questions name. */
async function fillTable(client: pg.Client, count: number): Promise<void> {
  await client.query("CREATE TABLE plain (kind text, id text, schema text, owner text, cells text[], first bigint, last bigint, price numeric, body jsonb)");
  for (let at = 0; at < count; at += PART) {
    const rows = Array.from({ length: Math.min(PART, count - at) }, (_, i) => {
      const [kind, { id, terms, from, to, price, body }] = document(at + i);
      return { kind, id, schema: terms["schema"]![0], owner: terms["owner"]![0], cells: terms["cell"], first: from, last: to, price: price ?? null, body };
    });
    await client.query("INSERT INTO plain SELECT * FROM jsonb_populate_recordset(NULL::plain, $1::jsonb)", [JSON.stringify(rows)]);
  }
  for (const columns of ["(kind, owner, last DESC)", "(kind, schema, last DESC)", "(kind, last DESC)"]) await client.query(`CREATE INDEX ON plain ${columns}`);
  await client.query("CREATE INDEX ON plain USING gin (cells)");
  await client.query("ANALYZE plain");
}

async function asked(url: string, { path, query }: Question): Promise<string[]> {
  const response = await fetch(`${url}/v1/${path}?${new URLSearchParams({ ...query, limit: String(LIMIT) })}`);
  const answer = (await response.json()) as { items: { id: string }[]; message?: string };
  if (!response.ok) throw new Error(answer.message);
  return answer.items.map(({ id }) => id);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function measure(store: Store, engine: string, form: Form, plain: pg.Client): Promise<Row[]> {
  const limits = { requestsPerMinute: 1_000_000_000, offersPerMinute: 1, bodyBytes: 1024 };
  const app = await createServer({ chain: store, catalog: store, chainId: 1, exchange: "", log: pino({ level: "silent" }), ...limits });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const random = randomBy(11);
  const [own, sql]: [number[], number[]] = [[], []];
  let hits = 0;
  for (let n = 0; n < form.questions; n += 1) {
    const question = makeQuestion(random, form.documents);
    const select = () => plain.query<{ id: string }>(`SELECT id, body FROM plain WHERE ${question.sql.where} ORDER BY last DESC, id LIMIT ${LIMIT}`, [...question.sql.values]);
    let found: string[] = [];
    const time = await timed(async () => (found = await asked(url, question)));
    const peer = await timed(select);
    const { rows } = await select();
    // A page may be cut short by its bound, but never have what is not there.
    if (found.some((id, i) => rows[i]?.id !== id)) throw new Error(`the catalog and SQL differ over ${JSON.stringify(question.query)}`);
    hits += found.length;
    // The first ones warm both up.
    if (n < form.questions / 10) continue;
    own.push(time);
    sql.push(peer);
  }
  await app.close();
  const note = `${(hits / form.questions).toFixed(1)} hits a question`;
  return [
    { what: `search p50, ${engine}`, measured: percentile(own, 0.5), unit: "ms", beside: { name: "plain SQL", value: percentile(sql, 0.5) }, note },
    { what: `search p99, ${engine}`, measured: percentile(own, 0.99), unit: "ms", beside: { name: "plain SQL", value: percentile(sql, 0.99) } },
    { what: `  search p99, ${engine}, against its goal`, measured: percentile(own, 0.99), unit: "ms", beside: { name: "goal", value: GOAL_MS }, goal: { ratio: 1, side: "at most" } },
  ];
}

/** Rows of this room. */
export async function searchRows(form: Form): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "qood-bench-"));
  const pgDir = mkdtempSync(join(tmpdir(), "qood-pg-"));
  const postgres = await startPostgres({ dir: pgDir, cache: fileURLToPath(new URL("../../.cache", import.meta.url)) });
  const plain = new pg.Client({ connectionString: postgres.url });
  await plain.connect();
  try {
    await fillTable(plain, form.documents);
    const rows: Row[] = [];
    for (const [engine, settings] of [["LMDB", { store: dir }], ["PostgreSQL", { database: postgres.url }]] as const) {
      const store = await openStore(settings, "catalog");
      await store.claim();
      const seconds = (await timed(() => store.load(bulkDocuments(documents(form.documents, engine))))) / 1000;
      rows.push({ what: `bulk path, ${engine}`, measured: form.documents / seconds, unit: "documents/s", note: `${form.documents.toLocaleString("en")} offers and batches` });
      rows.push(...(await measure(store, engine, form, plain)));
      await store.close();
    }
    return rows;
  } finally {
    await plain.end();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
    rmSync(pgDir, { recursive: true, force: true });
  }
}
