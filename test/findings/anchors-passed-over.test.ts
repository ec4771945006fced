/**
 * Found: the look for unknown anchors of the own account asked for the head first and for the final block after it, and noted the final block
 * as looked at: blocks that came in between were never looked at. And a look during which Redis went away and another came made the worker
 * sure all the same.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { INTERFACES } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { createOwnAnchors } from "../../workers/ingest/ownAnchors.ts";
import type { OwnAnchors } from "../../workers/ingest/ownAnchors.ts";
import type { Chain } from "../../workers/shared/chain/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { redisForAll } from "../workers/support/engines.ts";

const temporary = temporaryFolder();
const account: Hex = `0x${"11".repeat(20)}`;
const registry: Hex = `0x${"22".repeat(20)}`;
const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const engine = redisForAll(temporary.path("redis"));

/** A node with one anchor of the account, in block 11; `head` and `final` are what it says when it is asked. */
function guard(prefix: string, head: () => number, final: () => number, asked: () => void = () => undefined): OwnAnchors {
  const { data, topics } = INTERFACES.dataRegistry.encodeEventLog("Anchored", [account, word(7), 0, word(1), word(2)]);
  const log = { address: registry, data, topics, blockNumber: 11, blockHash: word(11), transactionHash: word(3), index: 0 };
  const provider = {
    getBlockNumber: () => Promise.resolve(head()),
    getLogs({ fromBlock, toBlock }: { fromBlock: number; toBlock: number }) {
      asked();
      return Promise.resolve(fromBlock <= 11 && toBlock >= 11 ? [log] : []);
    },
  };
  const client = { deployment: { startBlock: 0, addresses: { dataRegistry: registry } } } as unknown as Client;
  return createOwnAnchors({ redis: engine.redis, prefix, client, chain: { provider, finalBlock: () => Promise.resolve(final()) } as unknown as Chain, account, from: 0 });
}

it("a block that became final in the middle of a look is looked at by the next", async () => {
  let head = 10;
  const own = guard("between", () => head, () => 12);
  await own.look();
  assert.equal(own.isSure(), true);
  head = 12;
  await assert.rejects(own.look(), { code: "REDIS_OLD" });
  assert.equal(own.isSure(), false);
});

it("a look during which Redis was away makes nothing sure", async () => {
  const own = guard("away", () => 10, () => 5, () => engine.redis.emit("close"));
  await own.look();
  assert.equal(own.isSure(), false);
});
