/** Proofs of delivery, for pages of every size. */
import type { VerificationKey } from "snarkjs";
import { fromPublicSignals, instanceSize, publicSignalNames, toPublicSignals, type KeyDeliveryInput, type KeyDeliveryStatement } from "../delivery/index.ts";
import { QoodError, ensure } from "../errors/index.ts";
import { loadProofArtifacts, type ProofArtifacts } from "./artifacts.ts";
import { CircuitProver, verifyStatement, type CircuitForm, type Proven, type ProverOptions } from "./engine.ts";
import type { Proof } from "./groth16.ts";

/** A proof with what it states. */
export type ProvenDelivery = Proven<KeyDeliveryStatement>;

/** The circuit instance for pages of so many lots: `KeyDelivery1`, `KeyDelivery8` or `KeyDelivery32`. @throws QoodError `OUT_OF_RANGE` unless 1 to 32 */
export function deliveryCircuit(lots: number): `KeyDelivery${1 | 8 | 32}` {
  return `KeyDelivery${instanceSize(lots)}`;
}

function deliveryForm(m: number): CircuitForm<KeyDeliveryStatement> {
  return { what: `a delivery of ${m} wrapped keys`, signals: publicSignalNames(m), toSignals: toPublicSignals, fromSignals: fromPublicSignals };
}

/** Proves deliveries of one size with one key; see {@link CircuitProver}. For pages of any size take a {@link PageProver}. */
export class KeyDeliveryProver extends CircuitProver<KeyDeliveryInput, KeyDeliveryStatement> {
  /** How many wrapped keys a delivery has that this proves. */
  readonly size: number;

  /**
   * @param artifacts of a KeyDelivery instance, from {@link loadProofArtifacts}
   * @throws QoodError `KEY_OF_ANOTHER_CIRCUIT`
   */
  constructor(artifacts: ProofArtifacts, options: ProverOptions = {}) {
    const size = Math.max(1, Math.floor((artifacts.metadata.publicSignals.length - 5) / 2));
    super(artifacts, deliveryForm(size), options);
    this.size = size;
  }

  /**
   * Proves one delivery and verifies the proof before handing it out.
   * @param input from `wrapKeys`, with lots padded to this prover's size
   * @throws QoodError `STATEMENT_INVALID` for a delivery of another size, `STATEMENT_FALSE`, `PROOF_FAILED`
   */
  override prove(input: KeyDeliveryInput): Promise<ProvenDelivery> {
    if (input.k.length !== this.size) return Promise.reject(new QoodError("STATEMENT_INVALID", `this key proves deliveries of ${this.size} wrapped keys, not of ${input.k.length}: pad the page by its last lot`));
    return super.prove(input);
  }
}

/**
 * Proves deliveries of every size with the keys in a folder. A key is read, its hash checked, when a page of its size first comes; then it stays warm.
 * Call `closeProofEngine` before the process shall end.
 */
export class PageProver {
  readonly #folder: string;
  readonly #options: ProverOptions;
  readonly #provers = new Map<number, KeyDeliveryProver>();

  /** @param folder where the key files lie (`circuits/keys` of the repository) */
  constructor(folder: string, options: ProverOptions = {}) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Proves one page and verifies the proof before handing it out.
   * @param input from `wrapKeys`, with lots padded to the size of a circuit instance (`padLots`)
   * @throws QoodError `STATEMENT_INVALID` for a page that is not padded, `STATEMENT_FALSE`, `PROOF_FAILED`, and what {@link loadProofArtifacts} throws
   */
  async prove(input: KeyDeliveryInput): Promise<ProvenDelivery> {
    const size = instanceSize(input.k.length);
    ensure(size === input.k.length, "STATEMENT_INVALID", `no key proves deliveries of ${input.k.length} wrapped keys: pad the page to ${size} by its last lot`);
    let prover = this.#provers.get(size);
    if (prover === undefined) this.#provers.set(size, (prover = new KeyDeliveryProver(loadProofArtifacts(this.#folder, deliveryCircuit(size)), this.#options)));
    return prover.prove(input);
  }
}

/**
 * Whether the proof shows the statement. False, never an error, for values that are not canonical, for a key of another size and for points that are not on
 * their curves. Starts snarkjs's threads: `closeProofEngine` ends them.
 */
export function verifyKeyDelivery(verificationKey: VerificationKey, statement: KeyDeliveryStatement, proof: Proof): Promise<boolean> {
  return verifyStatement(verificationKey, { toSignals: toPublicSignals }, statement, proof);
}
