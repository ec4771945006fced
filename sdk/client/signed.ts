import { Interface } from "ethers";
import type { Provider } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { hashTypedData, recoverTypedData } from "../eip712/index.ts";
import type { TypedData } from "../eip712/index.ts";

const ERC1271 = new Interface(["function isValidSignature(bytes32,bytes) view returns (bytes4)"]);
/** What a contract wallet answers for its own signature: the function's selector in a word. */
const YES = `0x1626ba7e${"0".repeat(56)}`;

/**
 * Whether an account has signed a text: by its key, or as a contract wallet, which is asked on chain (ERC-1271). The same rule as the contracts' `Signatures.isValid`.
 * @throws what the provider throws where the chain cannot be asked
 */
export async function hasSigned(provider: Pick<Provider, "getCode" | "call">, account: Hex, data: TypedData, signature: Hex): Promise<boolean> {
  try {
    if (recoverTypedData(data, signature).toLowerCase() === account.toLowerCase()) return true;
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
