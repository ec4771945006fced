/** Gas of every step of a trade in its usual form: warm recipients, four repeat payees, path of 10, repeatable order, QDD. */
import type { Signer } from "ethers";
import { type Hex, toHex } from "../../../sdk/bytes/index.ts";
import { type Call, eventIn, signPermit } from "../../../sdk/client/index.ts";
import { receiptData, signTypedData } from "../../../sdk/eip712/index.ts";
import { anchorTree, hashHeader, type HeaderWords } from "../../../sdk/formats/index.ts";
import { type Lot, type Opening, type SellOrder, type Terms, versionTerms } from "../../../sdk/market/index.ts";
import { type Batch, bytesOf, seal } from "../../support/sealer.ts";
import { CHAIN_ID, ethers, networkHelpers, tx, WINDOW } from "./chain.ts";
import { complaintAbout, leastBond, movesOf, openPage, proven, provenPage, spoil, unproven } from "./disputes.ts";
import { agree, agreementText, bought, FAR, hash, header, KEY, mintVehicle, order, PRICE, purchase, SCHEMA, type World, world } from "./world.ts";
import { prove } from "./proofs.ts";

export { FLOORS } from "./gas-floors.ts";

/** Leaves under every anchor: a path of 10. */
const ANCHORED = 1024;
/** Leaves of the batches that are complained of: a path of 10 too. */
const LEAVES = 1024;

/** What was measured, and the transactions that it was measured on. */
export interface Measured {
  gas: Record<string, number>;
  hashes: Record<string, Hex>;
  /** The client of the chain that they are on. */
  world: World;
}

/** Measures in a chain of its own. */
export async function measureGas(): Promise<Record<string, number>> {
  return (await measureSteps()).gas;
}

/** Measures in a chain of its own, and keeps the chain's transactions for a closer look. */
export async function measureSteps(): Promise<Measured> {
  const w = await networkHelpers.loadFixture(world);
  const { who, calls, deployment } = w;
  const { escrow, qdd } = deployment.addresses;
  const gas: Record<string, number> = {};
  const hashes: Record<string, Hex> = {};
  const take = (name: string, used: bigint, transaction: string): void => {
    gas[name] = Number(used);
    hashes[name] = transaction as Hex;
  };
  const run = async (name: string | null, signer: Signer, call: Call) => {
    const receipt = (await (await tx(signer, call)).wait())!;
    if (name !== null) take(name, receipt.gasUsed, receipt.hash);
    return receipt;
  };
  const last = async (name: string): Promise<void> => {
    const block = (await ethers.provider.getBlock("latest"))!;
    take(name, block.gasUsed, block.transactions[0]!);
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
  const pinned = versionTerms(text);
  await networkHelpers.time.increase(1);

  /** Headers under one anchor of 1,024 leaves, as many as there are changes. */
  const stocked = async (n: number, changes: readonly Partial<HeaderWords>[], name: string | null = null) => {
    const words = changes.map((change, i) => header(live, { sequence: n * 100 + i, ...change }));
    const own = words.map(hashHeader);
    const tree = anchorTree([...own, ...Array.from({ length: ANCHORED - own.length }, (_, i) => hash(`${n} ${i}`))]);
    await run(name, who.tsp, calls.anchor(tree.root, n, tree.listHash, tree.listDigest));
    const lots = words.map((each, i): Lot => ({ header: each, path: tree.paths[i]!, schema: SCHEMA, former: 0 }));
    return { words, lots, hashes: own, opening: { lots, formers: [] } satisfies Opening };
  };

  const trade = async (measured: boolean, path: "receipt" | "window" | "funded" | "refund" | "permit", n: number): Promise<void> => {
    const name = (step: string): string | null => (measured ? step : null);
    const { words, opening, hashes: headers } = await stocked(n, [{}], name("anchor"));
    const buying = await purchase(live, order(live, words, { version: 2 }), { nonce: BigInt(n) });
    if (path === "permit") {
      const nonce = await w.reads.permitNonce(qdd, who.at.buyer);
      const permit = await signPermit(who.buyer, { address: qdd, name: "QoodBlock Dollar", nonce }, { chainId: CHAIN_ID, spender: escrow, value: 10n ** 12n, deadline: FAR });
      await run(name("buyWithPermit"), who.buyer, calls.buyWithPermit(buying, permit));
      return;
    }
    const { dealId, terms } = await bought(live, buying);
    if (measured) await last("buy");
    if (path === "refund") {
      await networkHelpers.time.increase(WINDOW + 1);
      await run(name("refund"), who.stranger, calls.refund(terms, 0));
      return;
    }
    const signature = await signTypedData(who.buyer, receiptData(live.domain("escrow"), { dealId, page: 0n }));
    if (path === "funded") {
      await run(name("settleByReceiptFromFunded"), who.stranger, calls.settleByReceipt(terms, 0, pinned, { signature, opening }));
      return;
    }
    await run(name("deliverProven"), who.tsp, calls.deliverProven(terms, 0, opening, await prove(escrow, dealId)));
    if (path === "receipt") await run(name("settleByReceipt"), who.stranger, calls.settleByReceipt(terms, 0, pinned, { signature, headers }));
    else {
      await networkHelpers.time.increase(WINDOW + 1);
      await run(name("settle"), who.stranger, calls.settle(terms, 0, pinned, headers));
    }
  };

  await trade(false, "funded", 1);
  await trade(false, "refund", 2);
  await trade(true, "receipt", 3);
  await trade(true, "window", 4);
  await trade(true, "funded", 5);
  await trade(true, "refund", 6);
  await trade(true, "permit", 7);

  // Pages of 8 and 32 keys.
  for (const [i, size] of [8, 32].entries()) {
    const stock = await stocked(10 + i, Array.from({ length: size }, () => ({})));
    const sold = order(live, stock.words, { version: 2, pages: [provenPage(stock, { price: PRICE * BigInt(size), bond: leastBond(size) })] });
    const { dealId, terms } = await bought(live, await purchase(live, sold));
    const delivery = await proven(live, { dealId, keys: stock.words.map(() => KEY) });
    await run(`deliverProven${size}`, who.tsp, calls.deliverProven(terms, 0, stock.opening, delivery));
  }

  // Unproven deliveries, each with its own end.
  const delivered = async (n: number, change: Partial<HeaderWords> = {}) => {
    const stock = await stocked(n, [change]);
    const sold: SellOrder = order(live, stock.words, { version: 2, flags: 0, answerTime: WINDOW, pages: [openPage(stock)] });
    const deal = await bought(live, await purchase(live, sold));
    const moves = movesOf(live, deal, { ...stock, batches: [], keys: [], oemKeys: [] });
    await run("deliverUnproven", who.tsp, moves.deliverUnproven(unproven(live, { dealId: deal.dealId, keys: [KEY] })));
    return { ...deal, moves };
  };
  const challenged = await delivered(20);
  await run("challenge", who.buyer, challenged.moves.challenge());
  await run("answer", who.tsp, challenged.moves.answer(await proven(live, { dealId: challenged.dealId, keys: [KEY] })));
  const over = await delivered(21);
  await networkHelpers.time.increase(WINDOW + 1);
  await run("settleUnproven", who.stranger, over.moves.settle());
  await run("concede", who.tsp, (await delivered(22)).moves.concede());
  for (const [i, size] of [4096, 1024].entries()) {
    const batch: Batch = seal({ plain: [bytesOf(`gas ${size}`, size * LEAVES)], leafSize: size, k1: KEY, fault: spoil(1000) });
    const complaint = await complaintAbout({ batches: [batch] } as Parameters<typeof complaintAbout>[0], 0, 1000);
    const deal = await delivered(30 + i, { root: toHex(batch.root), kc1: batch.commitments[0], kc2: batch.commitments[1] });
    await run(`complain${size / 1024}k`, who.stranger, deal.moves.complain(0, complaint));
  }

  // Reserved deals, out of credit that is left over.
  await run(null, who.buyer, calls.deposit(qdd, who.at.buyer, 10n * PRICE));
  const reserved = async (n: number): Promise<Terms> => {
    const { words } = await stocked(n, [{}]);
    const sold = order(live, words, { version: 2 });
    const receipt = await run("buyFor", who.buyer, calls.buyFor(await purchase(live, sold), who.at.buyer, WINDOW));
    return { order: sold, sale: eventIn(deployment, "Bought", receipt)!.sale };
  };
  await run("accept", who.buyer, calls.accept(await reserved(40)));
  await run("reject", who.buyer, calls.reject(await reserved(41)));

  await run(null, who.tsp, calls.cancelOrder(1_000n));
  await run("cancel", who.tsp, calls.cancelOrder(1_001n));
  await run("cancel256", who.tsp, calls.cancelOrders(9n, (1n << 256n) - 1n));
  await run(null, who.owner, calls.withdraw(qdd, who.at.owner, 1_000n));
  await run("withdraw", who.owner, calls.withdraw(qdd, who.at.owner, 1_000n));

  const sum = (...names: string[]): number => names.reduce((total, name) => total + gas[name]!, 0);
  gas["tradeByReceipt"] = sum("buy", "settleByReceiptFromFunded");
  gas["tradeUnproven"] = sum("buy", "deliverUnproven", "settleUnproven");
  const probe = await ethers.deployContract("ChaCha20Probe");
  gas["chacha20Block"] = Math.round(Number(await probe.getFunction("gasOf")(4096, KEY, 960)) / 64);
  return { gas, hashes, world: live };
}
