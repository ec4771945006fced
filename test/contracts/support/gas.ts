/** Gas of every step of a trade in its usual form: warm recipients, four repeat payees, path of 10, repeatable order, QDD. */
import { receiptData, signTypedData } from "../../../sdk/eip712/index.ts";
import { signPermit } from "../../../sdk/client/index.ts";
import { hashHeader, anchorTree } from "../../../sdk/formats/index.ts";
import { type Lot, type Opening, versionTerms } from "../../../sdk/market/index.ts";
import type { Call } from "../../../sdk/client/index.ts";
import type { Signer } from "ethers";
import { CHAIN_ID, ethers, networkHelpers, tx, WINDOW } from "./chain.ts";
import { agree, agreementText, bought, FAR, hash, header, mintVehicle, order, purchase, SCHEMA, type World, world } from "./world.ts";
import { prove } from "./proofs.ts";

/** Floor (DESIGN section 8) and goal of a step, with what it takes for granted. */
export const FLOORS: Readonly<Record<string, { floor: number; goal?: number; contains: string }>> = {
  mint: { floor: 95_200, goal: 119_000, contains: "51k + 2 further new slots (maker with epoch, legal hash); two signatures" },
  agree: { floor: 65_200, contains: "21k + 2 new slots; the whole text as event; two signatures" },
  agreeAgain: { floor: 48_100, contains: "21k + 1 new slot + 1 changed" },
  anchor: { floor: 46_900, goal: 53_900, contains: "one new packed slot, event" },
  buy: { floor: 64_500, goal: 105_000, contains: "one slot, token pull; order signature, agreement, key check, terms as event" },
  buyWithPermit: { floor: 64_500, contains: "as buy, with an ERC-2612 permit" },
  deliverProven: { floor: 264_600, goal: 317_500, contains: "216.3k + 6.9k x 7 public inputs; header with a path of 10, anchor, resolve, terms" },
  settleByReceipt: { floor: 50_500, goal: 84_100, contains: "four repeat payees; terms and agreement 13k, receipt signature 8k" },
  settleByReceiptFromFunded: { floor: 50_500, contains: "as settleByReceipt, with the header opened here" },
  settle: { floor: 50_500, goal: 76_100, contains: "four repeat payees; terms and agreement 13k" },
  refund: { floor: 30_000, contains: "21k + state + one credit" },
  withdraw: { floor: 42_000, goal: 52_500, contains: "one credit less, token transfer" },
};

/** Measures in a chain of its own. */
export async function measureGas(): Promise<Record<string, number>> {
  const w = await networkHelpers.loadFixture(world);
  const { who, calls, deployment } = w;
  const { escrow, qdd } = deployment.addresses;
  const used: Record<string, number> = {};
  const run = async (name: string | null, signer: Signer, call: Call): Promise<void> => {
    const receipt = await (await tx(signer, call)).wait();
    if (name !== null) used[name] = Number(receipt!.gasUsed);
  };
  const last = async (name: string): Promise<void> => {
    const block = (await ethers.provider.getBlock("latest"))!;
    used[name] = Number(block.gasUsed);
  };

  // Identity and rights. Owner, payees and tokens are in use before anything is measured.
  const second = await mintVehicle(w, hash("second"));
  await last("mint");
  await agree(w, agreementText(w, second));
  await last("agree");
  const text = { ...w.text, nonce: 1 };
  await agree(w, text);
  await last("agreeAgain");
  const live: World = { ...w, text };
  await networkHelpers.time.increase(1);

  const trade = async (measured: boolean, path: "receipt" | "window" | "funded" | "refund" | "permit", n: number): Promise<void> => {
    const name = (step: string): string | null => (measured ? step : null);
    const words = header(live, { sequence: n });
    const leaves = [hashHeader(words), ...Array.from({ length: 1023 }, (_, i) => hash(`${n} ${i}`))];
    const tree = anchorTree(leaves);
    await run(name("anchor"), who.tsp, calls.anchor(tree.root, n, tree.listHash, tree.listDigest));
    const lot: Lot = { header: words, path: tree.paths[0]!, schema: SCHEMA, former: 0 };
    const headers = [hashHeader(words)];
    const opening: Opening = { lots: [lot], formers: [] };
    const buying = await purchase(live, order(live, [words], { version: 2 }), { nonce: BigInt(n) });
    if (path === "permit") {
      const nonce = await w.reads.permitNonce(qdd, who.at.buyer);
      const permit = await signPermit(who.buyer, { address: qdd, name: "QoodBlock Dollar", nonce }, { chainId: CHAIN_ID, spender: escrow, value: 10n ** 12n, deadline: FAR });
      await run(name("buyWithPermit"), who.buyer, calls.buyWithPermit(buying, permit));
      return;
    }
    const { dealId, terms } = await bought(live, buying);
    if (measured) await last("buy");
    const terms2 = versionTerms(text);
    if (path === "refund") {
      await networkHelpers.time.increase(WINDOW + 1);
      await run(name("refund"), who.stranger, calls.refund(terms, 0));
      return;
    }
    const signature = await signTypedData(who.buyer, receiptData(live.domain("escrow"), { dealId, page: 0n }));
    if (path === "funded") {
      await run(name("settleByReceiptFromFunded"), who.stranger, calls.settleByReceipt(terms, 0, terms2, { signature, opening }));
      return;
    }
    await run(name("deliverProven"), who.tsp, calls.deliverProven(terms, 0, opening, await prove(escrow, dealId)));
    if (path === "receipt") await run(name("settleByReceipt"), who.stranger, calls.settleByReceipt(terms, 0, terms2, { signature, headers }));
    else {
      await networkHelpers.time.increase(WINDOW + 1);
      await run(name("settle"), who.stranger, calls.settle(terms, 0, terms2, headers));
    }
  };

  await trade(false, "funded", 1);
  await trade(false, "refund", 2);
  await trade(true, "receipt", 3);
  await trade(true, "window", 4);
  await trade(true, "funded", 5);
  await trade(true, "refund", 6);
  await trade(true, "permit", 7);
  await run(null, who.owner, calls.withdraw(qdd, who.at.owner, 1_000n));
  await run("withdraw", who.owner, calls.withdraw(qdd, who.at.owner, 1_000n));
  return used;
}
