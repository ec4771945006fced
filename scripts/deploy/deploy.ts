/**
 * Deploys everything and sets it up, in four rounds of transactions sent together. May be stopped at any moment and run again
 * with the same folder: what is on the chain already is kept.
 */
import { setTimeout } from "node:timers/promises";
import { ContractFactory, getCreateAddress, type InterfaceAbi, keccak256, type Provider, type Result, type Signer, type TransactionReceipt } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { type Addresses, type BeaconSource, type Call, createCalls, createReads, type Deployment, type FaucetTerms, INTERFACES, toQoodError } from "../../sdk/client/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { wmiBytes } from "../../sdk/identity/index.ts";
import { readArtifact } from "./artifacts.ts";
import { deployedFaucet, refuseFaucet } from "./faucet.ts";
import {
  beaconOf,
  contractName,
  DELAYS,
  type Delays,
  NO_DELAYS,
  type Parameters,
  PERMISSIONS,
  QDD_TERMS,
  REDEMPTION,
  type RedemptionTerms,
  type RoleName,
  type StepKey,
  ROLES,
  SLOW_CONTRACTS,
  stepsOf,
} from "./plan.ts";
import { type DeploymentRecord, readBack, recordOf } from "./record.ts";
import { type DeployState, loadState, RECORD_FILE, saveDeployment, saveRecord, saveState } from "./state.ts";

const POLL_MS = 200;
const ROLE_NAMES = Object.keys(ROLES) as RoleName[];

/** Chain id of local chains. */
export const LOCAL_CHAIN = 31337;

/** A maker with its world manufacturer identifiers (three characters of a VIN, or six). */
export interface OemToAccredit {
  readonly account: Hex;
  readonly wmis: readonly string[];
}

/** What to deploy and for whom. */
export interface DeployOptions {
  /** Pays, and becomes the access manager's admin: the foundation. Must have a provider. */
  foundation: Signer;
  /** Accounts of each role, beside the foundation where it is not named. Defaults to the foundation. */
  roles?: Partial<Record<RoleName, readonly Hex[]>>;
  /** Makers and TSPs to accredit. The foundation must be among the registrars if any are given. */
  oems?: readonly OemToAccredit[];
  tsps?: readonly Hex[];
  /** Seconds; default 48 hours. */
  leastWindow?: number;
  /** Seconds; default 35 days. */
  reserveMaxAge?: number;
  /** On what terms QDD is redeemed; default ten days to pay, fourteen to object, 100 QDD at least. */
  redemption?: RedemptionTerms;
  /** Waits of roles and of changes to them; default by the chain: none on a local one. */
  delays?: Delays;
  /** Where samples of batches come from; default by the chain. */
  beacon?: BeaconSource;
  /** What a faucet gives of QDD; without it there is none, or that of an earlier run. */
  faucet?: FaucetTerms;
  /** Deploy a faucet to a network that is not known as a testnet; never to a main network. */
  allowFaucet?: boolean;
  /** Folder of compiled contracts. */
  artifacts: string;
  /** Where deployment.json and the resumable state are written; nothing is written without it. */
  folder?: string;
  /** Whether the proving key of the verifier is a development key. */
  developmentKey: boolean;
  /** Deploy to a public network with a verifier of which anyone can forge proofs. */
  allowDevelopmentKey?: boolean;
  /** Told one line a step. */
  onProgress?: (line: string) => void;
}

/** What a deployment was. */
export interface DeployResult extends Deployment {
  /** Transactions sent by this run, with their gas; none where everything was there. */
  transactions: { what: string; hash: Hex; gasUsed: bigint }[];
  /** What it is, for whoever checks it; made where there is a folder to write it to. */
  record?: DeploymentRecord;
}

/**
 * @throws QoodError `DEPLOY_REFUSED` on a public network without the flags, and of a faucet where it may not be, `DEPLOY_ROLE` where the deployer lacks a role that it needs, `DEPLOY_STATE_MISMATCH` where the folder is of
 * another chain or other contracts, `DEPLOY_READBACK` where the chain has something else than was sent, `ARTIFACT_MISSING`, `REVERT`, `CHAIN_CALL_FAILED`
 */
export async function deploy(options: DeployOptions): Promise<DeployResult> {
  const { foundation, folder } = options;
  const provider = foundation.provider;
  if (provider === null) throw new QoodError("NO_PROVIDER", "the deploying signer has no provider");
  const chainId = Number((await provider.getNetwork()).chainId);
  refusePublic(chainId, options);
  if (options.faucet !== undefined) refuseFaucet(chainId, options.allowFaucet === true);

  const admin = (await foundation.getAddress()) as Hex;
  refuseUnable(admin, options);
  const run = new Run(foundation, provider, options.onProgress ?? (() => undefined));
  const state = loadState(folder, chainId);
  const parameters: Parameters = {
    ...{ foundation: admin, leastWindow: options.leastWindow ?? 48 * 3600, reserveMaxAge: options.reserveMaxAge ?? 35 * 86400 },
    ...{ beacon: beaconOf(chainId, options.beacon), redemption: options.redemption ?? REDEMPTION },
    faucet: options.faucet ?? (await deployedFaucet(provider, state.contracts.faucet)),
  };

  const { addresses, faucet, startBlock } = await deployContracts(run, state, folder, options.artifacts, parameters);
  const deployment: Deployment = { format: "qood/deployment/v1", chainId, startBlock, addresses, beacon: parameters.beacon, ...(faucet === undefined ? {} : { faucet }) };
  await grantRoles(run, addresses, admin, options.roles ?? {});
  await setUp(run, deployment, options);
  await bindDelays(run, deployment, admin, options.roles ?? {}, options.delays ?? (chainId === LOCAL_CHAIN ? NO_DELAYS : DELAYS));
  await readBack(provider, deployment, options.artifacts);
  if (folder === undefined) return { ...deployment, transactions: run.sent };
  const record = await recordOf(provider, deployment, state, options.artifacts, parameters);
  saveDeployment(folder, deployment);
  saveRecord(folder, RECORD_FILE, record);
  return { ...deployment, transactions: run.sent, record };
}

function refusePublic(chainId: number, options: DeployOptions): void {
  if (chainId === LOCAL_CHAIN) return;
  if (options.developmentKey && options.allowDevelopmentKey !== true) {
    throw new QoodError(
      "DEPLOY_REFUSED",
      `chain ${chainId} is public and the verifier is of a development key, for which anyone can forge proofs; --allow-development-key deploys it all the same`,
    );
  }
}

/** What the deployer itself does at the end needs its roles: told before anything is paid. */
function refuseUnable(admin: Hex, { roles = {}, oems = [], tsps = [] }: DeployOptions): void {
  const lacks = (role: RoleName): boolean => roles[role]?.every((account) => account.toLowerCase() !== admin.toLowerCase()) ?? false;
  if (oems.length + tsps.length > 0 && lacks("registrar")) {
    throw new QoodError("DEPLOY_ROLE", `the deployer ${admin} accredits the OEMs and TSPs and is not among the registrars: name it too, or accredit later`);
  }
  if (lacks("treasurer")) throw new QoodError("DEPLOY_ROLE", `the deployer ${admin} lists QDD and is not among the treasurers: name it too`);
}

/** Sends transactions with nonces of its own, so that a round needs one block and not one block each. */
class Run {
  readonly sent: DeployResult["transactions"] = [];
  readonly provider: Provider;
  private readonly signer: Signer;
  private readonly progress: (line: string) => void;
  private nonce: number | null = null;
  private pending: { what: string; hash: string }[] = [];

  constructor(signer: Signer, provider: Provider, progress: (line: string) => void) {
    this.signer = signer;
    this.provider = provider;
    this.progress = progress;
  }

  async nextNonce(): Promise<number> {
    return (this.nonce ??= await this.signer.getNonce("pending"));
  }

  async send(what: string, transaction: { to?: Hex; data: string }): Promise<Hex> {
    const nonce = await this.nextNonce();
    try {
      const sent = await this.signer.sendTransaction({ ...transaction, nonce });
      this.nonce = nonce + 1;
      this.pending.push({ what, hash: sent.hash });
      return sent.hash as Hex;
    } catch (error) {
      throw toQoodError(error, what);
    }
  }

  async call(call: Call): Promise<void> {
    await this.send(call.what, call);
  }

  /** Asks often: a provider's own waiting polls every four seconds, which a local chain does not need. */
  private async included(hash: string): Promise<TransactionReceipt> {
    for (;;) {
      const receipt = await this.provider.getTransactionReceipt(hash);
      if (receipt !== null) return receipt;
      await setTimeout(POLL_MS);
    }
  }

  /** Waits for the round. */
  async settle(): Promise<TransactionReceipt[]> {
    const receipts: TransactionReceipt[] = [];
    for (const { what, hash } of this.pending) {
      const receipt = await this.included(hash);
      if (receipt.status !== 1) throw new QoodError("CHAIN_CALL_FAILED", `${what}: transaction ${hash} reverted`);
      this.sent.push({ what, hash: receipt.hash as Hex, gasUsed: receipt.gasUsed });
      this.progress(`${what}: ${receipt.gasUsed} gas`);
      receipts.push(receipt);
    }
    this.pending = [];
    return receipts;
  }
}

/** Contracts that are missing, all in one round; their addresses follow from the nonces and are written down before sending. */
async function deployContracts(
  run: Run,
  state: DeployState,
  folder: string | undefined,
  artifacts: string,
  parameters: Parameters,
): Promise<{ addresses: Addresses; faucet: Hex | undefined; startBlock: number }> {
  const { provider } = run;
  const at: Partial<Record<StepKey, Hex>> = {};
  let nonce = await run.nextNonce();
  const missing: { key: StepKey; what: string; data: string }[] = [];
  const before = await provider.getBlockNumber();

  for (const step of stepsOf(parameters.faucet !== undefined)) {
    const { abi, bytecode } = readArtifact(artifacts, step.source);
    const data = creationCode(abi, bytecode, step.args(at as Addresses, parameters));
    const codeHash = keccak256(data) as Hex;
    const known = state.contracts[step.key];
    if (known !== undefined && (await provider.getCode(known.address)) !== "0x") {
      if (known.codeHash !== codeHash) {
        throw new QoodError("DEPLOY_STATE_MISMATCH", `${contractName(step)} was deployed with other code or parameters; take a new folder for a new deployment`);
      }
      at[step.key] = known.address;
      continue;
    }
    const address = getCreateAddress({ from: parameters.foundation, nonce }) as Hex;
    state.contracts[step.key] = { address, codeHash, nonce };
    at[step.key] = address;
    missing.push({ key: step.key, what: `deploy ${contractName(step)}`, data });
    nonce += 1;
  }
  if (missing.length > 0) {
    state.startBlock ??= before + 1;
    saveState(folder, state);
    for (const { key, what, data } of missing) {
      state.contracts[key]!.transaction = await run.send(what, { data });
      saveState(folder, state);
    }
    await run.settle();
  }
  const { faucet, ...addresses } = at;
  return { addresses: addresses as Addresses, faucet, startBlock: state.startBlock ?? 0 };
}

function creationCode(abi: InterfaceAbi, bytecode: string, args: unknown[]): string {
  const factory = new ContractFactory(abi, bytecode);
  return bytecode + factory.interface.encodeDeploy(args).slice(2);
}

const manager = INTERFACES.accessManager;

/** Reads of the access manager. */
const asking = (provider: Provider, { accessManager: to }: Addresses) => async (method: string, args: unknown[]): Promise<Result> =>
  manager.decodeFunctionResult(method, await provider.call({ to, data: manager.encodeFunctionData(method, args) }));

/** Acts of the admin in one transaction, if there are any. */
async function administer(run: Run, { accessManager: to }: Addresses, what: string, calls: readonly string[]): Promise<void> {
  if (calls.length === 0) return;
  await run.send(what, { to, data: manager.encodeFunctionData("multicall", [calls]) });
  await run.settle();
}

/** Permissions, roles and who may cancel that are missing, in one transaction. Waits come last: the set-up needs its roles now. */
async function grantRoles(run: Run, addresses: Addresses, admin: Hex, wanted: NonNullable<DeployOptions["roles"]>): Promise<void> {
  const ask = asking(run.provider, addresses);
  const calls: string[] = [];
  for (const { contract, method, role } of PERMISSIONS) {
    const selector = INTERFACES[contract].getFunction(method)!.selector;
    const [present] = await ask("getTargetFunctionRole", [addresses[contract], selector]);
    if (present !== ROLES[role]) calls.push(manager.encodeFunctionData("setTargetFunctionRole", [addresses[contract], [selector], ROLES[role]]));
  }
  for (const role of ROLE_NAMES) {
    for (const account of wanted[role] ?? [admin]) {
      // Named is enough: where the grant has a wait, naming it again would not shorten it.
      const [since] = await ask("getAccess", [ROLES[role], account]);
      if (since === 0n) calls.push(manager.encodeFunctionData("grantRole", [ROLES[role], account, 0]));
    }
    const [canceller] = await ask("getRoleGuardian", [ROLES[role]]);
    if (canceller !== ROLES.canceller) calls.push(manager.encodeFunctionData("setRoleGuardian", [ROLES[role], ROLES.canceller]));
  }
  await administer(run, addresses, "grant roles", calls);
}

/** Waits that are missing, in one transaction. */
async function bindDelays(run: Run, { addresses, startBlock }: Deployment, admin: Hex, wanted: NonNullable<DeployOptions["roles"]>, delays: Delays): Promise<void> {
  const ask = asking(run.provider, addresses);
  /** The last value that was set, though it may not be in force yet: setting it again would begin its five days anew. */
  const lastSet = async (event: string, key: bigint | Hex): Promise<bigint> => {
    const topics = manager.encodeFilterTopics(event, [key]);
    const log = (await run.provider.getLogs({ address: addresses.accessManager, topics, fromBlock: startBlock })).at(-1);
    return log === undefined ? 0n : (manager.parseLog(log)!.args[1] as bigint);
  };

  const calls: string[] = [];
  for (const role of ROLE_NAMES) {
    const { execution, grant } = delays.roles[role];
    for (const account of wanted[role] ?? [admin]) {
      const [, present] = await ask("getAccess", [ROLES[role], account]);
      if (present !== BigInt(execution)) calls.push(manager.encodeFunctionData("grantRole", [ROLES[role], account, execution]));
    }
    const [present] = await ask("getRoleGrantDelay", [ROLES[role]]);
    if (present !== BigInt(grant) && (await lastSet("RoleGrantDelayChanged", ROLES[role])) !== BigInt(grant)) {
      calls.push(manager.encodeFunctionData("setGrantDelay", [ROLES[role], grant]));
    }
  }
  for (const contract of SLOW_CONTRACTS) {
    const [present] = await ask("getTargetAdminDelay", [addresses[contract]]);
    if (present !== BigInt(delays.contracts) && (await lastSet("TargetAdminDelayUpdated", addresses[contract])) !== BigInt(delays.contracts)) {
      calls.push(manager.encodeFunctionData("setTargetAdminDelay", [addresses[contract], delays.contracts]));
    }
  }
  await administer(run, addresses, "bind delays", calls);
}

/** Accreditations and the listed token. */
async function setUp(run: Run, deployment: Deployment, { oems = [], tsps = [] }: DeployOptions): Promise<void> {
  const calls = createCalls(deployment);
  const reads = createReads(deployment, run.provider);
  for (const { account, wmis } of oems) {
    for (const wmi of wmis.map(wmiBytes)) {
      if ((await reads.oemOfWmi(wmi)).toLowerCase() !== account.toLowerCase()) await run.call(calls.accreditOem(account, wmi));
    }
  }
  for (const tsp of tsps) if (!(await reads.isTsp(tsp))) await run.call(calls.accreditTsp(tsp, true));
  const { qdd } = deployment.addresses;
  if (!(await reads.tokenTermsOf(qdd)).listed) await run.call(calls.setToken(qdd, QDD_TERMS));
  await run.settle();
}
