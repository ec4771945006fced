/** All workers with their settings: what a configuration file can have sections for. */
import type { z } from "zod";
import { schema as board } from "./board/settings.ts";
import { schema as catalog } from "./catalog/settings.ts";
import { schema as delivery } from "./delivery/settings.ts";
import { schema as gateway } from "./gateway/settings.ts";
import { schema as indexer } from "./indexer/settings.ts";
import { schema as ingest } from "./ingest/settings.ts";
import { schema as kv } from "./kv/settings.ts";
import { schema as prover } from "./prover/settings.ts";
import { schema as storage } from "./storage/settings.ts";

/** A worker as it is named in shells and configuration files. */
export interface WorkerProgram {
  readonly name: string;
  /** Where its `main.ts` is. */
  readonly folder: string;
  readonly schema: z.ZodObject;
}

/** See the head of this file. */
export const programs: readonly WorkerProgram[] = Object.entries({ storage, gateway, ingest, prover, delivery, board, indexer, catalog, kv }).map(([folder, schema]) => ({ name: `qood-${folder}`, folder, schema }));
