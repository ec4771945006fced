import { z } from "zod";
import { chainSettings, processSettings, redisSettings, signerSettings, storageSettings, vaultSettings } from "../shared/config/index.ts";

const amount = z.string().regex(/^\d{1,38}$/, "must be a whole number of the token's smallest unit");

/** Settings of the delivery worker. */
export const schema = z.object({
  offers: z.boolean().default(true).describe("Offer every announced batch; --no-offers only serves deals."),
  priceUser: amount.default("1000000").describe("Price of a batch of class USER, in the token's smallest unit; raised to the agreement's floor."),
  priceOem: amount.default("1000000").describe("Price of a batch of class OEM, likewise."),
  token: z.string().regex(/^0x[0-9a-fA-F]{40}$/).optional().describe("Address of the token that prices are in; QDD without it."),
  maxFeeBps: z.int().min(0).max(10_000).default(100).describe("The highest protocol fee that is accepted, in basis points."),
  deliverSeconds: z.int().positive().default(172_800).describe("Seconds from purchase to deliverBy; at least the exchange's least window."),
  complaintSeconds: z.int().positive().default(172_800).describe("Seconds from delivery until anyone may settle; at least the exchange's least window."),
  orderSeconds: z.int().positive().default(30 * 86_400).describe("An order can be bought for so many seconds after its batch was anchored."),
  marginSeconds: z.int().min(0).default(86_400).describe("Nothing is sent for the first time later than so many seconds before deliverBy: the chain's force-inclusion delay."),
  retrySeconds: z.number().positive().default(10).describe("A batch that cannot be offered yet, or a deal that cannot be served yet, is tried again after so many seconds."),
  lockMs: z.int().min(1000).default(10_000).describe("A killed worker's lane is taken over after so many milliseconds."),
  ...redisSettings.shape,
  ...vaultSettings.shape,
  ...storageSettings.shape,
  ...chainSettings.shape,
  ...signerSettings.shape,
  ...processSettings.shape,
});

/** See {@link schema}. */
export type DeliverySettings = z.output<typeof schema>;
