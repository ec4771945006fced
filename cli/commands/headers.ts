import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import { lastMessageOf } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { encodeRest, hashHeader } from "@qoodblock/sdk/formats";
import { handleProof } from "@qoodblock/sdk/market";
import type { Offer, OfferLot } from "@qoodblock/sdk/market";
import { hexArgument, lotArgument } from "../arguments.ts";
import { withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { printResult } from "../output.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

const opened = ({ header, anchor }: OfferLot) => ({ header: header.words, path: anchor.path });
const proofOf = ({ agreement: { text }, order }: Offer, { header }: OfferLot): Hex =>
  handleProof({ vehicle: text.vehicle, epoch: text.epoch, dataClass: order.dataClass, privacy: order.privacy, schema: header.rest.schema });
const LOT = "an offer file that has the batch, FILE or FILE#LOT";

/** `headers show|admit|contradict|report`: what anyone can do with anchored headers. */
export function registerHeaders(program: Command, group: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const headers = group.command("headers").description("anchored headers: late ones, and those by which a TSP contradicts itself");
  headers
    .command("show")
    .description("how a header stands: when it was anchored, whether it was admitted late, contradicted, or shown to be bad")
    .argument("<lot>", LOT)
    .action(async (path: string) => {
      const { lot } = lotArgument(path, "<lot>");
      const header = hashHeader(lot.header.words);
      const { tsp, root } = lot.anchor;
      const shown = await withChain(options(), async ({ client: { reads } }) => {
        const [anchor, admitted, contradicted, { bad }, times] = await Promise.all([reads.anchorOf(tsp, root), reads.isAdmitted(header), reads.isEquivocated(header), reads.markOf(header), reads.equivocationsOf(tsp)]);
        return { anchored: anchor.time === 0 ? null : new Date(anchor.time * 1000).toISOString(), admitted, contradicted, bad, tspContradictions: times };
      });
      printResult({ header, stream: lot.header.words.stream, sequence: lot.header.words.sequence, tsp, ...shown }, options().json);
    });
  sending(headers, "admit", "have a header count that was anchored after its ownership epoch: its device has signed it, and it is not more than 35 days late; by anyone")
    .argument("<lot>", LOT)
    .requiredOption("--previous <hex>", "chain hash before the batch's last message, 32 bytes: `lastLink.previous` of the SDK's openBatch")
    .requiredOption("--rows-root <hex>", "root of the last message's rows, 32 bytes: `lastLink.rowsRoot`")
    .action(async (path: string, given: Sending & { previous: string; rowsRoot: string }) => {
      const { offer, lot } = lotArgument(path, "<lot>");
      const link = { previous: hexArgument(32, given.previous, "--previous"), rowsRoot: hexArgument(32, given.rowsRoot, "--rows-root") };
      const { envelope } = lot;
      if (envelope === null) throw new QoodError("HEADER_UNSIGNED", "the batch carries no device's signature: only device-signed ones count late");
      const header = hashHeader(lot.header.words);
      await carryOut(options(), given, ({ client }) => ({
        ...{ calls: [client.calls.admitLateHeader(opened(lot), proofOf(offer, lot), encodeRest(lot.header.rest), lastMessageOf(link, envelope))], about: { header } },
        after: async () => ({ admitted: await client.reads.isAdmitted(header) }),
      }));
    });
  sending(headers, "contradict", "prove that a TSP has anchored two headers of one sequence, or two that claim the same messages: neither can be sold any more; by anyone")
    .argument("<first>", LOT)
    .argument("<second>", LOT)
    .action(async (firstPath: string, secondPath: string, given: Sending) => {
      const [{ lot: first }, { lot: second }] = [lotArgument(firstPath, "<first>"), lotArgument(secondPath, "<second>")];
      const same = first.header.words.stream === second.header.words.stream && first.header.words.sequence === second.header.words.sequence;
      // The registry wants the one first that begins no later.
      const [early, late] = first.header.rest.firstCounter <= second.header.rest.firstCounter ? [first, second] : [second, first];
      await carryOut(options(), given, ({ client }) => ({
        calls: [same ? client.calls.proveTwoOfOneSequence(opened(first), opened(second)) : client.calls.proveOverlap(opened(early), encodeRest(early.header.rest), opened(late), encodeRest(late.header.rest))],
        about: { reason: same ? "two of one sequence" : "the same messages", headers: [hashHeader(first.header.words), hashHeader(second.header.words)] },
        after: async () => ({ tspContradictions: await client.reads.equivocationsOf(first.header.words.tsp) }),
      }));
    });
  sending(headers, "report", "make a proven contradiction count in the exchange; by anyone")
    .argument("<lot>", LOT)
    .action(async (path: string, given: Sending) => {
      const header = hashHeader(lotArgument(path, "<lot>").lot.header.words);
      await carryOut(options(), given, ({ client }) => ({ calls: [client.calls.showEquivocated(header)], about: { header } }));
    });
}
