/** The parts of snarkjs (which has no types of its own) that this project uses. */
declare module "snarkjs" {
  /** A file by path, its bytes, or a file in memory that snarkjs reads or fills. */
  export type BinFile = string | Uint8Array | { type: "mem"; data?: Uint8Array };
  export interface Logger {
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  }
  export interface Groth16Proof {
    pi_a: [string, string, string];
    pi_b: [[string, string], [string, string], [string, string]];
    pi_c: [string, string, string];
    protocol: string;
    curve: string;
  }
  export interface VerificationKey {
    protocol: string;
    curve: string;
    nPublic: number;
    vk_alpha_1: string[];
    vk_beta_2: string[][];
    vk_gamma_2: string[][];
    vk_delta_2: string[][];
    vk_alphabeta_12: string[][][];
    IC: string[][];
  }
  export interface Curve {
    terminate(): Promise<void>;
  }
  export type CircuitInput = Readonly<Record<string, bigint | string | readonly (bigint | string)[]>>;
  export const groth16: {
    prove(zkey: BinFile, witness: BinFile, logger?: Logger, options?: { singleThread?: boolean }): Promise<{ proof: Groth16Proof; publicSignals: string[] }>;
    verify(key: VerificationKey, publicSignals: readonly string[], proof: Groth16Proof, logger?: Logger): Promise<boolean>;
  };
  export const wtns: {
    calculate(input: CircuitInput, wasm: BinFile, witness: BinFile, options?: object): Promise<void>;
    exportJson(witness: BinFile): Promise<bigint[]>;
  };
  export const zKey: {
    newZKey(r1cs: BinFile, ptau: BinFile, zkey: BinFile, logger?: Logger): Promise<Uint8Array | -1>;
    contribute(from: BinFile, to: BinFile, name: string, entropy: string, logger?: Logger): Promise<Uint8Array>;
    beacon(from: BinFile, to: BinFile, name: string, beacon: string, iterationsExponent: number, logger?: Logger): Promise<Uint8Array | false>;
    verifyFromInit(initial: BinFile, ptau: BinFile, zkey: BinFile, logger?: Logger): Promise<boolean>;
    verifyFromR1cs(r1cs: BinFile, ptau: BinFile, zkey: BinFile, logger?: Logger): Promise<boolean>;
    exportVerificationKey(zkey: BinFile, logger?: Logger): Promise<VerificationKey>;
    exportSolidityVerifier(zkey: BinFile, templates: { groth16: string }, logger?: Logger): Promise<string>;
  };
  export const r1cs: {
    info(r1cs: BinFile, logger?: Logger): Promise<{ nVars: number; nConstraints: number; nPubInputs: number; nPrvInputs: number; nOutputs: number }>;
  };
  export const curves: {
    getCurveFromName(name: "bn128", options?: { singleThread?: boolean }): Promise<Curve>;
  };
}
