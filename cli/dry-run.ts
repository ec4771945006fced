/** What a command would send and cost, with nothing sent. */
import { AbstractSigner, formatEther } from "ethers";
import type { JsonRpcProvider, Provider, Signer, TransactionRequest, TransactionResponse, TypedDataDomain, TypedDataField } from "ethers";
import { INTERFACES, toQoodError } from "@qoodblock/sdk/client";
import type { Call } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";

/** One transaction that was not sent. */
export interface Tried {
  /** The function. */
  readonly dryRun: string;
  readonly gas: bigint;
  /** Wei a unit of gas, by what the chain asks now. */
  readonly gasPrice: bigint;
  /** Of the chain's own coin. On a rollup the price of the data on the parent chain comes on top. */
  readonly cost: string;
}

async function priceOf(provider: Provider): Promise<bigint> {
  const { maxFeePerGas, gasPrice } = await provider.getFeeData();
  const price = maxFeePerGas ?? gasPrice;
  if (price === null) throw new QoodError("CHAIN_CALL_FAILED", "the chain tells no price of gas");
  return price;
}

const row = (what: string, gas: bigint, gasPrice: bigint): Tried => ({ dryRun: what, gas, gasPrice, cost: formatEther(gas * gasPrice) });

/** What calls would cost that are sent one after the other: each is tried on what those before it leave. @throws QoodError REVERT in words, CHAIN_CALL_FAILED */
export async function tryCalls(provider: JsonRpcProvider, from: string, calls: readonly Call[]): Promise<Tried[]> {
  const gasPrice = await priceOf(provider);
  const request = ({ to, data, value = 0n }: Call) => ({ from, to, data, value: `0x${value.toString(16)}` });
  if (calls.length === 1) {
    const [call] = calls as [Call];
    try {
      return [row(call.what, await provider.estimateGas(request(call)), gasPrice)];
    } catch (error) {
      throw toQoodError(error, call.what);
    }
  }
  const answer = (await provider.send("eth_simulateV1", [{ blockStateCalls: [{ calls: calls.map(({ value = 0n, ...call }) => ({ from, to: call.to, input: call.data, value: `0x${value.toString(16)}` })) }] }, "latest"])) as {
    calls: { gasUsed: string; error?: { data?: string; message?: string } }[];
  }[];
  return calls.map(({ what }, i) => {
    const { gasUsed, error } = answer[0]!.calls[i]!;
    if (error !== undefined) throw toQoodError({ data: error.data, message: error.message ?? "reverted" }, what);
    return row(what, BigInt(gasUsed), gasPrice);
  });
}

/** Thrown in place of the first transaction: the work behind a dry run ends there. */
class DryRunEnd extends QoodError {
  readonly tried: Tried;

  constructor(tried: Tried) {
    super("DRY_RUN", "nothing was sent");
    this.tried = tried;
  }
}

/** The functions of all contracts by contract and selector, to name what would be sent. */
function nameOf(data: string): string {
  for (const [contract, face] of Object.entries(INTERFACES)) {
    const found = face.getFunction(data.slice(0, 10));
    if (found !== null) return `${contract}.${found.name}`;
  }
  return data.slice(0, 10);
}

/** Signs texts as the signer behind it, and tries the first transaction instead of sending it. */
export class TryingSigner extends AbstractSigner {
  private readonly real: Signer;

  constructor(real: Signer, provider?: Provider | null) {
    super(provider ?? real.provider);
    this.real = real;
  }

  override getAddress(): Promise<string> {
    return this.real.getAddress();
  }

  override connect(provider: Provider | null): TryingSigner {
    return new TryingSigner(this.real, provider);
  }

  override async sendTransaction(request: TransactionRequest): Promise<TransactionResponse> {
    const provider = this.provider!;
    const from = await this.getAddress();
    const gas = await provider.estimateGas({ ...request, from });
    throw new DryRunEnd(row(nameOf(request.data ?? "0x"), gas, await priceOf(provider)));
  }

  override signTransaction(): Promise<string> {
    return Promise.reject(new QoodError("DRY_RUN", "a dry run signs no transaction"));
  }

  override signMessage(message: string | Uint8Array): Promise<string> {
    return this.real.signMessage(message);
  }

  override signTypedData(domain: TypedDataDomain, types: Record<string, TypedDataField[]>, value: Record<string, unknown>): Promise<string> {
    return this.real.signTypedData(domain, types, value);
  }
}

/** The work's result; of a dry run what its first transaction would cost. */
export async function orTried<T>(work: Promise<T>): Promise<T | Tried> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DryRunEnd) return error.tried;
    throw error;
  }
}
