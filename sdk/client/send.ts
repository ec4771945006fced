/** Sending one transaction and waiting for it: for people and scripts. Workers keep their own lanes and only take the calls. */
import type { Signer, TransactionReceipt } from "ethers";
import { QoodError } from "../errors/index.ts";
import type { Call } from "./calls/index.ts";
import { toQoodError } from "./errors.ts";

/**
 * Estimates (so that a revert is told in words before anything is paid), sends, and waits.
 * @param confirmations blocks to wait for, 1 = included
 * @throws QoodError `REVERT`, `CHAIN_CALL_FAILED`
 */
export async function send(signer: Signer, call: Call, confirmations = 1): Promise<TransactionReceipt> {
  try {
    const sent = await signer.sendTransaction({ to: call.to, data: call.data, ...(call.value === undefined ? {} : { value: call.value }) });
    const receipt = await sent.wait(confirmations);
    if (receipt === null) throw new QoodError("CHAIN_CALL_FAILED", `${call.what}: no receipt for ${sent.hash}`);
    return receipt;
  } catch (error) {
    throw toQoodError(error, call.what);
  }
}
