// What comes out of Redis is verified before it is sealed: whoever can write there cannot put words into a car's mouth.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import { decodeMessage, encodeMessage } from "@qoodblock/sdk/device";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { ZERO32, encodeRow } from "@qoodblock/sdk/formats";
import { dayOf } from "@qoodblock/sdk/keys";
import { checkBatch, openBatch } from "@qoodblock/sdk/sealing";
import { createArtefacts } from "../../workers/ingest/artefacts.ts";
import type { Plan } from "../../workers/ingest/record.ts";
import { seal } from "../../workers/ingest/sealChild.ts";
import type { SealTask } from "../../workers/ingest/sealChild.ts";
import { createSealer } from "../../workers/ingest/sealer.ts";
import type { StoredMessage } from "../../workers/shared/queue/index.ts";
import { START, bytes32, goodRow, makeCar } from "./support/fleet.ts";

const car = makeCar(1);
const K = 77n;
const sent = [0, 1, 2].map((i) => car.message(10 * i, 10));
const stored = (message: DeviceMessage, dropped: readonly number[] = []): StoredMessage => ({
  ...{ kind: "message", counter: message.counter, wire: encodeMessage(message), dropped, kept: message.rows.length - dropped.length },
  ...{ firstTime: START + 10_000 * message.counter, lastTime: START + 10_000 * message.counter + 9000, arrival: START, chainAfter: ZERO32 },
});
const plan: Plan = {
  ...{ stream: car.config.handle, sequence: 0, device: "device", devicePublicKey: car.config.devicePublicKey, first: 0, last: 2, keyEpoch: 0, day: dayOf(START) },
  ...{ sealNonce: toHex(bytes32("nonce")), previousHeader: ZERO32, chainBefore: ZERO32, tsp: `0x${"22".repeat(20)}`, schema: car.config.schema, dictionaryVersion: 1 },
  ...{ exclusive: false, h3: [], blockSeconds: 60, intervalBlocks: 60, leafSize: 4096, reason: "size" },
};
const task = (messages: readonly StoredMessage[], change: Partial<Plan> = {}): SealTask => ({ plan: { ...plan, ...change }, columns: goodRow(START).length, k: K, messages });

describe("the sealing process", () => {
  it("seals what the device signed", () => {
    const sealed = seal(task([stored(sent[0]!), stored(sent[1]!, [3]), stored(sent[2]!)]));
    const opened = openBatch(checkBatch({ ...sealed, anchor: null }), { k1: K });
    assert.equal(opened.rows.length, 29);
    assert.equal(opened.dropped, 1);
  });

  for (const [what, messages, change, error] of [
    ["a row that was changed", [sent[0]!, { ...sent[1]!, rows: [...sent[1]!.rows.slice(0, 9), encodeRow(goodRow(START + 19_500))] }, sent[2]!], {}, { code: "MESSAGE_SIGNATURE", details: { counter: 1 } }],
    ["a dropped row that was changed", [sent[0]!, { ...sent[1]!, rows: [...sent[1]!.rows.slice(0, 3), encodeRow(goodRow(START + 13_001)), ...sent[1]!.rows.slice(4)] }, sent[2]!], {}, { code: "MESSAGE_SIGNATURE", details: { counter: 1 } }],
    ["another salt", [{ ...sent[0]!, salt16: bytes32("other").subarray(0, 16) }, sent[1]!, sent[2]!], {}, { code: "MESSAGE_SIGNATURE", details: { counter: 0 } }],
    ["another device's key in the plan", sent, { devicePublicKey: makeCar(2).config.devicePublicKey }, { code: "MESSAGE_SIGNATURE", details: { counter: 0 } }],
    ["another car's message", [makeCar(2).message(0, 10), sent[1]!, sent[2]!], {}, { code: "MESSAGE_STREAM" }],
    ["messages out of order", [sent[0]!, sent[2]!, sent[1]!], {}, { code: "MESSAGE_COUNTER" }],
    ["a message missing in front", [sent[1]!, sent[2]!], {}, { code: "MESSAGE_COUNTER" }],
    ["another chain before it", sent.slice(1), { first: 1, chainBefore: toHex(bytes32("chain")) }, { code: "MESSAGE_SIGNATURE", details: { counter: 1 } }],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => seal(task(messages.map((message) => stored(message, what.startsWith("a dropped") && message.counter === 1 ? [3] : [])), change)), error);
    });
  }

  it("takes no signature for a stream that its TSP attests, and none where there must be one", () => {
    const bare = sent.map((message) => ({ ...decodeMessage(encodeMessage(message)), signature: null }));
    assert.equal(seal(task(bare.map((message) => stored(message)), { devicePublicKey: null })).envelope, null);
    assert.throws(() => seal(task(bare.map((message) => stored(message)))), { code: "SEAL_SIGNATURE" });
    assert.throws(() => seal(task(sent.map((message) => stored(message)), { devicePublicKey: null })), { code: "SEAL_SIGNATURE" });
  });
});

describe("the sealer", () => {
  const dir = mkdtempSync(join(tmpdir(), "qood-sealer-"));
  const whole = task(sent.map((message) => stored(message)));
  const [folder, blocked] = [join(dir, "artefacts"), join(dir, "blocked")];
  writeFileSync(blocked, "");
  const [sealer, hindered] = [createSealer(1, folder), createSealer(1, blocked)];
  const artefacts = createArtefacts(folder);
  after(async () => {
    await Promise.all([sealer.close(), hindered.close()]);
    rmSync(dir, { recursive: true });
  });

  it("keeps the files where they are uploaded from, and gives the rest", async () => {
    const sealed = await sealer.seal(whole);
    const { ciphertext, dataHashes, description, header, headerHash } = seal(whole);
    assert.deepEqual({ header: sealed.header, headerHash: sealed.headerHash }, { header, headerHash });
    assert.deepEqual(await artefacts.load(plan.stream, 0), { ciphertext: new Uint8Array(ciphertext), dataHashes: new Uint8Array(dataHashes), description: new Uint8Array(description) });
    await artefacts.drop(plan.stream, 0);
  });

  it("keeps nothing of a batch that is not the one that was sealed before", async () => {
    const { headerHash } = seal(whole);
    const other = { ...whole, k: K + 1n };
    assert.notEqual((await sealer.seal(other, headerHash)).headerHash, headerHash);
    assert.equal(await artefacts.load(plan.stream, 0), undefined);
    await sealer.seal(whole, headerHash);
    assert.notEqual(await artefacts.load(plan.stream, 0), undefined);
  });

  it("says why the files could not be kept, and seals on", async () => {
    for (let tries = 0; tries < 2; tries += 1) await assert.rejects(hindered.seal(whole), { code: "SEAL_FAILED", message: /ENOTDIR.*blocked/ });
    await assert.rejects(sealer.seal(task([])), { code: /^SEAL_/ });
  });
});
