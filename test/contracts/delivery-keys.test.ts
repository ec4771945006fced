/** Which delivery keys the contracts take, beside curve arithmetic written out here; and what a proof is asked about. */
import { expect } from "chai";
import type { BaseContract } from "ethers";
import { ethers, networkHelpers } from "./support/chain.ts";

interface Keys extends BaseContract {
  isValidKey(x: bigint, y: bigint): Promise<boolean>;
}
interface Proofs extends BaseContract {
  verify(size: number, commitments: readonly bigint[], delivery: object): Promise<boolean>;
}

/** BabyJubJub, ERC-2494: a x² + y² = 1 + d x² y² over p, of order 8 l. */
const p = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const l = 2736030358979909402780800718157159386076813972158567259200215660948447373041n;
const [a, d] = [168700n, 168696n];
type Point = readonly [bigint, bigint];
/** Of order 8 l, from the standard. */
const GENERATOR: Point = [995203441582195749578291179787384436505546430278305826713579947235728471134n, 5472060717959818805561601436314318772137091100104008585924551046643952123905n];

const mod = (n: bigint): bigint => ((n % p) + p) % p;
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [mod(base), exponent]; e > 0n; [b, e] = [(b * b) % p, e >> 1n]) if (e & 1n) result = (result * b) % p;
  return result;
}
const over = (n: bigint, by: bigint): bigint => mod(mod(n) * power(by, p - 2n));
function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const t = mod(d * mod(x1 * x2) * mod(y1 * y2));
  return [over(x1 * y2 + y1 * x2, 1n + t), over(y1 * y2 - a * x1 * x2, 1n - t)];
}
function times(point: Point, n: bigint): Point {
  let result: Point = [0n, 1n];
  for (let [q, e] = [point, n]; e > 0n; [q, e] = [add(q, q), e >> 1n]) if (e & 1n) result = add(result, q);
  return result;
}
const isOn = ([x, y]: Point): boolean => mod(a * x * x + y * y) === mod(1n + d * mod(x * x) * mod(y * y));

describe("delivery keys", () => {
  const fixture = async (): Promise<Keys> => (await ethers.deployContract("HashProbe")) as unknown as Keys;

  it("are points of the curve whose eightfold is not the identity: in the subgroup and beside it", async () => {
    const keys = await networkHelpers.loadFixture(fixture);
    expect(times(GENERATOR, 8n * l)).to.deep.equal([0n, 1n]);
    for (const n of [8n, 16n, 8n * 123_456_789n, 8n * (l - 1n), 1n, 3n, 8n * l - 1n, l + 8n]) {
      const [x, y] = times(GENERATOR, n);
      expect(await keys.isValidKey(x, y), `${n} G`).to.equal(true);
    }
  });

  it("are none of the eight points of small order, nor a second writing of one: of p for 0, above all", async () => {
    const keys = await networkHelpers.loadFixture(fixture);
    const least = times(GENERATOR, l);
    const points = Array.from({ length: 8 }, (_, n) => times(least, BigInt(n)));
    expect(new Set(points.map(([x, y]) => `${x} ${y}`)).size).to.equal(8);
    for (const [x, y] of points) {
      expect(isOn([x, y])).to.equal(true);
      for (const [u, v] of [[x, y], [x + p, y], [x, y + p], [x + p, y + p]] as const) expect(await keys.isValidKey(u, v), `${u}, ${v}`).to.equal(false);
    }
  });

  it("are no points beside the curve, and no second writing of one on it", async () => {
    const keys = await networkHelpers.loadFixture(fixture);
    const [x, y] = times(GENERATOR, 8n);
    for (const [u, v] of [[x + 1n, y], [x, y + 1n], [y, x], [1n, 1n]] as const) {
      expect(isOn([u, v])).to.equal(false);
      expect(await keys.isValidKey(u, v)).to.equal(false);
    }
    for (const [u, v] of [[x + p, y], [x, y + p], [x + p, y + p], [x + 2n * p, y], [x, y + 2n * p]] as const) expect(await keys.isValidKey(u, v), `${u}, ${v}`).to.equal(false);
  });
});

describe("a proof of delivery", () => {
  const fixture = async (): Promise<Proofs> => (await ethers.deployContract("ProofsProbe")) as unknown as Proofs;
  const delivery = (keys: number): object => ({ r: [1, 2], c: Array.from({ length: keys }, (_, i) => i), proofA: [1, 2], proofB: [[1, 2], [3, 4]], proofC: [1, 2] });
  const some = (count: number): bigint[] => Array.from({ length: count }, (_, i) => BigInt(i + 1));

  it("is about one commitment at least and as many as the instance has at most, with a key for each", async () => {
    const proofs = await networkHelpers.loadFixture(fixture);
    const error = { interface: proofs.interface };
    for (const [size, count] of [[1, 1], [8, 1], [8, 2], [8, 8], [32, 9], [32, 32]] as const) expect(await proofs.verify(size, some(count), delivery(size)), `${count} of ${size}`).to.equal(true);
    for (const [size, count] of [[1, 0], [8, 0], [32, 0], [1, 2], [8, 9], [32, 33]] as const) {
      await expect(proofs.verify(size, some(count), delivery(size)), `${count} of ${size}`).to.be.revertedWithCustomError(error, "Proofs_KeyCount").withArgs(count, size);
    }
    for (const [size, keys] of [[1, 0], [1, 2], [8, 7], [8, 9], [32, 31]] as const) {
      await expect(proofs.verify(size, some(1), delivery(keys)), `${keys} keys for ${size}`).to.be.revertedWithCustomError(error, "Proofs_KeyCount").withArgs(keys, size);
    }
  });
});
