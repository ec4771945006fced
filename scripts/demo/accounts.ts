/** Who takes part: seven accounts, each with a key file of its own. */
import { join } from "node:path";
import { toBeHex } from "ethers";
import type { HDNodeWallet, JsonRpcProvider, Wallet } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { startCalled } from "@qoodblock/workers/shared/process/calls.ts";
import type { CalledProgram } from "@qoodblock/workers/shared/process/calls.ts";
import type { StateFolder } from "@qoodblock/workers/shared/process/state.ts";
import { createAccount, listAccounts, openAccount } from "../../cli/keystore.ts";
import type { Stack } from "@qoodblock/workers/shared/process/stack.ts";

/** Accounts that the demo itself acts for. */
export type OwnRole = "foundation" | "tsp" | "storage" | "auditor";
/** Parties with a process of their own, which alone reads their key file. */
export type PartyName = "owner" | "oem" | "buyer" | "device";

/** Everybody. */
export interface Cast {
  readonly wallets: Readonly<Record<OwnRole, HDNodeWallet | Wallet>>;
  readonly parties: Readonly<Record<PartyName, CalledProgram>>;
  readonly addresses: Readonly<Record<OwnRole | "owner" | "oem" | "buyer", Hex>>;
  /** The TSP's key file, which its workers open. */
  readonly tspKeyFile: string;
}

const ONE_ETHER = 10n ** 18n;

/** Connects the demo's own accounts to the chain and sees that everyone can pay for gas there. */
export async function enterChain(cast: Cast, provider: JsonRpcProvider): Promise<Cast> {
  await Promise.all(
    Object.values(cast.addresses).map(async (address) => {
      if ((await provider.getBalance(address)) < ONE_ETHER) await provider.send("anvil_setBalance", [address, toBeHex(100n * ONE_ETHER)]);
    }),
  );
  const { foundation, tsp, storage, auditor } = cast.wallets;
  return { ...cast, wallets: { foundation: foundation.connect(provider), tsp: tsp.connect(provider), storage: storage.connect(provider), auditor: auditor.connect(provider) } };
}

/** Opens or makes all accounts and starts the parties. The chain is not needed yet. */
export async function gatherCast(options: { readonly state: StateFolder; readonly stack: Stack; readonly logs: string; readonly passphrase: string }): Promise<Cast> {
  const { state, stack, passphrase } = options;
  const folder = join(state.path, "keystores");
  const script = (name: string): string => new URL(`./parties/${name}.ts`, import.meta.url).pathname;
  const start = async (name: PartyName, program: string): Promise<CalledProgram> => {
    const party = await startCalled({
      name,
      script: script(program),
      args: [folder, name],
      env: { PATH: process.env.PATH ?? "", QOOD_KEYSTORE_PASSPHRASE: passphrase },
      logFile: join(options.logs, `${name}.log`),
    });
    state.note(name, party.pid);
    stack.push(name, async () => {
      await party.stop();
      state.forget(name);
    });
    return party;
  };
  const own = (name: OwnRole): Promise<HDNodeWallet | Wallet> => (listAccounts(folder).includes(name) ? openAccount(folder, name, passphrase) : createAccount(folder, name, passphrase));
  const [owner, oem, buyer, device] = await Promise.all([start("owner", "principal"), start("oem", "principal"), start("buyer", "buyer"), start("device", "device")]);
  const [foundation, tsp, storage, auditor] = await Promise.all([own("foundation"), own("tsp"), own("storage"), own("auditor")]);
  const addresses = {
    ...{ foundation: foundation.address as Hex, tsp: tsp.address as Hex, storage: storage.address as Hex, auditor: auditor.address as Hex },
    owner: await owner.call<Hex>("address", null),
    oem: await oem.call<Hex>("address", null),
    buyer: await buyer.call<Hex>("address", null),
  };
  return { wallets: { foundation, tsp, storage, auditor }, parties: { owner, oem, buyer, device }, addresses, tspKeyFile: join(folder, "tsp.json") };
}
