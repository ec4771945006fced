/** A token that calls back while money moves: nothing that moves money can be entered by it, from any of them. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { Call } from "../../../sdk/client/index.ts";
import { signTypedData, withdrawalData } from "../../../sdk/eip712/index.ts";
import { hashHeader } from "../../../sdk/formats/index.ts";
import { page, type Purchase } from "../../../sdk/market/index.ts";
import { ethers, networkHelpers, tx } from "../support/chain.ts";
import { market } from "../support/deal.ts";
import { agree, FAR, hash, order, purchase, type World } from "../support/world.ts";

const PERMIT = { value: 0n, deadline: FAR, v: 27, r: hash("r"), s: hash("s") };

/** A market in a token that is listed though it calls back; the buyer has some of it, and some credit. */
async function fixture() {
  const m = await market();
  const { who, calls } = m;
  const token = await ethers.deployContract("AwkwardToken");
  const at = (await token.getAddress()) as Hex;
  await tx(who.treasurer, calls.setToken(at, { listed: true, stopped: false, scale: 0, feeBps: 0, deposit1: 0, deposit8: 0, deposit32: 0, bond1: 0, bond8: 0, bond32: 0, exact: false }));
  const text = { ...m.text, nonce: 1, tokens: [...m.text.tokens, { token: at, oemFloor: 1n, userFloor: 1n, disputedFloor: 1n }] };
  await agree(m, text);
  await token.getFunction("mint")(who.at.buyer, 100_000n);
  await tx(who.buyer, calls.approve(at, 100_000n));
  await tx(who.buyer, calls.deposit(at, who.at.buyer, 10_000n));
  const w: World = { ...m, text };
  const buying = await purchase(w, order(w, [m.words], { version: 2, token: at, pages: [page([hashHeader(m.words)], 1_000n)] }), { tokenIndex: 1 });
  let nonces = 100n;
  const again = (): Purchase => ({ ...buying, nonce: (nonces += 1n) });
  const withdrawal = async (amount: bigint) => {
    const text = { account: who.at.buyer, token: at, to: who.at.stranger, amount, nonce: await m.reads.withdrawalNonce(who.at.buyer), deadline: FAR };
    return { ...text, signature: await signTypedData(who.buyer, withdrawalData(m.domain("escrow"), text)) };
  };
  /** Everything that takes or gives tokens, and what is paid out of credit. */
  const moves: Record<string, () => Call | Promise<Call>> = {
    buy: () => calls.buy(again()),
    buyWithPermit: () => calls.buyWithPermit(again(), PERMIT),
    buyFor: () => calls.buyFor(again(), who.at.buyer, 0),
    deposit: () => calls.deposit(at, who.at.buyer, 1n),
    withdraw: () => calls.withdraw(at, who.at.buyer, 1n),
    withdrawFor: async () => calls.withdrawFor(await withdrawal(1n)),
  };
  return { ...m, token, moves };
}

describe("Escrow, re-entrance", () => {
  for (const outer of ["buy", "buyWithPermit", "deposit", "withdraw", "withdrawFor"]) {
    it(`lets nothing in that moves money while ${outer} waits for the token`, async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const guard = f.escrow.interface.getError("ReentrancyGuardReentrantCall")!.selector;
      for (const [inner, call] of Object.entries(f.moves)) {
        const { to, data } = await call();
        await f.token.getFunction("callBack")(to, data);
        await tx(f.who.buyer, await f.moves[outer]!());
        expect([await f.token.getFunction("calledBackWell")(), await f.token.getFunction("answer")()], inner).to.deep.equal([false, guard]);
      }
    });
  }

  it("is over with the move: each can be made after the other", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    for (const call of Object.values(f.moves)) await tx(f.who.buyer, await call());
  });
});
