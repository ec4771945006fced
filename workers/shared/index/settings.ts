import { z } from "zod";

/** Settings of a worker that works on the index. */
export const storeSettings = z.object({
  store: z.string().min(1).optional().describe("Folder of the embedded store (LMDB); indexer and catalog of one machine name the same. Not used with a database."),
  database: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must be a postgres:// URL")
    .optional()
    .meta({ description: "PostgreSQL in place of the embedded store, as a postgres:// URL with its login: indexer and catalogs on several machines.", alias: "DATABASE_URL" }),
});
