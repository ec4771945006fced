/** Where the contracts are. Written by scripts/deploy, read by every program. */
import { z } from "zod";
import type { Hex } from "../bytes/index.ts";
import { QoodError } from "../errors/index.ts";

const address = z.custom<Hex>((v) => typeof v === "string" && /^0x[0-9a-fA-F]{40}$/.test(v), "expected an address (0x and 40 hex digits)");

/** Addresses of one deployment. */
export const addressesSchema = z.strictObject({
  accessManager: address,
  vehicleRegistry: address,
  deviceRegistry: address,
  dataRegistry: address,
  dataDictionary: address,
  qoodShares: address,
  escrow: address,
  escrowDisputes: address,
  complaintVerifier: address,
  keyDelivery1Verifier: address,
  keyDelivery8Verifier: address,
  keyDelivery32Verifier: address,
  segmentKeyVerifier: address,
  buyOrders: address,
  sampleBeacon: address,
  sampledHook: address,
  tranchesHook: address,
  hookFactory: address,
  reserveFeed: address,
  qdd: address,
  qdt: address,
});
export type Addresses = z.infer<typeof addressesSchema>;

/** Where a chain's samples of batches come from, in the contract's numbering. */
export const BEACON_SOURCES = ["none", "blockhash", "prevrandao"] as const;
export type BeaconSource = (typeof BEACON_SOURCES)[number];

/** A deployment: one chain, one set of contracts. */
export const deploymentSchema = z.strictObject({
  format: z.literal("qood/deployment/v1"),
  chainId: z.int().positive(),
  /** Block of the first contract: no event of ours is older. */
  startBlock: z.int().min(0),
  addresses: addressesSchema,
  /** The randomness that samples come from: its source on this chain, blocks from an anchor to the last show and to the sample block. */
  beacon: z.strictObject({ source: z.enum(BEACON_SOURCES), showWithin: z.int().min(0), distance: z.int().min(0) }).optional(),
  /** Gives away QDD, on testnets that have one. */
  faucet: address.optional(),
});
export type Deployment = z.infer<typeof deploymentSchema>;

/** JSON value to a deployment. @throws QoodError `BAD_DEPLOYMENT` */
export function parseDeployment(value: unknown): Deployment {
  const result = deploymentSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new QoodError("BAD_DEPLOYMENT", `deployment file: ${issue.path.map(String).join(".") || "file"}: ${issue.message}`);
}
