/** Floor (DESIGN section 8, minimal contracts) and goal of every measured step. */
export interface Floor {
  /** Gas of a minimal contract that does the same, or the sum of its parts. */
  readonly floor: number;
  /** The most that the step may cost. */
  readonly goal?: number;
  /** What the floor contains or leaves out. */
  readonly contains: string;
}

/** Groth16 with so many public inputs and one slot changed: 216.3k + 6.9k each. */
const proof = (inputs: number): number => 216_300 + 6_900 * inputs;
const BUY = 64_500;
const SETTLE = 50_500;
const UNPROVEN = 51_000;

/** By step, in the order of a trade. */
export const FLOORS: Readonly<Record<string, Floor>> = {
  mint: { floor: 95_200, goal: 119_000, contains: "51k + 2 further new slots (maker with epoch, legal hash); two signatures" },
  agree: { floor: 65_200, contains: "21k + 2 new slots; the whole text as event; two signatures" },
  agreeAgain: { floor: 48_100, contains: "21k + 1 new slot + 1 changed" },
  anchor: { floor: 46_900, goal: 53_900, contains: "one new packed slot, event" },
  buy: { floor: BUY, goal: 105_000, contains: "one slot, token pull; order signature, agreement, key check, terms as event" },
  buyWithPermit: { floor: BUY, contains: "as buy, with an ERC-2612 permit" },
  buyFor: { floor: 48_100, contains: "21k + 1 new slot + 1 changed (credit); checks as in buy" },
  accept: { floor: 26_000, contains: "21k + 1 changed; terms" },
  reject: { floor: 31_000, contains: "21k + state + one credit; terms" },
  deliverProven: { floor: 264_600, goal: 317_500, contains: "216.3k + 6.9k x 7 public inputs; header with a path of 10, anchor, resolve, terms" },
  deliverProven8: { floor: proof(21), contains: "216.3k + 6.9k x 21; 8 headers with a path of 10" },
  deliverProven32: { floor: proof(69), contains: "216.3k + 6.9k x 69; 32 headers with a path of 10" },
  deliverUnproven: { floor: UNPROVEN, contains: "the floor has a second new slot, which this one does without; bond, header, anchor, resolve, terms" },
  challenge: { floor: 26_000, contains: "21k + 1 changed; terms" },
  answer: { floor: proof(7), contains: "216.3k + 6.9k x 7; deposit as credit, terms" },
  complain4k: { floor: 316_300, goal: 1_000_000, contains: "216.3k + 6.9k x 5, calldata of the leaf 65.5k; decryption, path of 10, refund" },
  complain1k: { floor: 267_200, contains: "216.3k + 6.9k x 5, calldata of the leaf 16.4k; decryption, path of 10, refund" },
  settleByReceipt: { floor: SETTLE, goal: 84_100, contains: "four repeat payees; terms and agreement 13k, receipt signature 8k" },
  settleByReceiptFromFunded: { floor: SETTLE, contains: "as settleByReceipt, with the header opened here" },
  settle: { floor: SETTLE, goal: 76_100, contains: "four repeat payees; terms and agreement 13k" },
  settleUnproven: { floor: SETTLE, contains: "as settle, with the deposit back to the buyer" },
  refund: { floor: 31_000, contains: "21k + state + one credit; terms" },
  concede: { floor: 31_000, contains: "21k + state + one credit, the bond in it; terms" },
  cancel: { floor: 26_000, contains: "21k + a bit in a word that is in use" },
  cancel256: { floor: 43_100, contains: "21k + a new word" },
  withdraw: { floor: 42_000, goal: 52_500, contains: "one credit less, token transfer" },
  tradeByReceipt: { floor: BUY + SETTLE, goal: 210_000, contains: "buy + settleByReceiptFromFunded" },
  tradeUnproven: { floor: BUY + UNPROVEN + SETTLE, goal: 280_000, contains: "buy + deliverUnproven + settle after it" },
  chacha20Block: { floor: 5_000, goal: 5_000, contains: "a block of 64 bytes, averaged over a leaf of 4 KiB; beside its goal" },
};
