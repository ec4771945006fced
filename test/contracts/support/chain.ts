/** One in-process chain a test file, with the SDK's client on the deployed contracts. */
import { join } from "node:path";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { network } from "hardhat";
import type { BaseContract, Signer } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Call, type Client, createClient, INTERFACES } from "../../../sdk/client/index.ts";
import { deploy } from "../../../scripts/deploy/deploy.ts";

export const { ethers, networkHelpers } = await network.create();

export const CHAIN_ID = 31337;
/** Seconds, for every window of the tests. */
export const WINDOW = 100;
export const DAY = 86_400;

const ROLES = [
  "foundation",
  "registrar",
  "guardian",
  "treasurer",
  "issuer",
  "auditor",
  "oem",
  "owner",
  "tsp",
  "storage",
  "buyer",
  "stranger",
  "owner2",
  "tsp2",
  "oem2",
  "feeTaker",
  "emission",
  "lister",
  "steward",
  "canceller",
] as const;
export type Role = (typeof ROLES)[number];
export type Accounts = Record<Role, HardhatEthersSigner> & { at: Record<Role, Hex> };

/** Named accounts, all different. */
export async function accounts(): Promise<Accounts> {
  const signers = await ethers.getSigners();
  const named = Object.fromEntries(ROLES.map((role, i) => [role, signers[i]!])) as Record<Role, HardhatEthersSigner>;
  const at = Object.fromEntries(ROLES.map((role, i) => [role, signers[i]!.address as Hex])) as Record<Role, Hex>;
  return { ...named, at };
}

export const artifacts = join(import.meta.dirname, "../../../artifacts");

/** Everything deployed by the real script, roles given out, two TSPs and two makers accredited. */
export async function deployed(): Promise<Client & { who: Accounts }> {
  const who = await accounts();
  const { at } = who;
  const deployment = await deploy({
    foundation: who.foundation,
    roles: {
      registrar: [at.registrar, at.foundation],
      guardian: [at.guardian],
      treasurer: [at.treasurer, at.foundation],
      issuer: [at.issuer],
      auditor: [at.auditor],
      emission: [at.emission],
      lister: [at.lister],
      steward: [at.steward],
      canceller: [at.canceller],
    },
    oems: [{ account: at.oem, wmis: ["WDB", "WDD"] }, { account: at.oem2, wmis: ["LBV"] }],
    tsps: [at.tsp, at.tsp2],
    leastWindow: 10,
    reserveMaxAge: 35 * DAY,
    artifacts,
    developmentKey: true,
  });
  return { ...createClient(deployment, ethers.provider), who };
}

/** Sends a call; what comes back is what chai's matchers take. */
export const tx = (signer: Signer, call: Call) => signer.sendTransaction({ to: call.to, data: call.data });

/** Unix seconds of the latest block. */
export const now = (): Promise<number> => networkHelpers.time.latest();

/** A contract of the deployment as an ethers object, for matchers and for calls that the client has no name for. The exchange comes with both halves. */
export const contractAt = (name: string, address: Hex) =>
  name === "Escrow" ? ethers.getContractAt(INTERFACES.escrow.fragments, address) : ethers.getContractAt(name, address);

/** Calls a function that the client has no name for. */
export const ask = (contract: Pick<BaseContract, "getFunction">, method: string, ...args: unknown[]): Promise<unknown> => contract.getFunction(method)(...args) as Promise<unknown>;
