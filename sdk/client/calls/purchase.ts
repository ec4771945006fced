/** A purchase as the contracts take it. */
import { termsWords, versionBrief, versionParties } from "../../market/index.ts";
import type { Purchase } from "../../market/index.ts";

/** See the head of this file. */
export const purchaseWords = (purchase: Purchase) => ({
  ...purchase,
  agreement: versionBrief(purchase.agreement),
  extras: purchase.extras.map((extras) => ({ ...extras, parties: versionParties(purchase.agreement), right: extras.right.map(termsWords) })),
});
