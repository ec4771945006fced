import { createCipheriv, createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import type { BaseContract } from "ethers";
import { ethers, networkHelpers } from "./support/chain.ts";

interface Probe extends BaseContract {
  crypt(input: Uint8Array, offset: number, key: bigint, firstBlock: number | bigint): Promise<string>;
  gasOf(length: number, key: bigint, firstBlock: number): Promise<bigint>;
  keepsToItself(input: Uint8Array, before: Uint8Array, behind: Uint8Array): Promise<boolean>;
}

const probe = async (): Promise<Probe> => (await ethers.deployContract("ChaCha20Probe")) as unknown as Probe;
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
const keyOf = (hex: string): bigint => BigInt(`0x${hex}`);

/** node:crypto's ChaCha20 with nonce 0. */
function expected(key: bigint, firstBlock: number, data: Uint8Array): string {
  const iv = Buffer.alloc(16);
  iv.writeUInt32LE(firstBlock, 0);
  return hex(createCipheriv("chacha20", Buffer.from(key.toString(16).padStart(64, "0"), "hex"), iv).update(data));
}

/** Bytes that depend on a label only. */
function bytesOf(label: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash("sha256").update(`${label}/${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

/** Vectors of RFC 8439, appendix A.1, that have nonce 0: key, counter, block of the key stream. */
const RFC: [string, number, string][] = [
  [
    "00".repeat(32),
    0,
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
  ],
  [
    "00".repeat(32),
    1,
    "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
  ],
  [
    `${"00".repeat(31)}01`,
    1,
    "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
  ],
  [
    `00ff${"00".repeat(30)}`,
    2,
    "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
  ],
];

describe("ChaCha20", () => {
  it("gives the blocks of RFC 8439, appendix A.1", async () => {
    const p = await networkHelpers.loadFixture(probe);
    for (const [key, counter, block] of RFC) expect(await p.crypt(Buffer.alloc(64), 0, keyOf(key), counter)).to.equal(`0x${block}`);
  });

  it("gives the ciphertext of RFC 8439, appendix A.2 #1: zeros under key 0", async () => {
    const p = await networkHelpers.loadFixture(probe);
    expect(await p.crypt(Buffer.alloc(64), 0, 0n, 0)).to.equal(`0x${RFC[0]![2]}`);
  });

  it("agrees with node:crypto over keys, lengths 1 to 4096 and counters 0 to 1023", async () => {
    const p = await networkHelpers.loadFixture(probe);
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 0, max: 1023 }), async (key, length, firstBlock) => {
        const data = bytesOf(`${key} ${length}`, length);
        expect(await p.crypt(data, 0, key, firstBlock)).to.equal(expected(key, firstBlock, data));
      }),
      { numRuns: 120, seed: 8439 },
    );
  });

  it("agrees at every edge of word, block and group of seven blocks, also for keys whose words are all ones", async () => {
    const p = await networkHelpers.loadFixture(probe);
    const edges = [32, 64, 448, 896, 4096].flatMap((edge) => [edge - 1, edge, edge + 1]);
    for (const key of [1n, 2n ** 256n - 1n]) {
      for (const length of [1, 2, ...edges, 4000]) {
        const data = bytesOf("edge", length);
        expect(await p.crypt(data, 0, key, 1000), `${length} bytes`).to.equal(expected(key, 1000, data));
      }
    }
    expect(await p.crypt(Buffer.alloc(0), 0, 1n, 0)).to.equal("0x");
  });

  it("counts blocks modulo 2^32 in each of the seven lanes, without touching the nonce", async () => {
    const p = await networkHelpers.loadFixture(probe);
    const zeros = Buffer.alloc(64 * 9);
    const key = keyOf(bytesOf("wrap", 32).toString("hex"));
    const got = await p.crypt(zeros, 0, key, 2 ** 32 - 4);
    expect(got).to.equal(expected(key, 2 ** 32 - 4, zeros.subarray(0, 256)) + expected(key, 0, zeros.subarray(256)).slice(2));
    expect(await p.crypt(zeros, 0, key, 2n ** 200n + 2n ** 32n + 9n)).to.equal(expected(key, 9, zeros));
  });

  it("lets no carry into the next lane: a key that brings 16 of them to one word in six double rounds", async () => {
    const p = await networkHelpers.loadFixture(probe);
    const key = keyOf(createHash("sha256").update("carries 6348").digest("hex"));
    expect(await p.crypt(Buffer.alloc(448), 0, key, 0)).to.equal(expected(key, 0, Buffer.alloc(448)));
  });

  it("starts at the offset and leaves what stands before it, and the memory around the message", async () => {
    const p = await networkHelpers.loadFixture(probe);
    for (const [offset, length] of [[33, 4129], [33, 34], [1, 100], [64, 128], [10, 10], [11, 10]] as const) {
      const data = bytesOf("offset", length);
      expect(await p.crypt(data, offset, 5n, 3), `${offset} of ${length}`).to.equal(hex(data.subarray(0, offset)) + expected(5n, 3, data.subarray(offset)).slice(2));
    }
    for (const length of [1, 31, 32, 63, 65, 96, 1000]) expect(await p.keepsToItself(bytesOf("data", length), bytesOf("before", 99), bytesOf("behind", 99)), `${length}`).to.equal(true);
  });

  it("refuses to work where the caller keeps something", async () => {
    const p = await networkHelpers.loadFixture(probe);
    const free = 0x2000 - 0x80 - 0x20;
    expect(await p.crypt(Buffer.alloc(free), 0, 1n, 0)).to.equal(expected(1n, 0, Buffer.alloc(free)));
    await expect(p.crypt(Buffer.alloc(free + 1), 0, 1n, 0)).to.be.revertedWithCustomError(p, "ChaCha20_MemoryInUse").withArgs(0x2020);
  });

  it("costs at most 5,000 gas a block, averaged over a leaf of 4 KiB", async () => {
    const p = await networkHelpers.loadFixture(probe);
    const gas = Number(await p.gasOf(4096, keyOf(bytesOf("gas", 32).toString("hex")), 960));
    console.log(`      ChaCha20: ${(gas / 64).toFixed(0)} gas a block, ${gas} a leaf of 4 KiB, ${await p.gasOf(1024, 7n, 0)} a leaf of 1 KiB`);
    expect(gas / 64).to.be.at.most(5000);
  });
});
