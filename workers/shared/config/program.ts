import type { z } from "zod";

/** What a program says of its own settings. */
export interface Program<S extends z.ZodObject> {
  /** As typed in a shell, e.g. `qood-ingest`. */
  readonly name: string;
  /** One sentence: what it does. */
  readonly summary: string;
  /** One entry a setting, named in camelCase, each with `.describe()`. */
  readonly schema: S;
}
