import { Interface, verifyTypedData } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { hashTypedData } from "@qoodblock/sdk/eip712";
import type { TypedData } from "@qoodblock/sdk/eip712";
import type { Chain } from "../shared/chain/index.ts";

const ERC1271 = new Interface(["function isValidSignature(bytes32,bytes) view returns (bytes4)"]);
/** What a contract wallet answers for its own signature: the function's selector in a word. */
const YES = `0x1626ba7e${"0".repeat(56)}`;

/** Whether an account has signed a text: by its key, or as a contract wallet, which is asked on chain (ERC-1271). */
export async function hasSigned({ provider }: { readonly provider: Pick<Chain["provider"], "getCode" | "call"> }, account: Hex, data: TypedData, signature: Hex): Promise<boolean> {
  try {
    if (verifyTypedData(data.domain, data.types, data.message, signature).toLowerCase() === account.toLowerCase()) return true;
  } catch {
    // No signature of a key; perhaps one of a contract.
  }
  if ((await provider.getCode(account)) === "0x") return false;
  try {
    return (await provider.call({ to: account, data: ERC1271.encodeFunctionData("isValidSignature", [hashTypedData(data), signature]) })) === YES;
  } catch (error) {
    if ((error as { code?: unknown }).code === "CALL_EXCEPTION") return false;
    throw error;
  }
}
