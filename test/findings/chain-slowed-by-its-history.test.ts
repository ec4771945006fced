/**
 * Found: the local chain wrote the whole state as it stood at each of its last blocks to its file, every second. With the market's
 * contracts on it that was half a megabyte a block: after some thousand blocks it wrote gigabytes at a time, questions were answered after
 * twenty seconds, and workers took the chain for gone. It writes the newest state alone now, and keeps the last ones in memory.
 */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { MNEMONIC, testProvider } from "../workers/support/engines.ts";
import { startAnvil } from "../../workers/shared/engines/anvil.ts";
import { temporaryFolder } from "../support/folder.ts";

const temporary = temporaryFolder();
const BLOCKS = 300;
/** A header as JSON takes some two kilobytes. */
const BLOCK_BYTES = 5_000;

it("a local chain's file grows by its blocks, not by its state at each of them", { timeout: 120_000 }, async () => {
  const dir = temporary.path("chain");
  const size = (): number => statSync(join(dir, "state.json")).size;

  const first = await startAnvil({ dir, mnemonic: MNEMONIC });
  let provider = testProvider(first.url);
  for (let i = 1; i <= 10; i += 1) await provider.send("anvil_setCode", [`0x${i.toString(16).padStart(40, "c0")}`, `0x${"01".repeat(10_000)}`]);
  provider.destroy();
  await first.stop();
  const before = size();
  assert.ok(before > 200_000, `the contracts are in the file: ${before} bytes`);

  const second = await startAnvil({ dir, mnemonic: MNEMONIC });
  provider = testProvider(second.url);
  const head = await provider.getBlockNumber();
  await provider.send("anvil_mine", [`0x${BLOCKS.toString(16)}`]);
  const account = `0x${(1).toString(16).padStart(40, "c0")}`;
  // Recent states are there for whoever reads at a final block.
  assert.equal((await provider.getCode(account, head + BLOCKS - 100)).length, 20_002);
  const last = await provider.getBlockNumber();
  provider.destroy();
  await second.stop();

  assert.ok(last >= head + BLOCKS);
  const grown = size() - before;
  // The program's own blocks between the two looks are few.
  assert.ok(grown < (last + 50) * BLOCK_BYTES, `${grown} bytes for ${last} blocks`);
});
