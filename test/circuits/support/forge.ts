/**
 * Forged assignments of KeyDelivery: values for every signal that satisfy all constraints but one. The inputs that have to fit what the unguarded circuit
 * computes (R, commitment, c) are read off a first run.
 */
import type { Point } from "@qoodblock/sdk/crypto";
import type { KeyDeliveryStatement } from "@qoodblock/sdk/delivery";
import { buyerOf, smallOrderPoints, type Signals } from "./circuit.ts";
import { signalsOf, unguarded, type Lies } from "./unguarded.ts";

/** What a forger does: the secrets and the buyer's key that he starts from, where the circuit lies, public inputs that he changes at the end. */
export interface Forgery extends Lies {
  readonly P?: Point;
  readonly r?: bigint;
  readonly change?: (statement: KeyDeliveryStatement) => KeyDeliveryStatement;
}

const buyer = buyerOf(7n);

/** The buyer that all forgeries are meant for, where they do not name another key. */
export const victim = buyer;

/** One forgery for each numbered constraint: it breaks that one and no other. */
export const FORGERIES: ReadonlyMap<number, Forgery> = new Map<number, Forgery>([
  [1, { P: [buyer.publicKey[0], buyer.publicKey[1] + 1n] }],
  [2, { P: smallOrderPoints().get(8)! }],
  [3, { lie: 3 }],
  [4, { lie: 4 }],
  [5, { lie: 5 }],
  [6, { r: 0n }],
  [7, { change: (statement) => ({ ...statement, R: [statement.R[0] + 1n, statement.R[1]] }) }],
  [8, { change: (statement) => ({ ...statement, R: [statement.R[0], statement.R[1] + 1n] }) }],
  [9, { change: (statement) => ({ ...statement, commitments: [statement.commitments[0]! + 1n] }) }],
  [10, { change: (statement) => ({ ...statement, c: [statement.c[0]! + 1n] }) }],
]);

/** Computes a forgery: every signal's value, and the false statement that it would prove. */
export async function forge(forgery: Forgery): Promise<{ signals: Signals; statement: KeyDeliveryStatement }> {
  const circuit = await unguarded("KeyDelivery1", forgery);
  const secrets = { context: 12345n, P: forgery.P ?? buyer.publicKey, r: forgery.r ?? 5n, k: [987654321n] };
  const first = await signalsOf(circuit, { ...secrets, commitment: [0n], R: [0n, 0n], c: [0n] });
  const fitting: KeyDeliveryStatement = {
    context: secrets.context,
    buyerKey: secrets.P,
    commitments: [first.get("main.commit[0].hash.out")!],
    R: [first.get("main.toR.out[0]")!, first.get("main.toR.out[1]")!],
    c: [(secrets.k[0]! + first.get("main.pad[0].out")!) % circuit.system.prime],
  };
  const statement = forgery.change?.(fitting) ?? fitting;
  return { signals: await signalsOf(circuit, { ...secrets, commitment: statement.commitments, R: statement.R, c: statement.c }), statement };
}
