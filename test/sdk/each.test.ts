/** SHA-256 of many short inputs at once, against node:crypto, and what happens where the processor cannot do that. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { sha256Each, tryKernel } from "../../sdk/crypto/each.ts";

const digest = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
/** Hashes behind a guard of as many bytes in front as behind, which must stay as they are. */
function check(messages: readonly Uint8Array[], most = Math.max(...messages.map(({ length }) => length))): void {
  const guard = 40;
  const out = Buffer.alloc(32 * messages.length + 2 * guard, 0xa5);
  sha256Each(out, guard, messages.length, most, (to, at, i) => {
    to.set(messages[i]!, at);
    return messages[i]!.length;
  });
  assert.deepEqual(out, Buffer.concat([Buffer.alloc(guard, 0xa5), ...messages.map(digest), Buffer.alloc(guard, 0xa5)]));
}
const bytes = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) % 256);

test("this machine runs the kernel, or the tests below test nothing but node:crypto", { skip: tryKernel() === null ? "no SIMD in WebAssembly here" : false }, () => assert.ok(tryKernel()));

test("every length at which the padding changes, in every lane and number of messages", () => {
  for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 128, 447, 448, 502, 503]) {
    for (const count of [1, 2, 3, 4, 5, 8]) check(Array.from({ length: count }, (_, i) => bytes(length, i)));
  }
});

test("messages of different lengths side by side, over several calls of the kernel, with memory left over from the one before", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 503 }), { minLength: 1, maxLength: 150 }), (messages) => check(messages)),
    { seed: 5, numRuns: 60 },
  );
  check(Array.from({ length: 129 }, (_, i) => bytes((i * 37) % 504, i)));
});

test("messages that are too long for the kernel, and a bound that none of them reaches", () => {
  check([bytes(504, 1), bytes(3, 2), bytes(70_000, 3), bytes(0, 4)]);
  check([bytes(5, 1), bytes(6, 2), bytes(7, 3)], 503);
});

test("without SIMD one after the other gives the same", { skip: process.arch === "x64" ? false : "the flag is for x64" }, () => {
  const url = JSON.stringify(new URL("../../sdk/crypto/each.ts", import.meta.url).href);
  const script = `
    import { sha256Each, tryKernel } from ${url};
    const out = Buffer.alloc(160);
    sha256Each(out, 0, 5, 9, (to, at, i) => to.write("message " + i, at));
    console.log(tryKernel(), out.toString("hex"));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--no-enable-sse4_1", "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script], { encoding: "utf8" });
  const expected = [0, 1, 2, 3, 4].map((i) => digest(Buffer.from(`message ${i}`)).toString("hex")).join("");
  assert.equal(stdout, `null ${expected}\n`, stderr);
});
