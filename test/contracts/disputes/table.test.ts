/**
 * DESIGN's table of moves and money, as data: every move is tried from every state of a page, with everything else right. What the table does not name
 * must fail; what it names must move exactly this money.
 */
import { expect } from "chai";
import { type Call, decodeError } from "../../../sdk/client/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { buyIt, complaintAbout, type Credits, DEPOSIT, expectMoney, held, market, movesOf, openPage, plus, proven, provenOrder, provenPage, split, stock, unprovenOrder } from "../support/disputes.ts";
import { networkHelpers, type Role, tx, WINDOW } from "../support/chain.ts";
import { BOND, PRICE } from "../support/world.ts";

const REFUND = { buyer: PRICE + DEPOSIT };
const PAYOUT = split(PRICE);

/** A deal over a spoiled batch, so that a complaint about it is right, and another deal by which the header can be made bad. */
async function fixture() {
  const w = await market();
  const s = await stock(w, "table", 1, { bad: [0] });
  const deal = await buyIt(w, unprovenOrder(w, [openPage(s)]));
  const other = await buyIt(w, provenOrder(w, [provenPage(s)]));
  const delivery = await proven(w, { ...deal, keys: s.keys });
  const otherDelivery = await proven(w, { ...other, keys: s.keys });
  await tx(w.who.tsp, movesOf(w, other, s).deliverProven(otherDelivery));
  const complaint = await complaintAbout(s, 0);
  const moves = movesOf(w, deal, s);
  // Every move with what it rightly brings, by who may make it.
  const acts: Record<Move, [Role, Call]> = {
    deliverUnproven: ["tsp", moves.deliverUnproven(delivery)],
    deliverProven: ["stranger", moves.deliverProven(delivery)],
    challenge: ["buyer", moves.challenge()],
    answer: ["stranger", moves.answer(delivery)],
    concede: ["tsp", moves.concede()],
    refund: ["stranger", moves.refund()],
    complain: ["stranger", moves.complain(0, complaint)],
    refundBad: ["stranger", moves.refundBad(0)],
    settle: ["stranger", moves.settle()],
    receipt: ["stranger", await moves.signedReceipt()],
    reject: ["buyer", w.calls.reject(deal.terms)],
    accept: ["buyer", w.calls.accept(deal.terms)],
  };
  const spoil = () => tx(w.who.stranger, movesOf(w, other, s).complain(0, complaint));
  return { ...w, moves, spoil, move: (name: Move) => tx(w.who[acts[name][0]], acts[name][1]) };
}
type Fixture = Awaited<ReturnType<typeof fixture>>;

const MOVES = ["deliverUnproven", "deliverProven", "challenge", "answer", "concede", "refund", "complain", "refundBad", "settle", "receipt", "reject", "accept"] as const;
type Move = (typeof MOVES)[number];

/** State reached, credits by the move. */
type Outcome = [state: string, money: Credits];
interface Row {
  /** From a deal just bought. */
  before: (f: Fixture) => Promise<unknown>;
  allows: Partial<Record<Move, Outcome>>;
}

const all =
  (...steps: (Move | number | "bad")[]) =>
  async (f: Fixture): Promise<void> => {
    for (const step of steps) await (step === "bad" ? f.spoil() : typeof step === "number" ? networkHelpers.time.increase(step) : f.move(step));
  };
const LATE = WINDOW + 1;
const LOCK: Credits = { tsp: -BOND };
const SLASHED: Outcome = ["Refunded", { buyer: PRICE + DEPOSIT + BOND }];
const SLASHED_ANSWERED: Outcome = ["Refunded", { buyer: PRICE + BOND }];
const SETTLED: Outcome = ["Settled", plus(PAYOUT, { buyer: DEPOSIT, tsp: BOND })];
const SETTLED_ANSWERED: Outcome = ["Settled", plus(PAYOUT, { tsp: BOND })];
const DELIVER: Row["allows"] = { deliverUnproven: ["DeliveredUnproven", LOCK], deliverProven: ["DeliveredProven", LOCK] };
const ANSWER: Outcome = ["DeliveredProven", { tsp: DEPOSIT }];

const TABLE: Record<string, Row> = {
  "Funded": { before: all(), allows: { ...DELIVER, concede: ["Refunded", REFUND], receipt: ["Settled", plus(PAYOUT, { buyer: DEPOSIT })] } },
  "Funded, after deliverBy": { before: all(LATE), allows: { ...DELIVER, concede: ["Refunded", REFUND], refund: ["Refunded", REFUND], receipt: ["Settled", plus(PAYOUT, { buyer: DEPOSIT })] } },
  "Funded, header bad": { before: all("bad"), allows: { concede: ["Refunded", REFUND], refundBad: ["Refunded", REFUND] } },
  "Funded, header bad, after deliverBy": { before: all("bad", LATE), allows: { concede: ["Refunded", REFUND], refund: ["Refunded", REFUND], refundBad: ["Refunded", REFUND] } },
  "DeliveredUnproven": { before: all("deliverUnproven"), allows: { challenge: ["Challenged", {}], concede: SLASHED, complain: SLASHED, receipt: SETTLED } },
  "DeliveredUnproven, window over": { before: all("deliverUnproven", LATE), allows: { concede: SLASHED, settle: SETTLED, receipt: SETTLED } },
  "DeliveredUnproven, header bad": { before: all("deliverUnproven", "bad"), allows: { challenge: ["Challenged", {}], concede: SLASHED, complain: SLASHED, refundBad: SLASHED } },
  "DeliveredUnproven, header bad, window over": { before: all("deliverUnproven", "bad", LATE), allows: { concede: SLASHED, refundBad: SLASHED } },
  "DeliveredProven": { before: all("deliverProven"), allows: { concede: SLASHED, complain: SLASHED, receipt: SETTLED } },
  "DeliveredProven, window over": { before: all("deliverProven", LATE), allows: { concede: SLASHED, settle: SETTLED, receipt: SETTLED } },
  "DeliveredProven, header bad": { before: all("deliverProven", "bad"), allows: { concede: SLASHED, complain: SLASHED, refundBad: SLASHED } },
  "DeliveredProven, header bad, window over": { before: all("deliverProven", "bad", LATE), allows: { concede: SLASHED, refundBad: SLASHED } },
  "Challenged": { before: all("deliverUnproven", "challenge"), allows: { answer: ANSWER, concede: SLASHED, complain: SLASHED, receipt: SETTLED } },
  "Challenged, time to answer over": { before: all("deliverUnproven", "challenge", LATE), allows: { answer: ANSWER, concede: SLASHED, complain: SLASHED, refund: SLASHED, receipt: SETTLED } },
  "Challenged, header bad": { before: all("deliverUnproven", "challenge", "bad"), allows: { concede: SLASHED, complain: SLASHED, refundBad: SLASHED } },
  "Challenged, header bad, time to answer over": { before: all("deliverUnproven", "challenge", "bad", LATE), allows: { concede: SLASHED, complain: SLASHED, refund: SLASHED, refundBad: SLASHED } },
  "answered": { before: all("deliverUnproven", "challenge", "answer"), allows: { concede: SLASHED_ANSWERED, complain: SLASHED_ANSWERED, receipt: SETTLED_ANSWERED } },
  "answered, window over": { before: all("deliverUnproven", "challenge", "answer", LATE), allows: { concede: SLASHED_ANSWERED, settle: SETTLED_ANSWERED, receipt: SETTLED_ANSWERED } },
  "answered, header bad": { before: all("deliverUnproven", "challenge", "answer", "bad"), allows: { concede: SLASHED_ANSWERED, complain: SLASHED_ANSWERED, refundBad: SLASHED_ANSWERED } },
  "answered, header bad, window over": { before: all("deliverUnproven", "challenge", "answer", "bad", LATE), allows: { concede: SLASHED_ANSWERED, refundBad: SLASHED_ANSWERED } },
  "Settled": { before: all("deliverProven", "receipt"), allows: {} },
  "Settled by the window": { before: all("deliverUnproven", LATE, "settle"), allows: {} },
  "Settled, header bad since": { before: all("deliverUnproven", "receipt", "bad", LATE), allows: {} },
  "Refunded": { before: all("concede"), allows: {} },
  "Refunded after a challenge": { before: all("deliverUnproven", "challenge", LATE, "refund"), allows: {} },
  "Refunded after a complaint": { before: all("deliverUnproven", "complain", LATE), allows: {} },
};

/** Nothing else is wrong with a move than the state, the time, or the header. */
const REFUSALS = ["Escrow_WrongState", "Escrow_NotYet", "Escrow_TooLate", "Escrow_HeaderBad", "Escrow_HeaderNotBad", "Escrow_NotReserved"];
const refusalOf = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => "done",
    (error: unknown) => decodeError(error)?.name ?? String(error),
  );

describe("The table of moves and money", () => {
  after(closeProofEngine);

  for (const [name, { before, allows }] of Object.entries(TABLE)) {
    it(`${name}: ${Object.keys(allows).join(", ") || "nothing more"}`, async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await before(f);
      const start = (await f.moves.state()).state;
      for (const move of MOVES) {
        const snapshot = await networkHelpers.takeSnapshot();
        const outcome = allows[move];
        const heldBefore = await held(f);
        await expectMoney(f, outcome?.[1] ?? {}, async () => {
          if (outcome === undefined) expect(REFUSALS, `${name}: ${move}`).to.include(await refusalOf(f.move(move)));
          else await f.move(move);
        });
        expect((await f.moves.state()).state, move).to.equal(outcome?.[0] ?? start);
        expect(await held(f)).to.be.at.most(heldBefore + BOND);
        await snapshot.restore();
      }
    });
  }

  it("holds a deal's money from purchase to end and nothing after it", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const before = await held(f);
    await f.move("deliverUnproven");
    expect(await held(f)).to.equal(before + BOND);
    await f.move("challenge");
    expect(await held(f)).to.equal(before + BOND);
    await f.move("answer");
    expect(await held(f)).to.equal(before + BOND - DEPOSIT);
    await f.move("receipt");
    expect(await held(f)).to.equal(before - PRICE - DEPOSIT);
  });
});
