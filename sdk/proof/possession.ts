/**
 * Proofs of possession: who is asked shows that he knows a batch's key now. It means "can deliver", and no more: neither that the data is right, nor that
 * he does not have a friend who answers.
 */
import { AbiCoder, id, keccak256 } from "ethers";
import type { VerificationKey } from "snarkjs";
import { fromHex, toHex, bigintToBytes, bytesToBigint, type Hex } from "../bytes/index.ts";
import { addField } from "../crypto/field.ts";
import { poseidon } from "../crypto/poseidon.ts";
import { ensure } from "../errors/index.ts";
import { DOM_PRF } from "../formats/domains.ts";
import { keyCommitment } from "../keys/index.ts";
import type { ProofArtifacts } from "./artifacts.ts";
import { canonicalSignals, CircuitProver, verifyStatement, type CircuitForm, type Proven, type ProverOptions } from "./engine.ts";
import type { Proof } from "./groth16.ts";

/** The public side of Possession. */
export interface PossessionStatement {
  /** Poseidon(DOM_KEY, k_i) from the header: both of them, the second that of 0 where there is one key. */
  readonly commitments: readonly [bigint, bigint];
  /** Chosen by who asks, 248 bits; see {@link possessionNonce}. */
  readonly nonce: bigint;
  /** Address of who answers. */
  readonly prover: Hex;
  /** Poseidon(DOM_PRF, k, nonce, prover): always the same for the same question, while proofs differ. */
  readonly answer: bigint;
}

/** All inputs of the circuit, public and private, by their names in it. */
export interface PossessionInput extends Readonly<Record<string, bigint | readonly bigint[]>> {
  readonly commitment: readonly [bigint, bigint];
  readonly nonce: bigint;
  readonly prover: bigint;
  readonly answer: bigint;
  readonly k: readonly [bigint, bigint];
}

/** A proof with what it states. */
export type ProvenPossession = Proven<PossessionStatement>;

const NONCE_LIMIT = 2n ** 248n;
const ADDRESS_LIMIT = 2n ** 160n;
const NONCE_TAG = id("qood/possession/v1");
/** The signals' names in the circuit, in order. */
export const POSSESSION_SIGNALS = ["commitment[0]", "commitment[1]", "nonce", "prover", "answer"] as const;

/**
 * A nonce that is good for one question only: keccak256(abi.encode(keccak256("qood/possession/v1"), chainId, asker, fresh)) >> 8.
 * Who asks makes it himself from 32 bytes that nobody knew before; an answer to it is none on another chain or to another contract.
 * @param question `asker`: address of the contract or account that asks; `fresh`: 32 random bytes
 * @throws QoodError `BAD_HEX`
 */
export function possessionNonce(question: { chainId: bigint; asker: string; fresh: string }): bigint {
  const asker = toHex(fromHex(question.asker, 20));
  const fresh = toHex(fromHex(question.fresh, 32));
  return BigInt(keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256", "address", "bytes32"], [NONCE_TAG, question.chainId, asker, fresh]))) >> 8n;
}

/**
 * The answer to a question about a batch whose key one knows, and the circuit's inputs, which hold that key.
 * @param of the parts of the batch key (`k2` 0 where there is one key), the nonce and the address of who answers
 * @throws QoodError `OUT_OF_RANGE` for a nonce of more than 248 bits, `BAD_HEX`, `NOT_A_FIELD_ELEMENT`
 */
export function possessionStatement(of: { k1: bigint; k2?: bigint; nonce: bigint; prover: string }): { statement: PossessionStatement; input: PossessionInput } {
  const { k1, k2 = 0n, nonce } = of;
  checkNonce(nonce);
  const prover = fromHex(of.prover, 20);
  const commitments = [keyCommitment(k1), keyCommitment(k2)] as const;
  const answer = poseidon([DOM_PRF, addField(k1, k2), nonce, bytesToBigint(prover)]);
  return {
    statement: { commitments, nonce, prover: toHex(prover), answer },
    input: { commitment: commitments, nonce, prover: bytesToBigint(prover), answer, k: [k1, k2] },
  };
}

function checkNonce(nonce: bigint): bigint {
  ensure(nonce >= 0n && nonce < NONCE_LIMIT, "OUT_OF_RANGE", "a nonce for possession has at most 248 bits");
  return nonce;
}

/** The statement as public signals. @throws QoodError `OUT_OF_RANGE`, `BAD_HEX`, `NOT_A_FIELD_ELEMENT` for a value ≥ p */
export function toPossessionSignals({ commitments, nonce, prover, answer }: PossessionStatement): bigint[] {
  return canonicalSignals([...commitments, checkNonce(nonce), bytesToBigint(fromHex(prover, 20)), answer], POSSESSION_SIGNALS);
}

/** Public signals as a statement. @throws QoodError `STATEMENT_INVALID` when they are not five, `OUT_OF_RANGE` */
export function fromPossessionSignals(signals: readonly bigint[]): PossessionStatement {
  ensure(signals.length === POSSESSION_SIGNALS.length, "STATEMENT_INVALID", `Possession has 5 public signals, not ${signals.length}`);
  const [first, second, nonce, prover, answer] = signals as [bigint, bigint, bigint, bigint, bigint];
  ensure(prover >= 0n && prover < ADDRESS_LIMIT, "OUT_OF_RANGE", "the prover of a possession is no address");
  return { commitments: [first, second], nonce: checkNonce(nonce), prover: toHex(bigintToBytes(prover, 20)), answer };
}

const form: CircuitForm<PossessionStatement> = { what: "possession of a batch's key", signals: POSSESSION_SIGNALS, toSignals: toPossessionSignals, fromSignals: fromPossessionSignals };

/** Proves possession; see {@link CircuitProver}. Inputs come from {@link possessionStatement}. */
export class PossessionProver extends CircuitProver<PossessionInput, PossessionStatement> {
  /**
   * @param artifacts of `Possession`, from `loadProofArtifacts`
   * @throws QoodError `KEY_OF_ANOTHER_CIRCUIT`
   */
  constructor(artifacts: ProofArtifacts, options: ProverOptions = {}) {
    super(artifacts, form, options);
  }
}

/**
 * Whether the proof shows the statement; false, never an error, for what is not canonical. Who asks puts in the commitments of the header, his own nonce and
 * the address that he asked. Starts snarkjs's threads: `closeProofEngine` ends them.
 */
export function verifyPossession(verificationKey: VerificationKey, statement: PossessionStatement, proof: Proof): Promise<boolean> {
  return verifyStatement(verificationKey, form, statement, proof);
}
