/** Keys that were handed over off the chain, kept in the folder of the results: they stand nowhere else, and open for the buyer's delivery key alone. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { handoverKeysSchema } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { KeptKeys } from "@qoodblock/sdk/purchase";
import { writeAtomically } from "@qoodblock/workers/shared/process/state.ts";

const FILE = "keys.json";
const schema = z.strictObject({ format: z.literal("qood/keys/v1"), dealId: z.string(), pages: z.record(z.string().regex(/^\d+$/), handoverKeysSchema) });
type Kept = z.output<typeof schema>;

/** Reads what an earlier run was given for this deal. */
function readKept(folder: string, dealId: Hex): Kept {
  const none: Kept = { format: "qood/keys/v1", dealId, pages: {} };
  if (!existsSync(join(folder, FILE))) return none;
  try {
    const kept = z.parse(schema, JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    return kept.dealId === dealId ? kept : none;
  } catch {
    throw new QoodError("HANDOVER_KEPT", `${join(folder, FILE)} does not hold wrapped keys: name another folder with --out`);
  }
}

/** Keys of a deal in a folder. @throws QoodError HANDOVER_KEPT where something else lies there under their name */
export function keysIn(folder: string, dealId: Hex): KeptKeys {
  const kept = readKept(folder, dealId);
  return {
    get(page) {
      const found = kept.pages[String(page)];
      return found === undefined ? undefined : { R: found.r, c: found.c };
    },
    set(page, wrapped) {
      kept.pages[String(page)] = { r: [...wrapped.R], c: [...wrapped.c] };
      mkdirSync(folder, { recursive: true });
      writeAtomically(join(folder, FILE), `${JSON.stringify(z.encode(schema, kept))}\n`);
    },
  };
}
