/** Who signs: an account of a key file, or one whose key a program of its own keeps (Clef, Web3Signer, a development chain). */
import { AbstractSigner, Transaction, TypedDataEncoder, getAddress, hexlify, recoverAddress, toQuantity, toUtf8Bytes, verifyMessage } from "ethers";
import type { Provider, Signer, TransactionLike, TransactionRequest, TypedDataDomain, TypedDataField } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { addressArgument, passphraseOf } from "./context.ts";
import type { GlobalOptions } from "./context.ts";
import { addressOf, openAccount } from "./keystore.ts";

/** A person may have to confirm at the signer, milliseconds. */
const PATIENCE_MS = 300_000;

/** What may not be changed by who signs. */
const FIXED = ["to", "data", "value", "nonce", "chainId", "gasLimit", "maxFeePerGas", "maxPriorityFeePerGas", "gasPrice"] as const;

/** Signs by JSON-RPC; transactions go out through the provider that it is connected to, so the signer need not be on the chain. */
export class RemoteSigner extends AbstractSigner {
  private readonly url: string;
  private readonly address: string;

  /** @param address the account, which the signer must hold */
  constructor(url: string, address: string, provider?: Provider | null) {
    super(provider);
    this.url = url;
    this.address = getAddress(address);
  }

  override getAddress(): Promise<string> {
    return Promise.resolve(this.address);
  }

  override connect(provider: Provider | null): RemoteSigner {
    return new RemoteSigner(this.url, this.address, provider);
  }

  /** @throws QoodError SIGNER_UNREACHABLE, SIGNER_REFUSED, SIGNER_WRONG where something else was signed than was asked */
  override async signTransaction(request: TransactionRequest): Promise<string> {
    // Unsigned, so without the account, which ethers would take for the signature's.
    const wanted = request instanceof Transaction ? request : Transaction.from({ ...request, from: null } as TransactionLike);
    const quantities = { nonce: wanted.nonce, gas: wanted.gasLimit, value: wanted.value, chainId: wanted.chainId };
    const fees = wanted.maxFeePerGas === null ? { gasPrice: wanted.gasPrice ?? 0n } : { maxFeePerGas: wanted.maxFeePerGas, maxPriorityFeePerGas: wanted.maxPriorityFeePerGas ?? 0n };
    const told = Object.fromEntries(Object.entries({ ...quantities, ...fees }).map(([name, value]) => [name, toQuantity(value)]));
    const answer = await this.ask("eth_signTransaction", [{ from: this.address, ...(wanted.to === null ? {} : { to: wanted.to }), data: wanted.data, ...told }]);
    // Clef answers with the transaction beside its bytes, others with the bytes.
    const raw = typeof answer === "string" ? answer : (answer as { raw?: unknown } | null)?.raw;
    let signed: Transaction;
    try {
      signed = Transaction.from(raw as string);
    } catch {
      throw new QoodError("SIGNER_WRONG", `the signer at ${this.url} gave no signed transaction`);
    }
    if (signed.from !== this.address) throw new QoodError("SIGNER_WRONG", `the signer at ${this.url} signed by ${signed.from ?? "nobody"}, not by ${this.address}`);
    const changed = FIXED.find((name) => signed[name] !== wanted[name]);
    if (changed !== undefined) throw new QoodError("SIGNER_WRONG", `the signer at ${this.url} changed the transaction's ${changed}: it is not sent`);
    return raw as string;
  }

  /** @throws QoodError as {@link signTransaction} */
  override async signMessage(message: string | Uint8Array): Promise<string> {
    const signature = await this.ask("personal_sign", [hexlify(typeof message === "string" ? toUtf8Bytes(message) : message), this.address]);
    return this.checked(signature, (text) => verifyMessage(message, text));
  }

  /** @throws QoodError as {@link signTransaction} */
  override async signTypedData(domain: TypedDataDomain, types: Record<string, TypedDataField[]>, value: Record<string, unknown>): Promise<string> {
    const payload = TypedDataEncoder.getPayload(domain, types, value) as unknown;
    const signature = await this.ask("eth_signTypedData_v4", [this.address, JSON.stringify(payload)]);
    return this.checked(signature, (text) => recoverAddress(TypedDataEncoder.hash(domain, types, value), text));
  }

  private checked(signature: unknown, by: (text: string) => string): string {
    let who: string;
    try {
      who = by(signature as string);
    } catch {
      throw new QoodError("SIGNER_WRONG", `the signer at ${this.url} gave no signature`);
    }
    if (who !== this.address) throw new QoodError("SIGNER_WRONG", `the signer at ${this.url} signed by ${who}, not by ${this.address}, or another text`);
    return signature as string;
  }

  private async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    let answer: { result?: unknown; error?: { message?: string } };
    try {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const response = await fetch(this.url, { method: "POST", headers: { "content-type": "application/json" }, body, signal: AbortSignal.timeout(PATIENCE_MS) });
      answer = (await response.json()) as typeof answer;
    } catch {
      throw new QoodError("SIGNER_UNREACHABLE", `no signer answers at ${this.url}: check --signer`);
    }
    if (answer.error !== undefined) throw new QoodError("SIGNER_REFUSED", `the signer at ${this.url} refused ${method}: ${answer.error.message ?? "no reason given"}`);
    return answer.result;
  }
}

/** The address of an account: of a key file by its name; with `--signer` the account is an address, or a key file's name. @throws QoodError ADDRESS and those of key files */
export function accountAddress({ keystores, signer }: GlobalOptions, account: string): Hex {
  return signer !== undefined && account.startsWith("0x") ? (getAddress(addressArgument(account, "--account")) as Hex) : (addressOf(keystores, account) as Hex);
}

/** Who signs for an account. @throws QoodError those of key files and of `accountAddress` */
export async function signerOf(options: GlobalOptions, account: string): Promise<Signer> {
  if (options.signer === undefined) return openAccount(options.keystores, account, passphraseOf(options));
  if (!/^https?:\/\//.test(options.signer) || !URL.canParse(options.signer)) throw new QoodError("USAGE", `--signer ${options.signer} is no http URL`);
  return new RemoteSigner(options.signer, accountAddress(options, account));
}
