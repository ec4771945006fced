/** ERC-6372 by its own text, which stands in quotes; one assertion a demand. */
import { expect } from "chai";
import { ask, networkHelpers, now } from "../support/chain.ts";
import { bothTokens } from "../support/tokens.ts";

describe("ERC-6372: QDT", () => {
  it('clock: "returns the current timepoint according to the mode the contract is operating on"', async () => {
    const { qdt } = await networkHelpers.loadFixture(bothTokens);
    expect(await ask(qdt, "clock")).to.equal(BigInt(await now()));
  });

  it('clock: "MUST be a non-decreasing function of the chain"', async () => {
    const { qdt } = await networkHelpers.loadFixture(bothTokens);
    let last = 0n;
    for (const step of [1, 1, 12, 3600, 86_400]) {
      await networkHelpers.time.increase(step);
      const clock = (await ask(qdt, "clock")) as bigint;
      expect(clock >= last).to.equal(true);
      last = clock;
    }
    expect(last).to.equal(BigInt(await now()));
  });

  it('CLOCK_MODE: "MUST be formatted like a URL query string, decodable in standard JavaScript with new URLSearchParams(CLOCK_MODE)"', async () => {
    const { qdt } = await networkHelpers.loadFixture(bothTokens);
    expect([...new URLSearchParams((await ask(qdt, "CLOCK_MODE")) as string)]).to.deep.equal([["mode", "timestamp"]]);
  });

  it('CLOCK_MODE: "if operating using timestamp, then this function MUST return mode=timestamp"', async () => {
    const { qdt } = await networkHelpers.loadFixture(bothTokens);
    expect(await ask(qdt, "CLOCK_MODE")).to.equal("mode=timestamp");
  });

  it("has the types of the text: uint48 and string", async () => {
    const { qdt } = await networkHelpers.loadFixture(bothTokens);
    expect(["clock", "CLOCK_MODE"].map((name) => qdt.interface.getFunction(name)!.outputs[0]!.type)).to.deep.equal(["uint48", "string"]);
  });
});
