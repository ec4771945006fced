import { createDeliveryKey } from "../delivery/index.ts";
import type { DeliveryKey } from "../delivery/index.ts";
import { QoodError } from "../errors/index.ts";
import type { BuyerContext } from "./context.ts";

/** The account's delivery key, which a key file's account gives again at any time. @throws QoodError ACCOUNT_NOT_DETERMINISTIC */
export async function deliveryKeyOf({ signer, provider }: Pick<BuyerContext, "signer" | "provider">): Promise<DeliveryKey> {
  const account = await signer.getAddress();
  const key = await createDeliveryKey(signer, (await provider.getCode(account)) !== "0x");
  if (key.origin === "random") throw new QoodError("ACCOUNT_NOT_DETERMINISTIC", `account ${account} does not sign the same text the same way twice: use an account of a key file`);
  return key;
}
