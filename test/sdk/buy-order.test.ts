// Buy orders off chain: what names a search, and its file.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { keccak256 } from "@qoodblock/sdk/crypto";
import { fileDigest } from "@qoodblock/sdk/formats";
import { type Hex, toHex } from "@qoodblock/sdk/bytes";
import { cellsHash, decodeSearch, encodeSearch, namesSomebody, originBits, type Search, searchFields, vehicleHash } from "@qoodblock/sdk/market";
import { throwsCode } from "./support.ts";

const ZERO: Hex = `0x${"00".repeat(32)}`;
const SEARCH: Search = { format: "qood/search/v1", cells: ["861f1d48fffffff", "861f1d487ffffff"], vehicle: { make: "any of ours", modelYear: [2023, 2024], electric: true } };

describe("a search", () => {
  it("names its cells by a hash that does not depend on their order", () => {
    const packed = Buffer.from(`0861f1d487ffffff0861f1d48fffffff`, "hex");
    assert.equal(cellsHash(SEARCH.cells), toHex(keccak256(packed)));
    assert.equal(cellsHash(SEARCH.cells.toReversed()), cellsHash(SEARCH.cells));
    assert.notEqual(cellsHash(SEARCH.cells.slice(1)), cellsHash(SEARCH.cells));
    for (const cells of [["861F1D48FFFFFFF"], ["861f1d48fffffff0"], [""], [SEARCH.cells[0]!, SEARCH.cells[0]!]]) throwsCode(() => cellsHash(cells), "BAD_SEARCH");
  });

  it("names its vehicles by SHA-256 of RFC 8785 JSON", () => {
    const text = '{"electric":true,"make":"any of ours","modelYear":[2023,2024]}';
    assert.equal(vehicleHash(SEARCH.vehicle), `0x${createHash("sha256").update(text).digest("hex")}`);
    assert.equal(vehicleHash({ modelYear: [2023, 2024], make: "any of ours", electric: true }), vehicleHash(SEARCH.vehicle));
  });

  it("has a file that says both, found by the digest in the order", () => {
    const file = encodeSearch(SEARCH);
    assert.deepEqual(decodeSearch(file), SEARCH);
    const fields = searchFields(SEARCH);
    assert.deepEqual(fields, { cellsHash: cellsHash(SEARCH.cells), vehicleHash: vehicleHash(SEARCH.vehicle), searchDigest: toHex(fileDigest(file)) });
    assert.deepEqual(searchFields({ ...SEARCH, cells: [], vehicle: {} }), { cellsHash: ZERO, vehicleHash: ZERO, searchDigest: toHex(fileDigest(encodeSearch({ ...SEARCH, cells: [], vehicle: {} }))) });
    const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
    for (const broken of ["", "no", {}, { ...SEARCH, extra: 1 }, { ...SEARCH, cells: ["x"] }, { ...SEARCH, vehicle: { make: null } }, { ...SEARCH, vehicle: { make: [] } }, { ...SEARCH, format: "v2" }]) throwsCode(() => decodeSearch(bytes(broken)), "BAD_SEARCH");
    throwsCode(() => decodeSearch(new Uint8Array(1024 * 1024 + 1)), "BAD_SEARCH");
    throwsCode(() => encodeSearch({ ...SEARCH, cells: ["x"] }), "BAD_SEARCH");
  });
});

describe("a rule", () => {
  it("has origins as bits, and must name somebody", () => {
    assert.deepEqual([originBits([]), originBits(["TSP_ATTESTED"]), originBits(["DEVICE_SIGNED", "DEVICE_SEALED"])], [0, 1, 6]);
    const [none, some]: [Hex, Hex] = [`0x${"00".repeat(20)}`, `0x${"11".repeat(20)}`];
    assert.equal(namesSomebody({ agentsRoot: toHex(new Uint8Array(32).fill(1)), oem: none, origins: 0 }), true);
    assert.equal(namesSomebody({ agentsRoot: ZERO, oem: some, origins: 6 }), true);
    for (const [oem, origins] of [[none, 6], [some, 0], [some, 7], [some, 1]] as const) assert.equal(namesSomebody({ agentsRoot: ZERO, oem, origins }), false);
  });
});
