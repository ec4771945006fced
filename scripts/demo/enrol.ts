/** A new car joins the market: minted, its device set up, owner and OEM agreed, the TSP entrusted with a stream. */
import { keccak256, toUtf8Bytes } from "ethers";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, eventIn, send } from "@qoodblock/sdk/client";
import type { Client, Deployment } from "@qoodblock/sdk/client";
import type { Voucher } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { keccak256 as hashBytes } from "@qoodblock/sdk/crypto";
import { fromHex } from "@qoodblock/sdk/bytes";
import { streamHandle } from "@qoodblock/sdk/formats";
import { DATA_CLASS, PRIVACY, agreementId, sixPairs } from "@qoodblock/sdk/market";
import type { Agreement } from "@qoodblock/sdk/market";
import type { SealedBox } from "@qoodblock/workers/shared/vault/box.ts";
import type { Cast } from "./accounts.ts";
import type { Engines } from "./engines.ts";

/** A car that is ready to send. */
export interface Enrolled {
  readonly client: Client;
  readonly vehicle: bigint;
  readonly epoch: number;
  readonly handle: Hex;
  readonly devicePublicKey: Hex;
  readonly keyEpoch: number;
  readonly agreement: { readonly version: number; readonly text: Agreement };
  /** The stream's secret, sealed to the TSP's vault by the owner's process. */
  readonly box: SealedBox;
  readonly gas: { readonly mint: bigint; readonly agree: bigint };
}

/** What an agreement's paper would say; its hash stands in vehicle token and agreement. */
const LEGAL_HASH = keccak256(toUtf8Bytes("QoodBlock demo: no paper contract stands behind this vehicle")) as Hex;
const NOTICE_SECONDS = 30 * 86_400;
/** How long the signatures of the enrolment count, seconds. */
const VALID_SECONDS = 3600;
/** The demo's maker among all makers: no manufacturer has these three characters. */
export const DEMO_WMI = "SA0";
const VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789";

/** A vehicle identification number of the demo's maker that no other run has used. */
function newVin(): string {
  return `${DEMO_WMI}${Array.from(crypto.getRandomValues(new Uint8Array(14)), (byte) => VIN_LETTERS[byte % VIN_LETTERS.length]!).join("")}`;
}

/** Sends a transaction of the TSP; workers share its account, so it goes through the TSP's lane. @returns gas and logs */
export type SendAsTsp = (call: { to: Hex; data: Hex; what: string }) => Promise<{ gasUsed: bigint; hash: string }>;

async function mint(cast: Cast, engines: Engines, client: Client, deadline: number, sendAsTsp: SendAsTsp): Promise<{ vehicle: bigint; gas: bigint }> {
  const { deployment, calls } = client;
  const registry = { chainId: deployment.chainId, verifyingContract: deployment.addresses.vehicleRegistry };
  const { owner, oem } = cast.parties;
  const terms = { owner: cast.addresses.owner, legalHash: LEGAL_HASH, deadline };
  const { voucher, signature } = await oem.call<{ voucher: Voucher; signature: Hex }>("voucher", { registry, vin: newVin(), terms });
  const consent = await owner.call<Hex>("mintConsent", { registry, consent: { voucher, tsp: cast.addresses.tsp, deadline } });
  const sent = await sendAsTsp(calls.mint(voucher, deadline, signature, consent));
  const receipt = await engines.provider.getTransactionReceipt(sent.hash);
  const minted = receipt === null ? null : eventIn(deployment, "VehicleMinted", receipt);
  if (minted === null) throw new QoodError("MINT_LOST", `transaction ${sent.hash} minted nothing`);
  return { vehicle: minted.vehicle, gas: sent.gasUsed };
}

async function setUpDevice(cast: Cast, client: Client, vehicle: bigint, epoch: number, deadline: number): Promise<Hex> {
  const { deployment, calls } = client;
  const { owner, device } = cast.parties;
  const publicKey = await device.call<Hex>("publicKey", null);
  const setup = { vehicle, epoch, deviceKey: toHex(hashBytes(fromHex(publicKey, 64))), agent: cast.addresses.tsp, deadline };
  const domain = { chainId: deployment.chainId, verifyingContract: deployment.addresses.deviceRegistry };
  const ownerSignature = await owner.call<Hex>("deviceSetup", { registry: domain, setup });
  const deviceSignature = await device.call<Hex>("signSetup", { domain, setup });
  await send(cast.wallets.foundation, calls.setupDevice({ vehicle, publicKey, agent: cast.addresses.tsp, deadline, ownerSignature, deviceSignature }));
  return publicKey;
}

/** USER and OEM data are both sold, each with shares of its own; the third class is denied. */
function agreementText(cast: Cast, deployment: Deployment, vehicle: bigint, epoch: number, deadline: number): Agreement {
  const { ORDINARY } = PRIVACY;
  return {
    vehicle,
    epoch,
    owner: cast.addresses.owner,
    oem: cast.addresses.oem,
    agent: cast.addresses.tsp,
    storagePayee: cast.addresses.storage,
    pairs: sixPairs([
      { dataClass: DATA_CLASS.USER, privacy: ORDINARY, ownerBps: 6500, oemBps: 1500, agentBps: 1500, storageBps: 500 },
      { dataClass: DATA_CLASS.OEM, privacy: ORDINARY, ownerBps: 2500, oemBps: 5500, agentBps: 1500, storageBps: 500 },
    ]),
    tokens: [{ token: deployment.addresses.qdd, oemFloor: 10_000n, userFloor: 10_000n, disputedFloor: 0n }],
    noticePeriod: NOTICE_SECONDS,
    legalHash: LEGAL_HASH,
    nonce: 0,
    deadline,
  };
}

/** Enrols a new car for one drive's schema, as class USER, grade ORDINARY. */
export async function enrol(options: {
  readonly cast: Cast;
  readonly engines: Engines;
  readonly deployment: Deployment;
  readonly schema: Hex;
  readonly vaultKey: Hex;
  readonly sendAsTsp: SendAsTsp;
}): Promise<Enrolled> {
  const { cast, engines, deployment, schema } = options;
  const client = createClient(deployment, engines.provider);
  const deadline = (await engines.provider.getBlock("latest"))!.timestamp + VALID_SECONDS;
  const minted = await mint(cast, engines, client, deadline, options.sendAsTsp);
  const epoch = await client.reads.epochOf(minted.vehicle);
  const devicePublicKey = await setUpDevice(cast, client, minted.vehicle, epoch, deadline);

  const text = agreementText(cast, deployment, minted.vehicle, epoch, deadline);
  const shares = { chainId: deployment.chainId, verifyingContract: deployment.addresses.qoodShares };
  const ownerSignature = await cast.parties.owner.call<Hex>("agreement", { shares, text });
  const oemSignature = await cast.parties.oem.call<Hex>("agreement", { shares, text });
  const agreed = await send(cast.wallets.foundation, client.calls.agree(text, ownerSignature, oemSignature));
  const { version } = await client.reads.currentVersion(agreementId(minted.vehicle, epoch));

  const keyEpoch = 0;
  const registry = deployment.addresses.vehicleRegistry;
  const handle = streamHandle({ chainId: BigInt(deployment.chainId), registry, vehicle: minted.vehicle, epoch, dataClass: "USER", privacy: "ORDINARY", schema });
  const box = await cast.parties.owner.call<SealedBox>("grantStream", { handle, keyEpoch, vaultKey: options.vaultKey });
  return { client, vehicle: minted.vehicle, epoch, handle, devicePublicKey, keyEpoch, agreement: { version, text }, box, gas: { mint: minted.gas, agree: agreed.gasUsed } };
}
