/** Has the contract open a batch's header by its path: proves that a TSP anchored it, and tells when. Costs nothing. */
import { readFileSync } from "node:fs";
import { Contract, JsonRpcProvider } from "ethers";

const [rpc, address, file, index = "0"] = process.argv.slice(2);
const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1 });

// An offer file lists its batches with their headers; numbers above 2^53 are decimal text there.
const offer = JSON.parse(readFileSync(file!, "utf8")) as { lots: { header: { words: Record<string, unknown> }; anchor: { path: string[] } }[] };
const { header, anchor } = offer.lots[Number(index)]!;

const HEADER = "tuple(bytes32 stream, uint64 sequence, address tsp, bytes32 root, uint256 kc1, uint256 kc2, uint256 flags, bytes32 restHash) header";
const registry = new Contract(address!, [`function openHeader(${HEADER}, bytes32[] path) view returns (bytes32 headerHash, tuple(uint64 sequence, uint64 time, uint64 blockNumber) anchored)`], provider);
try {
  const [hash, anchored] = (await registry.getFunction("openHeader")(header.words, anchor.path)) as unknown as [string, { sequence: bigint; time: bigint; blockNumber: bigint }];
  console.log(`header ${hash}: anchor ${anchored.sequence} of ${String(header.words.tsp)}, ${new Date(Number(anchored.time) * 1000).toISOString()}, block ${anchored.blockNumber}`);
} catch {
  console.log("no anchor of this TSP opens to the header");
}
provider.destroy();
