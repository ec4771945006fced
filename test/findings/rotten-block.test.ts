/**
 * Found: bitswap at the seller took an unreadable block for a fault of the whole answer. That block and every other one
 * that the same peer had asked for in the same moment were marked as being sent and never were, for as long as the two
 * nodes stayed connected, also after the block had been mended.
 */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { HeliaStorage } from "../../workers/shared/storage/index.ts";
import { createHeliaStorage } from "../../workers/shared/storage/index.ts";
import { flipped, replaceBlock } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";

const temporary = temporaryFolder();
const bytes = (label: string): Uint8Array => Buffer.concat(Array.from({ length: 100 }, (_, i) => createHash("sha256").update(`${label} ${i}`).digest()));
let [seller, buyer]: HeliaStorage[] = [];

before(async () => {
  seller = await createHeliaStorage({ repo: temporary.path("seller") });
  buyer = await createHeliaStorage({ repo: temporary.path("buyer") });
  await buyer.connect((await seller.id()).addresses[0]!);
});
after(async () => {
  await buyer?.close();
  await seller?.close();
});

it("a rotten block hides no other one, and is served as soon as it is mended", { timeout: 240_000 }, async () => {
  const labels = ["first", "rotten", "last"];
  const cids = await Promise.all(labels.map((label) => seller!.add(bytes(label))));
  replaceBlock(temporary.path("seller"), bytes("rotten"), flipped(bytes("rotten")));
  const got = await Promise.allSettled(cids.map((cid, i) => buyer!.get(cid, { timeoutMs: labels[i] === "rotten" ? 4000 : 60_000 })));
  assert.deepEqual(got.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.equal(got[1]?.status === "rejected" && (got[1].reason as { code: string }).code, "STORAGE_NOT_FOUND");
  // To its own user the seller's node still says exactly what is wrong.
  await assert.rejects(seller!.get(cids[1]!), { code: "STORAGE_CORRUPT" });

  replaceBlock(temporary.path("seller"), flipped(bytes("rotten")), bytes("rotten"));
  // Bitswap collects wants and their cancelling for 10 ms before it tells its peers.
  await wait(200);
  assert.deepEqual(Buffer.from(await buyer!.get(cids[1]!, { timeoutMs: 60_000 })), bytes("rotten"));
});
