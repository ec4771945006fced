// An owner or an OEM as a process of its own: the only one that reads its keystore. Arguments: folder, account.
import type { HDNodeWallet } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, openProvider, send } from "@qoodblock/sdk/client";
import type { Deployment } from "@qoodblock/sdk/client";
import type { DeviceSetup, Domain, MintConsent } from "@qoodblock/sdk/eip712";
import type { Agreement } from "@qoodblock/sdk/market";
import { grantStream, signAgreement, signDeviceSetup, signMintConsent, signVoucher } from "../../../cli/flows/principal.ts";
import { serveCalls } from "@qoodblock/workers/shared/process/calls.ts";
import { readPassphrase } from "@qoodblock/workers/shared/vault/passphrase.ts";
import { createAccount, listAccounts, openMnemonic } from "../../../cli/keystore.ts";

const [folder, account] = process.argv.slice(2) as [string, string];
const passphrase = readPassphrase({ what: `account ${account}`, file: undefined, variable: "QOOD_KEYSTORE_PASSPHRASE", env: process.env });
const wallet: HDNodeWallet = listAccounts(folder).includes(account) ? (await openMnemonic(folder, account, passphrase)).wallet : await createAccount(folder, account, passphrase);

serveCalls({
  address: () => Promise.resolve(wallet.address as Hex),
  voucher: ({ registry, vin, terms }: { registry: Domain; vin: string; terms: { owner: Hex; legalHash: Hex; deadline: number } }) => signVoucher(wallet, registry, vin, terms),
  mintConsent: ({ registry, consent }: { registry: Domain; consent: MintConsent }) => signMintConsent(wallet, registry, consent),
  deviceSetup: ({ registry, setup }: { registry: Domain; setup: DeviceSetup }) => signDeviceSetup(wallet, registry, setup),
  agreement: ({ shares, text }: { shares: Domain; text: Agreement }) => signAgreement(wallet, shares, text),
  grantStream: (grant: { handle: Hex; keyEpoch: number; vaultKey: Hex }) => grantStream(wallet, grant),
  async withdraw({ deployment, rpc, token, amount }: { deployment: Deployment; rpc: string; token: Hex; amount: bigint }) {
    const provider = openProvider(rpc, deployment.chainId, 200);
    try {
      const { calls } = createClient(deployment, provider);
      return (await send(wallet.connect(provider), calls.withdraw(token, wallet.address as Hex, amount))).gasUsed;
    } finally {
      provider.destroy();
    }
  },
});
