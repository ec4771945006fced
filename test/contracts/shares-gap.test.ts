/** The time between an agreement's end and the next text: nobody is agent in it, and nothing that comes later changes that. */
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { versionTerms } from "../../sdk/market/index.ts";
import { ask, contractAt, DAY, networkHelpers, now, tx } from "./support/chain.ts";
import { agree, world } from "./support/world.ts";

describe("QoodShares, between an end and the next text", () => {
  it("has no agent, also when the next text is there: the end keeps the second that it was told with", async () => {
    const w = await networkHelpers.loadFixture(world);
    const { who, calls, reads, agreement, vehicle, text } = w;
    const shares = await contractAt("QoodShares", w.deployment.addresses.qoodShares);
    await tx(who.owner, calls.end(vehicle, 1));
    const ends = (await now()) + 7 * DAY;
    expect((await reads.versionOf(agreement, 2)).start).to.equal(ends);
    await networkHelpers.time.increaseTo(ends + DAY);
    const next = { ...text, nonce: 2 };
    await agree(w, next);
    const again = await now();
    expect((await reads.versionOf(agreement, 2)).start, "the end").to.equal(ends);
    expect((await reads.versionOf(agreement, 3)).start, "the next text").to.equal(again);
    const agentAt = (version: number, time: number) => ask(shares, "agentAt", agreement, version, versionTerms(version === 3 ? next : text), time);
    // What the former agent has anchored in between stays unsellable by every version.
    for (const time of [ends, ends + 1, again - 1]) for (const version of [1, 2, 3]) expect(await agentAt(version, time), `version ${version}, ${time - ends} s after the end`).to.equal(ZeroAddress);
    expect(await agentAt(1, ends - 1)).to.equal(who.at.tsp);
    expect(await agentAt(3, again)).to.equal(who.at.tsp);
  });
});
