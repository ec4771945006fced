/** What sellers and buyers of smart orders ask of the chain besides calls: the code that an order pins, and a block's header. */
import { encodeRlp, keccak256, type Provider, toBeHex } from "ethers";
import { z } from "zod";
import { type Hex } from "../bytes/index.ts";
import { QoodError } from "../errors/index.ts";

/** A provider that passes on any JSON-RPC request. */
export interface RawProvider {
  send(method: string, params: unknown[]): Promise<unknown>;
}

/**
 * A hook as an order names it: its address and the hash of its code as it is now.
 * @throws QoodError `NO_SUCH_HOOK` where no code stands there
 */
export async function pinHook(provider: Pick<Provider, "getCode">, hook: Hex): Promise<{ hook: Hex; hookCodeHash: Hex }> {
  const code = await provider.getCode(hook);
  if (code === "0x") throw new QoodError("NO_SUCH_HOOK", `no contract stands at ${hook}`);
  return { hook, hookCodeHash: keccak256(code) as Hex };
}

const data = z.string().regex(/^0x(?:[0-9a-f]{2})*$/);
const quantity = z.string().regex(/^0x[0-9a-f]+$/);
/** Fields of a block's header in RLP order; the later ones exist since the forks that brought them. */
const headerSchema = z.object({
  hash: data,
  ...{ parentHash: data, sha3Uncles: data, miner: data, stateRoot: data, transactionsRoot: data, receiptsRoot: data, logsBloom: data },
  ...{ difficulty: quantity, number: quantity, gasLimit: quantity, gasUsed: quantity, timestamp: quantity, extraData: data, mixHash: data, nonce: data },
  ...{ baseFeePerGas: quantity.optional(), withdrawalsRoot: data.optional(), blobGasUsed: quantity.optional(), excessBlobGas: quantity.optional() },
  ...{ parentBeaconBlockRoot: data.optional(), requestsHash: data.optional() },
});
const QUANTITIES: readonly string[] = ["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"];

/**
 * The RLP-encoded header of a block, as the beacon takes it where its source is prevrandao.
 * @throws QoodError `NO_SUCH_BLOCK`; `BLOCK_HEADER` where the encoding does not hash to the block's hash: a chain whose
 * headers have fields that are not known here
 */
export async function blockHeader(provider: RawProvider, blockNumber: number): Promise<Hex> {
  const answer = await provider.send("eth_getBlockByNumber", [`0x${blockNumber.toString(16)}`, false]);
  if (answer === null) throw new QoodError("NO_SUCH_BLOCK", `the node has no block ${blockNumber}`);
  const result = headerSchema.safeParse(answer);
  if (!result.success) throw new QoodError("BLOCK_HEADER", `block ${blockNumber} came without a usable ${result.error.issues[0]!.path.join(".")}`);
  const { hash, ...fields } = result.data;
  const items = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [QUANTITIES.includes(name) ? quantityBytes(value) : value]));
  const header = encodeRlp(items) as Hex;
  if (keccak256(header) !== hash) throw new QoodError("BLOCK_HEADER", `the header of block ${blockNumber} has fields that are not known here: its hash is another`);
  return header;
}

/** RLP writes 0 as no bytes at all. */
const quantityBytes = (value: string): string => (BigInt(value) === 0n ? "0x" : toBeHex(BigInt(value)));
