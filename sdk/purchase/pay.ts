/** Paying an offer into escrow. */
import { randomBytes } from "../crypto/random.ts";
import { Transaction } from "ethers";
import type { TransactionReceipt } from "ethers";
import { bytesToBigint } from "../bytes/index.ts";
import type { Hex } from "../bytes/index.ts";
import { eventIn, purchaseOf, send, toQoodError } from "../client/index.ts";
import type { Call } from "../client/index.ts";
import type { DeliveryKey } from "../delivery/index.ts";
import { QoodError } from "../errors/index.ts";
import { totalPrice } from "../market/index.ts";
import type { SellOrder } from "../market/index.ts";
import type { CheckedOffer } from "./check.ts";
import type { BuyerContext, KnownDeal } from "./context.ts";
import { wait } from "./wait.ts";

/** A deal that is paid for. */
export interface Paid extends KnownDeal {
  readonly checked: CheckedOffer;
  readonly gas: { readonly approve: bigint; readonly buy: bigint };
}

/** A purchase, signed and not yet known to be on the chain. */
export interface SignedPurchase {
  /** The bytes to send, 0x-hex. */
  readonly raw: Hex;
  readonly hash: Hex;
  /** Of the account. */
  readonly nonce: number;
}

/** What a purchase takes: prices, and deposits that come back unless a challenge was wrong. */
export function costOf({ pages }: Pick<SellOrder, "pages">): { readonly price: bigint; readonly deposit: bigint } {
  return { price: pages.reduce((sum, { price }) => sum + price, 0n), deposit: pages.reduce((sum, { challengeDeposit }) => sum + challengeDeposit, 0n) };
}

/** Sees that the account can pay. @returns the call that allows the exchange to pull the total, null where it is allowed @throws QoodError BALANCE_TOO_LOW */
async function allowance({ client, signer }: BuyerContext, order: SellOrder): Promise<Call | null> {
  const account = (await signer.getAddress()) as Hex;
  const { price, deposit } = costOf(order);
  const balance = await client.reads.balanceOf(order.token, account);
  if (balance < price + deposit) {
    const total = deposit === 0n ? `price is ${price}` : `price with deposit is ${price + deposit}`;
    throw new QoodError("BALANCE_TOO_LOW", `the ${total} of token ${order.token} and account ${account} has ${balance}`);
  }
  return (await client.reads.allowance(order.token, account)) >= price + deposit ? null : client.calls.approve(order.token, price + deposit);
}

// 48 random bits, as the sale has room for: two purchases of one order in the same second have to differ.
const purchaseCall = ({ client }: BuyerContext, { offer }: CheckedOffer, key: DeliveryKey): Call =>
  client.calls.buy(purchaseOf(offer, { keyX: key.publicKey[0], keyY: key.publicKey[1], nonce: bytesToBigint(randomBytes(6)), maxTotal: totalPrice(offer.order) }));

/** What a purchase sends. @throws QoodError BALANCE_TOO_LOW */
export async function purchaseCalls(context: BuyerContext, checked: CheckedOffer, key: DeliveryKey): Promise<Call[]> {
  const approve = await allowance(context, checked.offer.order);
  return [...(approve === null ? [] : [approve]), purchaseCall(context, checked, key)];
}

/**
 * Signs a purchase that the exchange would take now; it is not sent.
 * @throws QoodError BALANCE_TOO_LOW, REVERT (in words) or CHAIN_CALL_FAILED.
 */
export async function signPurchase(context: BuyerContext, checked: CheckedOffer, key: DeliveryKey): Promise<SignedPurchase & { readonly approve: bigint }> {
  const { signer } = context;
  const allow = await allowance(context, checked.offer.order);
  const approve = allow === null ? 0n : (await send(signer, allow)).gasUsed;
  const { to, data, what } = purchaseCall(context, checked, key);
  try {
    const { from: _from, ...filled } = await signer.populateTransaction({ to, data });
    const raw = (await signer.signTransaction(filled)) as Hex;
    return { raw, hash: Transaction.from(raw).hash as Hex, nonce: Number(filled.nonce), approve };
  } catch (error) {
    throw toQoodError(error, what);
  }
}

/**
 * Sends a signed purchase, as often as needed, and waits for it.
 * @returns null where another transaction of the account has taken its place: then it has taken no money
 * @throws QoodError CHAIN_CALL_FAILED
 */
export async function sendPurchase({ provider, signer }: BuyerContext, { raw, hash, nonce }: SignedPurchase): Promise<TransactionReceipt | null> {
  const account = await signer.getAddress();
  for (let sent = false; ; ) {
    // The count first: a transaction that is included between the two questions has its receipt.
    const count = await provider.getTransactionCount(account);
    const receipt = await provider.getTransactionReceipt(hash);
    if (receipt !== null) return receipt;
    if (count > nonce) return null;
    if (!sent) {
      try {
        await provider.broadcastTransaction(raw);
      } catch (error) {
        if ((await provider.getTransaction(hash)) === null && (await provider.getTransactionCount(account)) <= nonce) throw toQoodError(error, "escrow.buy");
      }
      sent = true;
    }
    await wait(250);
  }
}

/** The deal that a purchase has made. @throws QoodError PURCHASE_REVERTED, PURCHASE_LOST */
export function dealIn({ client }: BuyerContext, order: SellOrder, receipt: TransactionReceipt): KnownDeal {
  if (receipt.status !== 1) throw new QoodError("PURCHASE_REVERTED", `transaction ${receipt.hash} came too late or was overtaken: the exchange refused the purchase and took no money`);
  const bought = eventIn(client.deployment, "Bought", receipt);
  if (bought === null) throw new QoodError("PURCHASE_LOST", `transaction ${receipt.hash} made no deal: the exchange's address is wrong`);
  return { dealId: bought.dealId, terms: { order, sale: bought.sale }, blockNumber: receipt.blockNumber };
}

/**
 * Allows the exchange to pull price and deposit, and buys.
 * @param note - told the signed purchase before it is sent.
 * @throws QoodError BALANCE_TOO_LOW, REVERT (in words, before anything is paid), PURCHASE_REVERTED or CHAIN_CALL_FAILED.
 */
export async function pay(context: BuyerContext, checked: CheckedOffer, key: DeliveryKey, note: (signed: SignedPurchase) => void = () => undefined): Promise<Paid> {
  const { approve, ...signed } = await signPurchase(context, checked, key);
  note(signed);
  const receipt = await sendPurchase(context, signed);
  if (receipt === null) throw new QoodError("PURCHASE_REPLACED", `another transaction of the account has taken the place of the purchase ${signed.hash}, which has taken no money`);
  return { ...dealIn(context, checked.offer.order, receipt), checked, gas: { approve, buy: receipt.gasUsed } };
}
