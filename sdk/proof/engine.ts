/**
 * Making and checking Groth16 proofs with snarkjs, for any circuit.
 *
 * Proving takes most of a second of computation and more: call it in a child process, never in the one that holds a queue's lock. A {@link CircuitProver}
 * keeps key and program in memory, so that only its first proof pays for reading and starting them.
 */
import type { CircuitInput, Logger, VerificationKey } from "snarkjs";
import { FIELD_PRIME } from "../crypto/field.ts";
import { QoodError, ensure, isQoodError } from "../errors/index.ts";
import type { ProofArtifacts } from "./artifacts.ts";
import { fromSnarkjs, isCanonical, toSnarkjs, type Proof } from "./groth16.ts";

const silent = (): undefined => undefined;
// snarkjs tells some faults to its logger only; results are checked here, so its words are not needed.
const logger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
/** Loaded by the first proof or check: many programs know proofs only as bytes. */
const load = () => import("snarkjs");
// Whether snarkjs may have started threads in this process.
let threads = false;

/** How a prover works. */
export interface ProverOptions {
  /** Compute in this thread alone, so that no worker threads are started. Slower by half on two cores. */
  readonly singleThread?: boolean;
}

/** A proof with what it states. */
export interface Proven<Statement> {
  readonly proof: Proof;
  readonly statement: Statement;
}

/** A circuit's public side: its name for people, its signals, and a statement as such signals and back. */
export interface CircuitForm<Statement> {
  /** In errors: what is proven. */
  readonly what: string;
  /** Names of the public signals, in order. */
  readonly signals: readonly string[];
  toSignals(statement: Statement): bigint[];
  fromSignals(signals: readonly bigint[]): Statement;
}

/**
 * Proves statements of one circuit with one key; one at a time, further calls wait for their turn.
 * Call {@link closeProofEngine} before the process shall end.
 */
export class CircuitProver<Input extends CircuitInput, Statement> {
  readonly #artifacts: ProofArtifacts;
  readonly #form: CircuitForm<Statement>;
  readonly #options: ProverOptions;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param artifacts from `loadProofArtifacts`, whose hashes have been checked
   * @throws QoodError `KEY_OF_ANOTHER_CIRCUIT` when their public signals are not those of the form
   */
  constructor(artifacts: ProofArtifacts, form: CircuitForm<Statement>, options: ProverOptions = {}) {
    const { name, publicSignals } = artifacts.metadata;
    ensure(publicSignals.join() === form.signals.join(), "KEY_OF_ANOTHER_CIRCUIT", `the key ${name} does not prove ${form.what}: its public signals are ${publicSignals.join(", ")}`);
    this.#artifacts = artifacts;
    this.#form = form;
    this.#options = options;
  }

  /**
   * Proves one statement and verifies the proof before handing it out.
   * @param input every input of the circuit, secrets among them
   * @throws QoodError `STATEMENT_FALSE` when the circuit does not accept the input, `PROOF_FAILED` when snarkjs breaks
   */
  prove(input: Input): Promise<Proven<Statement>> {
    const turn = this.#last.then(() => this.#prove(input));
    this.#last = turn.catch(silent);
    return turn;
  }

  async #prove(input: Input): Promise<Proven<Statement>> {
    const { wasm, zkey, verificationKey } = this.#artifacts;
    const { wtns, groth16 } = await load();
    const witness = { type: "mem" as const, data: new Uint8Array() };
    try {
      await wtns.calculate(input, wasm, witness);
    } catch (cause) {
      throw new QoodError("STATEMENT_FALSE", `the circuit does not accept this as ${this.#form.what}: its inputs do not fit together`, { cause });
    }
    let made;
    threads = true;
    try {
      made = await groth16.prove(zkey, witness, logger, { singleThread: this.#options.singleThread ?? false });
    } catch (cause) {
      throw new QoodError("PROOF_FAILED", "the proof could not be made: the proving key does not fit the circuit, or memory ran out", { cause });
    } finally {
      witness.data.fill(0); // It holds the batch keys.
    }
    const proven = { proof: fromSnarkjs(made.proof), statement: this.#form.fromSignals(made.publicSignals.map(BigInt)) };
    if (!(await verifyStatement(verificationKey, this.#form, proven.statement, proven.proof))) {
      throw new QoodError("PROOF_FAILED", "the proof that was made does not verify: proving key and verification key do not belong together");
    }
    return proven;
  }
}

/**
 * Whether the proof shows the statement. False, never an error, for values that are not canonical, statements of another size and points that are not on
 * their curves. Starts snarkjs's threads: {@link closeProofEngine} ends them.
 */
export async function verifyStatement<Statement>(verificationKey: VerificationKey, form: Pick<CircuitForm<Statement>, "toSignals">, statement: Statement, proof: Proof): Promise<boolean> {
  if (!isCanonical(proof)) return false;
  let signals: bigint[];
  try {
    signals = form.toSignals(statement);
  } catch (error) {
    if (isQoodError(error)) return false;
    throw error;
  }
  if (signals.length !== verificationKey.nPublic) return false;
  const { groth16 } = await load();
  threads = true;
  return groth16.verify(verificationKey, signals.map(String), toSnarkjs(proof), logger);
}

/**
 * Public signals as they are, if each is the one form of a field element.
 * @param names the signals' names, in the same order
 * @throws QoodError `NOT_A_FIELD_ELEMENT` for a value ≥ p
 */
export function canonicalSignals(signals: readonly bigint[], names: readonly string[]): bigint[] {
  signals.forEach((signal, i) => {
    ensure(signal >= 0n && signal < FIELD_PRIME, "NOT_A_FIELD_ELEMENT", `public signal ${names[i]!} is not below the field's prime`);
  });
  return [...signals];
}

/** Ends the threads that snarkjs keeps, if there are any; the next proof or check starts them again. Without it the process does not end. */
export async function closeProofEngine(): Promise<void> {
  if (!threads) return;
  threads = false;
  const { curves } = await load();
  await (await curves.getCurveFromName("bn128")).terminate();
}
