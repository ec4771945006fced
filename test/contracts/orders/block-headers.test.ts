/** Headers of past blocks at the edges of their form, and the contract with old hashes where it does not behave. */
import { expect } from "chai";
import { ask, ethers, networkHelpers } from "../support/chain.ts";
import { failing } from "../support/orders.ts";

/** The contract of EIP-2935. */
const HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935";
const ONES = "ff".repeat(32);
/** Code that answers, or reverts with, the first so many bytes of ones. */
const saying = (length: number, how: "answers" | "reverts"): string => `0x7f${ONES}6000527f${ONES}60205260${length.toString(16).padStart(2, "0")}6000${how === "answers" ? "f3" : "fd"}`;

const MIX = "5a".repeat(32);
/** A string of so many bytes whose length has a byte of its own. */
const long = (length: number, byte = "11"): string => `b8${length.toString(16).padStart(2, "0")}${byte.repeat(length)}`;
/** A list of items, its length in one byte or in two. */
const list = (...items: string[]): string => {
  const payload = items.join("");
  const length = (payload.length / 2).toString(16);
  return `0x${length.length <= 2 ? `f8${length.padStart(2, "0")}` : `f9${length.padStart(4, "0")}`}${payload}`;
};
/** Thirteen fields of one byte before what is asked for, some of them replaced. */
const before = (...own: string[]): string[] => [...own, ...Array<string>(13 - own.length).fill("01")];

async function fixture() {
  const probe = await ethers.deployContract("HeaderProbe");
  return { read: (header: string) => ask(probe, "mixHashOf", header), hashOf: (block: number) => ask(probe, "hashOf", block) };
}

describe("Headers of past blocks", () => {
  it("are read where each field begins, however long the ones before are", async () => {
    const { read } = await networkHelpers.loadFixture(fixture);
    const right: Record<string, string> = {
      "with the mix hash as the last field": list(...before(), `a0${MIX}`),
      "with fields behind it": list(...before(), `a0${MIX}`, "01", "820203"),
      "with an empty field": list(...before("80", "80"), `a0${MIX}`),
      "with the largest of one byte and the smallest of several": list(...before("7f", "8180"), `a0${MIX}`),
      "with the longest that has no byte for its length": list(...before(`b7${"11".repeat(55)}`), `a0${MIX}`),
      "with the shortest that has one": list(...before(long(56)), `a0${MIX}`),
      "with such a one just before it": list(...Array<string>(12).fill("01"), long(60, "a0"), `a0${MIX}`),
      "with a length of two bytes": list(...before(`b90100${"11".repeat(256)}`), `a0${MIX}`),
    };
    for (const [what, header] of Object.entries(right)) expect(await read(header), what).to.equal(`0x${MIX}`);
  });

  it("are not read where a field is missing, cut off, or of another kind", async () => {
    const { read } = await networkHelpers.loadFixture(fixture);
    const wrong: Record<string, string> = {
      "no fields": list(),
      "a field too few": list(...before()),
      "three fields": list("01", "01", "01"),
      "a length that is cut off": list("01", "01", "b9"),
      "the last field of the kind that has a length, with nothing in it": list(...Array<string>(12).fill("01"), "b800"),
      // Taken for a string, it would be nine bytes of length that say nothing, and all others would come after it.
      "an empty list before the mix hash": list(...before(`c0${"00".repeat(9)}`), `a0${MIX}`),
      "a list of one before it": list(...before(`c1${"00".repeat(10)}`), `a0${MIX}`),
      "a mix hash that is cut off": list(...before(), `a0${MIX.slice(2)}`),
      "a longer string in its place": list(...before(), `a1${MIX}11`),
      "a shorter one with another field behind it": list(...before(), `9f${MIX.slice(2)}`, "01", "01"),
      "a byte behind the list": `${list(...before(), `a0${MIX}`)}00`,
      "a byte too few": list(...before(), `a0${MIX}`, "01").slice(0, -2),
      "a list that is short by its prefix": `0xf7${list(...before(), `a0${MIX}`).slice(4)}`,
      "a prefix without the bytes of its length": "0xf9",
      "a prefix with one of two": "0xf900",
    };
    for (const [what, header] of Object.entries(wrong)) expect(await failing(read(header)), what).to.equal("BlockHeaders_Malformed");
  });

  it("have a hash that the chain itself knows, whatever the history says of it", async () => {
    const { hashOf } = await networkHelpers.loadFixture(fixture);
    await networkHelpers.mine(3);
    const block = (await ethers.provider.getBlockNumber()) - 1;
    const { hash } = (await ethers.provider.getBlock(block))!;
    // Among these is the block that the call itself is in, whichever the node takes for it; what is not made yet has no hash.
    const numbers = [block, block + 1, block + 2, block + 3, block + 1_000];
    const known = await Promise.all(numbers.map(hashOf));
    expect([known[0], BigInt(known[3] as string)]).to.deep.equal([hash, 0n]);
    await networkHelpers.setCode(HISTORY, saying(32, "answers"));
    expect(await Promise.all(numbers.map(hashOf))).to.deep.equal(known);
  });

  it("have an old hash by the history's one word only", async () => {
    const { hashOf } = await networkHelpers.loadFixture(fixture);
    const block = await ethers.provider.getBlockNumber();
    await networkHelpers.mine(300);
    expect(BigInt((await hashOf(block)) as string)).to.equal(0n);
    for (const [length, how, known] of [[32, "answers", true], [32, "reverts", false], [31, "answers", false], [33, "answers", false], [0, "answers", false]] as const) {
      await networkHelpers.setCode(HISTORY, saying(length, how));
      expect(await hashOf(block), `${how} ${length}`).to.equal(known ? `0x${ONES}` : `0x${"00".repeat(32)}`);
    }
  });
});
