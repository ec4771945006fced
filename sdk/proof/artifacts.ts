/** The files that a proof is made with, read from disk and checked against the hashes that are committed beside them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { VerificationKey } from "snarkjs";
import { QoodError } from "../errors/index.ts";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const KeyFile = z.strictObject({ file: z.string().regex(/^[A-Za-z0-9.]+$/), bytes: z.int().positive(), sha256: Sha256 });

/** What stands in `<name>.json` beside a proving key. */
export const KeyMetadata = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  /** A development key's beacon is known to everyone from the start: who wants to can forge proofs, so no public network takes it. */
  purpose: z.enum(["development", "production"]),
  note: z.string(),
  compiler: z.string(),
  constraints: z.int().positive(),
  wires: z.int().positive(),
  publicSignals: z.array(z.string()),
  r1cs: z.strictObject({ sha256: Sha256 }),
  ptau: z.strictObject({ file: z.string(), sha256: Sha256 }),
  beacon: z.strictObject({ name: z.string(), text: z.string(), sha256: Sha256, iterationsExponent: z.int() }),
  wasm: KeyFile,
  zkey: KeyFile,
  verificationKey: KeyFile,
});
/** Hashes, sizes and origin of a proving key. */
export type KeyMetadata = z.infer<typeof KeyMetadata>;

/** A circuit instance ready to prove and verify with: bytes in memory, hashes checked. */
export interface ProofArtifacts {
  readonly metadata: KeyMetadata;
  /** Witness program. */
  readonly wasm: Uint8Array;
  /** Proving key. */
  readonly zkey: Uint8Array;
  readonly verificationKey: VerificationKey;
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new QoodError("KEY_FILE_MISSING", `key file ${path} cannot be read: get it again from the repository, or run scripts/circuits/build.ts`, { cause });
  }
}

/**
 * The metadata of a key, checked for its form only.
 * @throws QoodError `KEY_FILE_MISSING`, `KEY_METADATA_INVALID`
 */
export function readKeyMetadata(folder: string, name: string): KeyMetadata {
  const path = join(folder, `${name}.json`);
  const text = readBytes(path).toString("utf8");
  try {
    const metadata = KeyMetadata.parse(JSON.parse(text));
    if (metadata.name !== name) throw new Error(`it is of ${metadata.name}`);
    return metadata;
  } catch (cause) {
    throw new QoodError("KEY_METADATA_INVALID", `${path} does not describe the key ${name}: get it again from the repository`, { cause });
  }
}

/**
 * Reads one file of a key and compares its hash.
 * @throws QoodError `KEY_FILE_MISSING`, `KEY_FILE_WRONG_HASH`
 */
export function readKeyFile(folder: string, entry: KeyMetadata["zkey"]): Uint8Array {
  const path = join(folder, entry.file);
  const bytes = readBytes(path);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== entry.sha256) {
    throw new QoodError("KEY_FILE_WRONG_HASH", `key file ${path} has the wrong hash: sha256 ${entry.sha256} expected, ${found} found; get it again from the repository`, {
      details: { file: entry.file, expected: entry.sha256, found },
    });
  }
  return bytes;
}

/**
 * Everything needed to prove and verify with one circuit instance.
 * @param folder where the key files lie (`circuits/keys` of the repository)
 * @param name the instance, for example `KeyDelivery1`
 * @throws QoodError `KEY_FILE_MISSING`, `KEY_METADATA_INVALID`, `KEY_FILE_WRONG_HASH`
 */
export function loadProofArtifacts(folder: string, name: string): ProofArtifacts {
  const metadata = readKeyMetadata(folder, name);
  return {
    metadata,
    wasm: readKeyFile(folder, metadata.wasm),
    zkey: readKeyFile(folder, metadata.zkey),
    verificationKey: loadVerificationKey(folder, metadata),
  };
}

/** The verification key alone. @throws QoodError as {@link readKeyFile} */
export function loadVerificationKey(folder: string, metadata: KeyMetadata): VerificationKey {
  return JSON.parse(Buffer.from(readKeyFile(folder, metadata.verificationKey)).toString("utf8")) as VerificationKey;
}
