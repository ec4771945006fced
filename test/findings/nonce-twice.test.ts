/**
 * Found: ethers keeps answers for a quarter of a second, an account's next nonce too. Of two transactions in a row the
 * second was given the first one's nonce and was refused, or took its place.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JsonRpcProvider } from "ethers";
import { openProvider } from "@qoodblock/sdk/client";
import type { ChainEngine } from "../../workers/shared/engines/anvil.ts";
import { temporaryFolder } from "../support/folder.ts";
import { testAccount, testChain } from "../workers/support/engines.ts";

describe("a provider for programs that send", () => {
  const temporary = temporaryFolder();
  let chain: ChainEngine;
  let provider: JsonRpcProvider;
  before(async () => {
    chain = await testChain(temporary.path("chain"));
    provider = openProvider(chain.url, 31337, 100);
  });
  after(async () => {
    provider.destroy();
    await chain.stop();
  });

  it("gives each of five transactions in a row a nonce of its own", async () => {
    const signer = testAccount(7).connect(provider);
    const sent = [];
    for (let i = 0; i < 5; i += 1) sent.push(await signer.sendTransaction({ to: signer.address, value: 1n, gasLimit: 21_000n }));
    assert.deepEqual(sent.map(({ nonce }) => nonce), [0, 1, 2, 3, 4]);
    for (const { hash } of sent) assert.equal((await provider.waitForTransaction(hash))?.status, 1);
    assert.equal(await provider.getTransactionCount(signer.address), 5);
  });
});
