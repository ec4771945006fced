import { deliveryHash } from "@qoodblock/sdk/delivery";
import { QoodError } from "@qoodblock/sdk/errors";
import { lotsOfPage, pageKey } from "@qoodblock/sdk/market";
import type { Deal } from "@qoodblock/sdk/market";
import { offerOf } from "./batch.ts";
import type { Again, DeliveryContext, Moment, OpenPage } from "./context.ts";
import { askProof, deliveryWords } from "./proof.ts";
import { Recent } from "./recent.ts";
import { note, transact } from "./transact.ts";

/** Milliseconds between two looks at an answer under way. */
const LOOK_MS = 100;
/** Pages that a person was called for. */
const alarmed = new Recent();

/**
 * A challenged page: proven with exactly the keys that were delivered, and answered as soon as the challenge is seen. An
 * answer that a reorg makes void costs nothing but its gas; it counts until the refund is executed, so it is sent also
 * after the time to answer.
 */
export async function serveChallenged(context: DeliveryContext, page: OpenPage, deal: Deal, moment: Moment): Promise<Again> {
  const { client, log } = context;
  const { terms, deal: { dealId } } = page;
  if (page.record.status !== "challenged") {
    await note(context, page, { status: "challenged" });
    log.warn({ dealId, page: page.page, answerBy: deal.endsAt }, "a delivery is challenged; answering");
  }
  if (moment.now > deal.endsAt - terms.order.answerTime / 2 && alarmed.add(page.id)) {
    log.error({ dealId, page: page.page, answerBy: deal.endsAt }, "ALARM: half of the time to answer a challenge has passed: look after the prover and the lane, or the bond is lost");
  }
  const offer = await offerOf(context, page);
  await transact(context, page, "answer", async () => {
    const proof = await askProof(context, page, offer);
    if (proof === undefined) return undefined;
    const made = deliveryHash({ R: proof.r, c: proof.c });
    const delivered = await client.reads.deliveryOf(pageKey(dealId, page.page));
    if (made !== delivered) {
      const text = `the vault does not give the keys that were delivered in deal ${dealId}, page ${page.page}: restore the one that they were delivered from`;
      if (alarmed.add(`${page.id} vault`)) log.error({ dealId, page: page.page }, `ALARM: ${text}`);
      throw new QoodError("ANSWER_OTHER", text);
    }
    await note(context, page, { ms: { ...page.record.ms, prove: proof.ms } });
    return { call: client.calls.answer(terms, page.page, lotsOfPage(offer, page.page).map(({ header }) => header.words), deliveryWords(proof)), urgent: true };
  });
  return LOOK_MS;
}
