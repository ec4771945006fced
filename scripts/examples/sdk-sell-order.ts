/** Makes a new sell order for the lots of an offer, at another price, and writes the offer file to stdout. */
import { readFileSync } from "node:fs";
import { Wallet } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { createClient, openProvider, parseDeployment } from "../../sdk/client/index.ts";
import { sellOrderData, signTypedData } from "../../sdk/eip712/index.ts";
import { openHeader } from "../../sdk/formats/index.ts";
import { decodeOffer, encodeOffer, page, type SellOrder } from "../../sdk/market/index.ts";

const [rpc, deploymentFile, offerFile, price] = process.argv.slice(2) as [string, string, string, string];
const deployment = parseDeployment(JSON.parse(readFileSync(deploymentFile, "utf8")));
const { chainId, addresses } = deployment;
const provider = openProvider(rpc, chainId);
const { reads } = createClient(deployment, provider);
const seller = new Wallet(process.env.PRIVATE_KEY!);

const offer = decodeOffer(readFileSync(offerFile));
// A page is what is paid and delivered at once: here all lots. The bond is what the seller loses for wrong data.
const headers = offer.lots.map(({ header }) => openHeader(header));
const bond = offer.order.pages.reduce((sum, each) => sum + each.bond, 0n);
const { version } = await reads.currentVersion(offer.order.agreementId);
const order: SellOrder = {
  ...offer.order,
  seller: seller.address as Hex,
  pages: [page(headers, BigInt(price), bond)],
  version,
  // By its nonce an order is cancelled; two orders of one nonce fall together.
  nonce: BigInt(Date.now()),
};
const signature = await signTypedData(seller, sellOrderData({ chainId, verifyingContract: addresses.escrow }, order));
process.stdout.write(encodeOffer({ ...offer, order, signature, ownerSignature: "0x", oemSignature: "0x", agreement: { ...offer.agreement, version } }));
provider.destroy();
