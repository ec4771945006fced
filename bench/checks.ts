/** The checks inside a move, each with its gas: code by the trace, calldata by its bytes. */
import { AbiCoder, type ParamType, type Result, type TransactionDescription } from "ethers";
import { calldataGas, type Part, type Profile } from "./trace.ts";

/** One check, or one other thing that a move does. */
export interface Check {
  readonly name: string;
  /** What DESIGN section 8 allows for it. */
  readonly allowance?: number;
  /** Functions whose gas it is. */
  readonly where?: RegExp;
  readonly kind?: Part["kind"];
  /** Arguments that are brought along for it, by name, those of a struct behind a dot. */
  readonly brings?: readonly string[];
}

/** The base of every transaction. */
const BASE = 21_000;
const TOKEN: Check = { name: "token pull 16.5k, QDD's lists 6.3k", allowance: 22_800, where: /ERC20|^QDD|_pull$/ };
const HASHES = "ECDSA|Signatures|MessageHash|EIP712|hashOrder|hashPages|_orderHash";
const signature = (name: string, brings: string): Check => ({ name, allowance: 8_000, where: /ECDSA|Signatures/, brings: [brings] });
const AGREEMENT: Check = { name: "agreement: preimage", allowance: 8_000, where: /^Agreements\.(digest|hash)|QoodShares/, brings: ["agreement"] };
const TERMS: Check = { name: "terms: calldata, id", allowance: 5_000, where: new RegExp(`_load(End)?$|idOf|${HASHES}`), brings: ["terms"] };
const ANCHOR: Check = { name: "anchor slot", allowance: 4_700, where: /^DataRegistry|_openLot$/, kind: "calls" };
const ANCHOR_READ: Check = { name: ANCHOR.name, where: /^DataRegistry/ };
const RESOLVE: Check = { name: "resolve: handle, epoch", allowance: 5_000, where: /_checkStream|VehicleRegistry|Handles/ };
const HEADER: Check = { name: "header words, path of 10", allowance: 12_000, where: /Headers|MerkleProof|Hashes\.|_openLots?$|_openAll|hashLots|_checkSold/, brings: ["opening"] };
const MARK: Check = { name: "header not bad, not another's", where: /_bind|_checkNotBad|_checkPageNotBad|hashLotsCalldata/, brings: ["headers"] };
const BOND: Check = { name: "bond out of the standing balance", where: /_debit$/ };
const PROOF: Check = { name: "proof: calldata, inputs, pairing", where: /Verifier|Proofs|_checkProof/, brings: ["delivery"] };
const CREDITS: Check = { name: "credits, 5.4k each", allowance: 21_600, where: /_credit(In)?$/ };
const EVENT: Check = { name: "event", kind: "events" };
const slots = (allowance: number): Check => ({ name: "slots of the deal", allowance, kind: "storage writes" });
const READS: Check = { name: "other slots read", kind: "storage reads" };

/** By step; a part counts for the first check that it fits. */
export const CHECKS: Readonly<Record<string, readonly Check[]>> = {
  buy: [
    TOKEN,
    { ...signature("order signature", "purchase.sellerSignature"), where: new RegExp(HASHES) },
    { ...AGREEMENT, name: "agreement: preimage, slots", where: /QoodShares|_checkAgreement|^Agreements\./, brings: ["purchase.agreement", "purchase.tokens"] },
    { name: "key check", allowance: 3_000, where: /BabyJub/, brings: ["purchase.keyX", "purchase.keyY"] },
    slots(22_100),
    { name: "terms: calldata, id, event", allowance: 5_000, where: /idOf|^Escrow\._open$/, brings: ["purchase.order"] },
    READS,
  ],
  deliverUnproven: [ANCHOR, ANCHOR_READ, RESOLVE, MARK, BOND, HEADER, TERMS, EVENT, slots(27_100), READS],
  deliverProven: [PROOF, ANCHOR, ANCHOR_READ, RESOLVE, MARK, BOND, HEADER, TERMS, EVENT, slots(5_000), READS],
  settle: [CREDITS, MARK, AGREEMENT, TERMS, EVENT, slots(5_000), READS],
  settleByReceipt: [CREDITS, MARK, AGREEMENT, signature("receipt signature", "signature"), TERMS, EVENT, slots(5_000), READS],
  settleByReceiptFromFunded: [CREDITS, ANCHOR, ANCHOR_READ, RESOLVE, MARK, HEADER, AGREEMENT, signature("receipt signature", "signature"), TERMS, EVENT, slots(5_000), READS],
};

const coder = AbiCoder.defaultAbiCoder();

/** Gas of the bytes of one argument, by its name. */
function argumentGas({ fragment, args }: TransactionDescription, name: string): number {
  let types: readonly ParamType[] = fragment.inputs;
  let values: Result = args;
  let found: { type: ParamType; value: unknown } | undefined;
  for (const part of name.split(".")) {
    const at = types.findIndex((type) => type.name === part);
    if (at < 0) return 0;
    found = { type: types[at]!, value: values[at] };
    if (found.type.components !== null) [types, values] = [found.type.components, found.value as Result];
  }
  return calldataGas(coder.encode([found!.type], [found!.value]));
}

/** A line of the table. */
export interface CheckGas {
  readonly name: string;
  readonly gas: number;
  readonly allowance?: number;
}

/** Splits a transaction's gas into its checks; base, first calldata that is not told apart, and the rest included, they sum to all of it. */
export function checksOf(step: string, call: TransactionDescription, data: string, { parts, execution }: Profile): CheckGas[] {
  const sums = new Map<string, { gas: number; allowance?: number }>();
  const add = (name: string, gas: number, allowance?: number): void => {
    const known = sums.get(name);
    sums.set(name, { gas: (known?.gas ?? 0) + gas, ...(known?.allowance === undefined ? (allowance === undefined ? {} : { allowance }) : { allowance: known.allowance }) });
  };
  const checks = CHECKS[step]!;
  let brought = 0;
  for (const { name, allowance, brings = [] } of checks) {
    const gas = brings.reduce((sum, each) => sum + argumentGas(call, each), 0);
    brought += gas;
    add(name, gas, allowance);
  }
  const REST = "decoding, form, arithmetic and all else";
  for (const part of parts) {
    const check = checks.find(({ where, kind }) => (where === undefined || where.test(part.where)) && (kind === undefined || kind === part.kind));
    add(check?.name ?? REST, part.gas);
  }
  add("base of a transaction", BASE, BASE);
  add("other calldata", calldataGas(data) - brought);
  if (BASE + calldataGas(data) + execution !== [...sums.values()].reduce((sum, { gas }) => sum + gas, 0)) throw new Error(`the parts of ${step} do not sum to the whole`);
  return [...sums].filter(([, { gas }]) => gas !== 0).map(([name, sum]) => ({ name, ...sum })).sort((a, b) => b.gas - a.gas);
}

/** What dominates a transaction: its largest kinds of work, in per cent of the whole. */
export function dominating(data: string, { parts, execution }: Profile): string {
  const sums = new Map<string, number>([["base", BASE], ["calldata", calldataGas(data)]]);
  for (const { where, kind, gas } of parts) {
    const name = /ChaCha/.test(where) ? "decryption" : kind === "calls" ? "cold contracts" : kind;
    sums.set(name, (sums.get(name) ?? 0) + gas);
  }
  const whole = BASE + calldataGas(data) + execution;
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([name, gas]) => `${name} ${Math.round((100 * gas) / whole)} %`)
    .join(", ");
}
