import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { QoodError, ensure, isQoodError } from "@qoodblock/sdk/errors";
import { decodeDescription, encodeDescription } from "@qoodblock/sdk/description";
import { checkBatch, sealBatch } from "@qoodblock/sdk/sealing";
import { checkInput, sealInput, throwsCode } from "./support.ts";

describe("description file", () => {
  const input = sealInput();
  const sealed = sealBatch(input);

  it("is RFC 8785 JSON that reads back", () => {
    const text = Buffer.from(sealed.description).toString();
    assert.ok(text.startsWith('{"cipher":{"counter":0,"keys":"poseidon-bn254","name":"chacha20","nonce":"zero"},"columns":4,'));
    assert.deepEqual(Buffer.from(encodeDescription(decodeDescription(sealed.description))), Buffer.from(sealed.description));
  });

  it("tells a stranger nothing of stream, TSP, device, keys or chain", () => {
    const text = Buffer.from(sealed.description).toString().toLowerCase();
    const { words, rest } = sealed.header;
    for (const secret of [words.stream, words.tsp, rest.deviceKey, rest.chainAfter, rest.sealNonce, rest.previousHeader, sealed.envelope!.publicKey]) assert.ok(!text.includes(secret.slice(2)));
    for (const secret of [words.kc1, words.kc2, input.keys.k1]) assert.ok(!text.includes(secret.toString()) && !text.includes(secret.toString(16)));
  });

  it("holds time and place only as far as they are public", () => {
    const quiet = sealBatch({ ...input, publicFields: { time: false } });
    assert.equal(checkBatch(checkInput(quiet)).details.time, undefined);
    assert.ok(!Buffer.from(quiet.description).toString().includes(String(quiet.header.rest.firstTime)));
    const open = checkBatch(checkInput(sealBatch({ ...input, publicFields: { h3: ["861203a4fffffff"] } })));
    assert.deepEqual(open.details.h3, ["861203a4fffffff"]);
    assert.equal(open.details.time?.first, open.header.rest.firstTime);
    // Resolution 7 would be a street.
    throwsCode(() => sealBatch({ ...input, publicFields: { h3: ["871203a4bffffff"] } }), "DESCRIPTION_FORM");
  });

  it("is refused with a number of columns that the schema has not", () => {
    throwsCode(() => checkBatch({ ...checkInput(sealed), columns: 5 }), "DESCRIPTION_COLUMNS");
    assert.ok(checkBatch({ ...checkInput(sealed), columns: 4 }));
  });

  it("with two keys of one name, or text that is not UTF-8, is refused", () => {
    const text = Buffer.from(sealed.description).toString();
    throwsCode(() => decodeDescription(Buffer.from(text.replace('"columns":4', '"columns":5,"columns":4'))), "DESCRIPTION_FORM");
    throwsCode(() => decodeDescription(Buffer.concat([sealed.description, Buffer.from(" ")])), "DESCRIPTION_FORM");
    throwsCode(() => decodeDescription(Uint8Array.of(0xff)), "DESCRIPTION_FORM");
  });
});

describe("QoodError", () => {
  it("carries code, message, details and cause", () => {
    const cause = new Error("below");
    const error = new QoodError("A_CODE", "what was wrong", { cause, details: { leaf: 3 } });
    assert.deepEqual([error.name, error.code, error.message, error.cause, error.details["leaf"]], ["QoodError", "A_CODE", "what was wrong", cause, 3]);
    assert.ok(isQoodError(error) && isQoodError(error, "A_CODE") && !isQoodError(error, "OTHER") && !isQoodError(cause));
    throwsCode(() => ensure(false, "A_CODE", "no"), "A_CODE");
    ensure(true, "A_CODE", "yes");
  });
});
