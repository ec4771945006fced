/**
 * Keys that the seller hands over off the chain: the cheapest way, where an offer names the seller's endpoint. What comes is
 * kept in the folder of the results, as it stands nowhere else; wrapped keys open for the buyer's delivery key alone.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { fetchHandover, handoverKeysSchema, sendReceipt } from "@qoodblock/sdk/client";
import type { DeliveryKey, WrappedKeys } from "@qoodblock/sdk/delivery";
import { QoodError, isQoodError } from "@qoodblock/sdk/errors";
import { DATA_CLASS, hasFlag, lotsOfPage } from "@qoodblock/sdk/market";
import type { Paid } from "@qoodblock/sdk/purchase";
import { writeAtomically } from "@qoodblock/workers/shared/process/state.ts";
import type { BuyerContext } from "./context.ts";

const FILE = "keys.json";
const schema = z.strictObject({ format: z.literal("qood/keys/v1"), dealId: z.string(), pages: z.record(z.string().regex(/^\d+$/), handoverKeysSchema) });
type Kept = z.output<typeof schema>;

/** How long is waited before the endpoint is asked again, milliseconds. */
const SOON_MS = 1000;
const LATER_MS = 30_000;

/** The seller's endpoint as one purchase uses it. */
export interface Handover {
  /** Keys of a page that were handed over before. */
  kept(page: number): WrappedKeys | undefined;
  /** Keys of a page that waits for its delivery; undefined while there are none, or where they come over the chain. */
  ask(page: number): Promise<WrappedKeys | undefined>;
  /** Ends it for a page: what came is of no use. */
  giveUp(page: number): void;
  /** Gives the seller the receipt of a page; false where it was not taken. */
  receipt(page: number): Promise<boolean>;
}

/** Reads what an earlier run was given for this deal. */
function readKept(folder: string | undefined, dealId: Hex): Kept {
  const none: Kept = { format: "qood/keys/v1", dealId, pages: {} };
  if (folder === undefined || !existsSync(join(folder, FILE))) return none;
  try {
    const kept = z.parse(schema, JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    return kept.dealId === dealId ? kept : none;
  } catch {
    throw new QoodError("HANDOVER_KEPT", `${join(folder, FILE)} does not hold wrapped keys: name another folder with --out`);
  }
}

/** @param folder - where keys are kept; undefined: nowhere. */
export function createHandover({ client, signer, say }: BuyerContext, paid: Paid, key: DeliveryKey, folder?: string): Handover {
  const { offer } = paid.checked;
  const url = offer.handover;
  const kept = readKept(folder, paid.dealId);
  const next = new Map<number, number>();
  const isPossible = url !== undefined && !hasFlag(offer.order, "allOrNothing") && offer.order.dataClass !== DATA_CLASS.DISPUTED;
  const at = (page: number) => ({ url: url!, deployment: client.deployment, terms: paid.terms, page, signer });
  const known = (page: number): WrappedKeys | undefined => {
    const found = kept.pages[String(page)];
    return found === undefined ? undefined : { R: found.r, c: found.c };
  };

  return {
    kept: known,
    giveUp: (page) => void next.set(page, Infinity),
    async ask(page) {
      if (!isPossible || (next.get(page) ?? 0) > Date.now()) return undefined;
      const before = known(page);
      if (before !== undefined) return before;
      try {
        const { wrapped } = await fetchHandover(at(page), { secret: key.secret, headers: lotsOfPage(offer, page).map(({ header }) => header.words) });
        kept.pages[String(page)] = { r: [...wrapped.R], c: [...wrapped.c] };
        if (folder !== undefined) {
          mkdirSync(folder, { recursive: true });
          writeAtomically(join(folder, FILE), `${JSON.stringify(z.encode(schema, kept))}\n`);
        }
        return wrapped;
      } catch (error) {
        if (!isQoodError(error)) throw error;
        const [isEarly, isWrong] = [error.code === "HANDOVER_NOT_READY", error.code.startsWith("DELIVERY_")];
        if (!isEarly) say(`page ${page}: ${error.message}${isWrong ? ": nothing is signed, the key must come over the chain" : ""}`);
        next.set(page, isWrong || error.code === "HANDOVER_ON_CHAIN" ? Infinity : Date.now() + (isEarly ? SOON_MS : LATER_MS));
        return undefined;
      }
    },
    async receipt(page) {
      if (!isPossible) return false;
      try {
        await sendReceipt(at(page));
        return true;
      } catch (error) {
        if (!isQoodError(error)) throw error;
        say(`page ${page}: the seller did not take the receipt (${error.message}): settling it myself`);
        return false;
      }
    },
  };
}
