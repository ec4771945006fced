/**
 * Making and checking KeyDelivery proofs with snarkjs.
 *
 * Proving takes most of a second of computation: call it in a child process, never in the one that holds a queue's lock. A {@link KeyDeliveryProver}
 * keeps key and program in memory, so that only its first proof pays for reading and starting them.
 */
import { curves, groth16, wtns, type Logger, type VerificationKey } from "snarkjs";
import { fromPublicSignals, toPublicSignals, type KeyDeliveryInput, type KeyDeliveryStatement } from "../delivery/index.ts";
import { QoodError, isQoodError } from "../errors/index.ts";
import type { ProofArtifacts } from "./artifacts.ts";
import { fromSnarkjs, isCanonical, toSnarkjs, type Proof } from "./groth16.ts";

const silent = (): undefined => undefined;
// snarkjs tells some faults to its logger only; results are checked here, so its words are not needed.
const logger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
// Whether snarkjs may have started threads in this process.
let threads = false;

/** How a prover works. */
export interface ProverOptions {
  /** Compute in this thread alone, so that no worker threads are started. Slower by half on two cores. */
  readonly singleThread?: boolean;
}

/** A proof with what it states. */
export interface ProvenDelivery {
  readonly proof: Proof;
  readonly statement: KeyDeliveryStatement;
}

/**
 * Proves deliveries with one key; one at a time, further calls wait for their turn.
 * Call {@link closeProofEngine} before the process shall end.
 */
export class KeyDeliveryProver {
  readonly #artifacts: ProofArtifacts;
  readonly #options: ProverOptions;
  #last: Promise<unknown> = Promise.resolve();

  /** @param artifacts from {@link loadProofArtifacts}, whose hashes have been checked */
  constructor(artifacts: ProofArtifacts, options: ProverOptions = {}) {
    this.#artifacts = artifacts;
    this.#options = options;
  }

  /**
   * Proves one delivery and verifies the proof before handing it out.
   * @param input from `wrapKeys`
   * @throws QoodError `STATEMENT_FALSE` when the circuit does not accept the input, `PROOF_FAILED` when snarkjs breaks
   */
  prove(input: KeyDeliveryInput): Promise<ProvenDelivery> {
    const turn = this.#last.then(() => this.#prove(input));
    this.#last = turn.catch(silent);
    return turn;
  }

  async #prove(input: KeyDeliveryInput): Promise<ProvenDelivery> {
    const { wasm, zkey, verificationKey } = this.#artifacts;
    const witness = { type: "mem" as const, data: new Uint8Array() };
    try {
      await wtns.calculate(input, wasm, witness);
    } catch (cause) {
      throw new QoodError("STATEMENT_FALSE", "the circuit does not accept this delivery: its key, scalar, commitments or ciphertexts do not fit together", { cause });
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
    const proven: ProvenDelivery = { proof: fromSnarkjs(made.proof), statement: fromPublicSignals(made.publicSignals.map(BigInt)) };
    if (!(await verifyKeyDelivery(verificationKey, proven.statement, proven.proof))) {
      throw new QoodError("PROOF_FAILED", "the proof that was made does not verify: proving key and verification key do not belong together");
    }
    return proven;
  }
}

/**
 * Whether the proof shows the statement. False, never an error, for values that are not canonical and points that are not on their curves.
 * Starts snarkjs's threads: {@link closeProofEngine} ends them.
 */
export async function verifyKeyDelivery(verificationKey: VerificationKey, statement: KeyDeliveryStatement, proof: Proof): Promise<boolean> {
  if (!isCanonical(proof)) return false;
  let signals: bigint[];
  try {
    signals = toPublicSignals(statement);
  } catch (error) {
    if (isQoodError(error)) return false;
    throw error;
  }
  if (signals.length !== verificationKey.nPublic) return false;
  threads = true;
  return groth16.verify(verificationKey, signals.map(String), toSnarkjs(proof), logger);
}

/** Ends the threads that snarkjs keeps, if there are any; the next proof or check starts them again. Without it the process does not end. */
export async function closeProofEngine(): Promise<void> {
  if (!threads) return;
  threads = false;
  await (await curves.getCurveFromName("bn128")).terminate();
}
