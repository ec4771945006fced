import { z } from "zod";
import { chainSettings, processSettings, redisSettings, signerSettings, storageSettings, vaultSettings } from "../shared/config/index.ts";

const amount = z.string().regex(/^\d{1,38}$/, "must be a whole number of the token's smallest unit");
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "must be an address");

/** What is offered, and for how much. */
const offerSettings = z.object({
  offers: z.boolean().default(true).describe("Offer every announced batch; --no-offers only serves deals."),
  announcedPrefix: z
    .string()
    .regex(/^[a-z0-9-]+$/, "must be lower-case letters, digits and hyphens")
    .optional()
    .describe("Offer the batches that are announced under this prefix, its own without it: for the holder of a device-sealed stream's key, who sells through a worker of its own what a TSP has anchored."),
  priceUser: amount.default("1000000").describe("Price of a batch of class USER, in the token's smallest unit; raised to the agreement's floor."),
  priceOem: amount.default("1000000").describe("Price of a batch of class OEM, likewise."),
  token: address.optional().describe("Address of the token that prices are in; QDD without it."),
  maxFeeBps: z.int().min(0).max(10_000).default(100).describe("The highest protocol fee that is accepted, in basis points."),
  offerLots: z.int().min(1).max(1024).default(1).describe("So many batches of a stream are sold as one offer."),
  offerWaitSeconds: z.number().min(0).default(3600).describe("Fewer batches are offered together when the oldest has waited so many seconds for others."),
  pageLots: z.int().min(1).max(32).default(32).describe("Lots of a page, which is proven, bonded and delivered as one; an offer of more has several pages."),
  allOrNothing: z.boolean().default(false).describe("Offers of several pages end together: nothing is settled until all pages are delivered, each with its proof."),
  deliverSeconds: z.int().positive().default(172_800).describe("Seconds from purchase to deliverBy; at least the exchange's least window."),
  answerSeconds: z.int().positive().default(172_800).describe("Seconds to answer a challenge of an unproven delivery; at least the exchange's least window."),
  complaintSeconds: z.int().positive().default(172_800).describe("Seconds from delivery until anyone may settle; at least the exchange's least window."),
  orderSeconds: z.int().positive().default(30 * 86_400).describe("An order can be bought for so many seconds after its batch was anchored."),
});

/** Where offers are told of. */
const advertiseSettings = z.object({
  catalogs: z.array(z.url({ protocol: /^https?$/ })).max(16).default([]).describe("Catalogs that every offer is sent to."),
  indexListen: z.array(z.string().startsWith("/")).max(8).default([]).describe("libp2p multiaddrs at which this worker takes part in the data index, e.g. /ip4/0.0.0.0/tcp/4002, and announces its offers there; without one it does not."),
  indexPeers: z.array(z.string().startsWith("/")).max(64).default([]).describe("libp2p multiaddrs of nodes of the data index to begin with."),
});

/** How deals are served. */
const policySettings = z.object({
  provenFrom: amount.default("0").describe("Pages of at least this price are delivered with their proof, cheaper ones without, against a challenge. 0: all with proof."),
  provenBuyers: z.array(address).default([]).describe("Buyers who always get the proof."),
  handoverListen: z.string().optional().describe("host:port, or a port of 127.0.0.1, at which buyers fetch wrapped keys off chain and leave receipts; without it keys go over the chain only."),
  handoverUrl: z.url({ protocol: /^https?$/ }).optional().describe("Address of that endpoint as buyers reach it, written into offers; http://<handoverListen> without it."),
  samples: z.boolean().default(false).describe("Give samples to whoever asks at handoverListen: of every offered batch the few leaves that the chain's randomness names, once it is final. They are given away; a batch of few leaves is given whole."),
  handoverBuyers: z.array(address).default([]).describe("Buyers who may fetch keys off chain; empty: all."),
  handoverSeconds: z.int().min(0).default(3600).describe("The receipt is waited for so many seconds after the purchase, and at most half of the time to deliver; then the page is delivered on chain."),
  marginSeconds: z.int().min(0).default(86_400).describe("Nothing is sent for the first time later than so many seconds before deliverBy: the chain's force-inclusion delay."),
  settle: z.boolean().default(true).describe("Settle own deals when their window is over; --no-settle leaves that to others."),
  settleDelaySeconds: z.int().min(0).default(600).describe("So many seconds later, which leaves buyers who settle by themselves the first turn."),
  bondDeposit: amount.optional().describe("The free standing balance that is advised when it does not cover a page; without it 50 bonds. Nothing is deposited by the worker."),
  retrySeconds: z.number().positive().default(10).describe("A batch that cannot be offered yet, or a page that cannot be served yet, is tried again after so many seconds."),
  lockMs: z.int().min(1000).default(10_000).describe("A killed worker's lane is taken over after so many milliseconds."),
});

/** Settings of the delivery worker. */
export const schema = z.object({
  ...offerSettings.shape,
  ...advertiseSettings.shape,
  ...policySettings.shape,
  ...redisSettings.shape,
  ...vaultSettings.shape,
  ...storageSettings.shape,
  ...chainSettings.shape,
  ...signerSettings.shape,
  ...processSettings.shape,
});

/** See {@link schema}. */
export type DeliverySettings = z.output<typeof schema>;
