import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "@qoodblock/sdk/bytes";
import { curveOf, FIELD_PRIME, isLowS, poseidon, publicKeyOf, signDigest, verifyDigest } from "@qoodblock/sdk/crypto";
import { CHAIN_START, MessageChain, MessageSigner, decodeMessage, encodeMessage, signMessage, verifyMessage, type DeviceMessage } from "@qoodblock/sdk/device";
import { chainPreimage, encodeRow } from "@qoodblock/sdk/formats";
import { batchKey, daySecret, intervalKey, keyCommitment, mnemonicToSeed, newMnemonic, segmentKey, streamSecret } from "@qoodblock/sdk/keys";
import * as plain from "./independent.ts";
import { DEVICE_KEY, OTHER_KEY, PHRASE, STREAM, bytesOf, flip, makeRows, throwsCode } from "./support.ts";

const publicKey = publicKeyOf(DEVICE_KEY);
/** FIPS 186-5. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function messages(count: number): DeviceMessage[] {
  const signer = new MessageSigner({ privateKey: DEVICE_KEY, stream: STREAM });
  return Array.from({ length: count }, (_, i) => signer.sign(makeRows(1 + (i % 4), 3, i).map(encodeRow), bytesOf(`salt ${i}`, 16)));
}

describe("device messages", () => {
  it("verify in order and agree with an independent chain", () => {
    const chain = new MessageChain({ stream: STREAM, publicKey });
    let previous = CHAIN_START.chain as string;
    for (const message of messages(9)) {
      const expected = plain.messageChain(previous, STREAM, message.counter, message.salt16, message.rows);
      previous = plain.hex(expected.chain);
      assert.equal(chain.accept(message).chain, previous);
      assert.ok(verifyDigest(publicKey, expected.chain, message.signature!));
    }
    assert.equal(chain.state.nextCounter, 9);
  });

  it("are signed on P-256 as well: which curve a key is of, its point tells", () => {
    const signer = new MessageSigner({ privateKey: DEVICE_KEY, stream: STREAM, curve: "P-256" });
    const key = publicKeyOf(DEVICE_KEY, "P-256");
    assert.deepEqual(signer.publicKey, key);
    assert.deepEqual([curveOf(key), curveOf(publicKey)], ["P-256", "secp256k1"]);
    throwsCode(() => curveOf(flip(key, 40)), "BAD_DEVICE_KEY");
    const chain = new MessageChain({ stream: STREAM, publicKey: key });
    const jwk = { kty: "EC", crv: "P-256", x: Buffer.from(key.subarray(0, 32)).toString("base64url"), y: Buffer.from(key.subarray(32)).toString("base64url") };
    for (let i = 0; i < 4; i += 1) {
      const message = signer.sign(makeRows(2, 3, i).map(encodeRow), bytesOf(`salt ${i}`, 16));
      const signed = plain.messageChain(chain.state.chain, STREAM, i, message.salt16, message.rows);
      // OpenSSL's own word, over the message that it hashes itself.
      const preimage = Buffer.concat([Buffer.from("qood/msg/v1"), plain.unhex(chain.state.chain), plain.unhex(STREAM), plain.u64(i), signed.rowsRoot]);
      assert.ok(verify("sha256", preimage, { key: createPublicKey({ format: "jwk", key: jwk }), dsaEncoding: "ieee-p1363" }, message.signature!));
      assert.ok(verifyDigest(key, signed.chain, message.signature!));
      assert.equal(verifyDigest(publicKey, signed.chain, message.signature!), false);
      const high = Uint8Array.from(message.signature!);
      high.set(plain.unhex(`0x${(P256_ORDER - BigInt(plain.hex(high.subarray(32)))).toString(16).padStart(64, "0")}`), 32);
      throwsCode(() => chain.accept({ ...message, signature: high }), "MESSAGE_SIGNATURE");
      chain.accept(message);
    }
  });

  it("hash parts of 32 bytes only, so that no part runs into the next", () => {
    const [good, short] = [new Uint8Array(32), new Uint8Array(31)];
    assert.equal(chainPreimage(good, good, 0, good).length, 11 + 32 + 32 + 8 + 32);
    for (const [previous, stream, root] of [[short, good, good], [good, short, good], [good, good, short]] as const) throwsCode(() => chainPreimage(previous, stream, 0, root), "BAD_MESSAGE");
  });

  it("go over the wire and back, in one form", () => {
    for (const message of messages(4)) {
      const bytes = Uint8Array.from(encodeMessage(message));
      assert.deepEqual(Buffer.from(encodeMessage(decodeMessage(bytes))), Buffer.from(bytes));
      assert.equal(verifyMessage(decodeMessage(bytes), { stream: STREAM, publicKey, state: stateBefore(message.counter) }).nextCounter, message.counter + 1);
    }
    throwsCode(() => decodeMessage(Uint8Array.of(0x86, 2)), "MESSAGE_SHAPE", "CBOR_TRUNCATED");
  });

  it("with any bit flipped on the wire are refused, and nothing moves", () => {
    const [message] = messages(1);
    const bytes = Uint8Array.from(encodeMessage(message!));
    const codes = /^(CBOR_|MESSAGE_|EMPTY_MESSAGE|BAD_SALT)/;
    const chain = new MessageChain({ stream: STREAM, publicKey });
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      assert.throws(() => chain.accept(decodeMessage(flip(bytes, bit))), (error: { code: string }) => codes.test(error.code), `bit ${bit}`);
      assert.deepEqual(chain.state, CHAIN_START);
    }
    chain.accept(decodeMessage(bytes));
  });

  it("refuse replays, gaps, other streams, other keys, missing and needless signatures", () => {
    const [first, second, third] = messages(3);
    const chain = new MessageChain({ stream: STREAM, publicKey });
    chain.accept(first!);
    throwsCode(() => chain.accept(first!), "MESSAGE_COUNTER");
    throwsCode(() => chain.accept(third!), "MESSAGE_COUNTER");
    throwsCode(() => chain.accept({ ...second!, stream: `0x${"12".repeat(32)}` }), "MESSAGE_STREAM");
    throwsCode(() => chain.accept({ ...second!, signature: null }), "MESSAGE_UNSIGNED");
    throwsCode(() => chain.accept({ ...second!, rows: [] }), "EMPTY_MESSAGE");
    throwsCode(() => chain.accept({ ...second!, rows: [...second!.rows].reverse() }), "MESSAGE_SIGNATURE");
    throwsCode(() => chain.accept({ ...second!, salt16: new Uint8Array(15) }), "BAD_SALT");
    throwsCode(() => new MessageChain({ stream: STREAM, publicKey: publicKeyOf(OTHER_KEY) }).accept(first!), "MESSAGE_SIGNATURE");
    throwsCode(() => new MessageChain({ stream: STREAM, publicKey: null }).accept(first!), "MESSAGE_SIGNATURE");
    assert.equal(new MessageChain({ stream: STREAM, publicKey: null }).accept({ ...first!, signature: null }).nextCounter, 1);
    assert.equal(chain.accept(second!).nextCounter, 2);
  });

  it("sign with low s only, and a high s is refused", () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    for (let i = 0; i < 20; i += 1) {
      const digest = bytesOf(`digest ${i}`, 32);
      const signature = signDigest(DEVICE_KEY, digest);
      assert.ok(isLowS(signature) && verifyDigest(publicKey, digest, signature));
      const high = Buffer.from(signature);
      high.write((order - BigInt(toHex(signature.subarray(32)))).toString(16).padStart(64, "0"), 32, "hex");
      assert.ok(!isLowS(high) && !verifyDigest(publicKey, digest, high));
      assert.ok(!verifyDigest(publicKey, digest, signature.subarray(0, 63)) && !verifyDigest(publicKey, digest, new Uint8Array(64)));
    }
    for (const length of [0, 32, 63, 65]) {
      throwsCode(() => verifyDigest(bytesOf("short", length), bytesOf("d", 32), new Uint8Array(64)), "BAD_DEVICE_KEY");
      throwsCode(() => new MessageChain({ stream: STREAM, publicKey: bytesOf("short", length) }), "BAD_DEVICE_KEY");
    }
    throwsCode(() => verifyDigest(bytesOf("no point", 64), bytesOf("d", 32), new Uint8Array(64)), "BAD_DEVICE_KEY");
    throwsCode(() => new MessageSigner({ privateKey: new Uint8Array(32), stream: STREAM }), "BAD_DEVICE_KEY");
  });

  it("continue from a stored state, with fresh salts unless told", () => {
    const one = signMessage({ privateKey: DEVICE_KEY, stream: STREAM, state: CHAIN_START, rows: [encodeRow([1])] });
    const two = signMessage({ privateKey: DEVICE_KEY, stream: STREAM, state: one.state, rows: [encodeRow([1])] });
    assert.equal(two.message.counter, 1);
    assert.notDeepEqual(one.message.salt16, two.message.salt16);
    const chain = new MessageChain({ stream: STREAM, publicKey });
    chain.accept(one.message);
    chain.accept(two.message);
  });

  function stateBefore(counter: number): { nextCounter: number; chain: `0x${string}` } {
    const chain = new MessageChain({ stream: STREAM, publicKey });
    for (const message of messages(counter)) chain.accept(message);
    return chain.state;
  }
});

describe("key hierarchy", () => {
  const nonce = toHex(bytesOf("nonce", 32));
  it("agrees with an independent implementation for any input", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(), fc.nat(), fc.maxSafeNat(), (seed, epoch, day, sequence) => {
        const expected = plain.keyHierarchy(seed, STREAM, epoch, day, sequence, nonce);
        const stream = streamSecret(seed, STREAM, epoch);
        assert.deepEqual(Buffer.from(stream), expected.stream);
        assert.deepEqual(Buffer.from(daySecret(stream, day)), expected.day);
        assert.equal(batchKey(daySecret(stream, day), STREAM, sequence, nonce), expected.k);
      }),
      { seed: 5, numRuns: 40 },
    );
  });
  it("gives another key for another epoch, day, sequence, nonce, interval, segment", () => {
    const key = (epoch: number, day: number, sequence: number, label: string): bigint => batchKey(daySecret(streamSecret(mnemonicToSeed(PHRASE), STREAM, epoch), day), STREAM, sequence, toHex(bytesOf(label, 32)));
    const k = key(0, 1, 2, "a");
    const keys = [k, key(1, 1, 2, "a"), key(0, 2, 2, "a"), key(0, 1, 3, "a"), key(0, 1, 2, "b"), intervalKey(k, 0), intervalKey(k, 1), segmentKey(intervalKey(k, 0), 0), segmentKey(intervalKey(k, 0), 1), keyCommitment(k)];
    assert.equal(new Set(keys).size, keys.length);
  });
  it("takes BIP-39 phrases with a right checksum", () => {
    // From BIP-39's own vectors, but with the empty passphrase.
    assert.equal(toHex(mnemonicToSeed(PHRASE)).slice(0, 34), "0x5eb00bbddcf069084889a8ab91555681");
    assert.equal(mnemonicToSeed(newMnemonic()).length, 64);
    throwsCode(() => mnemonicToSeed(PHRASE.replace("about", "abandon")), "BAD_MNEMONIC");
    throwsCode(() => streamSecret(new Uint8Array(32), STREAM, 0), "BAD_SECRET");
    throwsCode(() => daySecret(new Uint8Array(31), 0), "BAD_SECRET");
    throwsCode(() => batchKey(new Uint8Array(31), STREAM, 0, nonce), "BAD_SECRET");
  });
});

describe("Poseidon", () => {
  it("is circomlib's", () => {
    // circomlib test/poseidoncircuit.js and the reference implementation's vectors.
    assert.equal(poseidon([1n, 2n]), 7853200120776062878684798364095072458815029376092732009249414926327459813530n);
    assert.equal(poseidon([1n, 2n, 3n, 4n]), 18821383157269793795438455681495246036402687001665670618754263018637548127333n);
  });
  it("takes canonical field elements only", () => {
    throwsCode(() => poseidon([FIELD_PRIME]), "NOT_A_FIELD_ELEMENT");
    throwsCode(() => poseidon([-1n]), "NOT_A_FIELD_ELEMENT");
  });
});
