/** JSON Schema of the description file. Nothing beyond these fields is allowed, so nothing slips in that names a car or a person. */
const count = { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const natural = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const hash = { type: "string", pattern: "^0x[0-9a-f]{64}$" };
const cid = { type: "string", pattern: "^b[a-z2-7]{58}$" };

/** An object with exactly these properties, all required but the optional ones. */
function exactly(properties: Record<string, unknown>, optional: readonly string[] = []): object {
  return { type: "object", additionalProperties: false, required: Object.keys(properties).filter((name) => !optional.includes(name)), properties };
}

/** The schema (draft 2020-12). */
export const DESCRIPTION_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "qood/description/v1",
  ...exactly(
    {
      format: { const: "qood/description/v1" },
      schema: hash,
      dictionaryVersion: natural,
      columns: { type: "integer", minimum: 1, maximum: 65_535 },
      layout: exactly({
        version: { const: 1 },
        leafSize: { type: "integer", minimum: 64, maximum: 4096, multipleOf: 64 },
        segmentSize: { const: 65_536 },
        leafCount: count,
        storedLengths: { type: "array", minItems: 1, items: { type: "integer", minimum: 64, multipleOf: 64, maximum: Number.MAX_SAFE_INTEGER } },
      }),
      cipher: exactly({ name: { const: "chacha20" }, nonce: { const: "zero" }, counter: { const: 0 }, keys: { const: "poseidon-bn254" } }),
      hash: exactly({ tree: { const: "sha2-256" }, root: hash, header: { const: "keccak-256" } }),
      compression: exactly({ name: { const: "zstd" }, perInterval: { const: true }, padding: { const: "padme-64" } }),
      encoding: { const: "cbor-columns-v1" },
      files: exactly({ ciphertext: cid, dataHashes: cid }),
      time: exactly({ first: natural, last: natural }),
      counts: exactly({ records: count, intervals: count, rawLength: count, storedLength: count }),
      h3: { type: "array", minItems: 1, uniqueItems: true, items: { type: "string", pattern: "^8[0-6][0-9a-f]{13}$" } },
    },
    ["time", "h3"],
  ),
};
