/** Buys a dataset whose files lie in a folder under their CIDs, waits for the key, opens and prints it. `qood buyer buy` makes many more checks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Wallet } from "ethers";
import { fromHex } from "../../sdk/bytes/index.ts";
import { createClient, eventIn, openProvider, openingOf, parseDeployment, purchaseOf, readEvents, send } from "../../sdk/client/index.ts";
import { createDeliveryKey, deliveryContext, padLots, unwrapKeys } from "../../sdk/delivery/index.ts";
import { rowOpener, schemaByHash } from "../../sdk/dictionary/index.ts";
import { decodeOffer, totalPrice, versionTerms } from "../../sdk/market/index.ts";
import { checkBatch, openBatch } from "../../sdk/sealing/index.ts";

const [rpc, deploymentFile, offerFile, folder] = process.argv.slice(2) as [string, string, string, string];
const deployment = parseDeployment(JSON.parse(readFileSync(deploymentFile, "utf8")));
const { chainId, addresses } = deployment;
const provider = openProvider(rpc, chainId);
const { calls, reads } = createClient(deployment, provider);
const account = new Wallet(process.env.PRIVATE_KEY!, provider);

// 1. Check before paying: the files are what the header says, and the header is anchored.
const offer = decodeOffer(readFileSync(offerFile));
const [lot] = offer.lots as [(typeof offer.lots)[number]];
const { words, rest } = lot.header;
const schema = schemaByHash(fromHex(rest.schema, 32));
const { time } = await reads.anchorOf(words.tsp, lot.anchor.root);
const file = (cid: string): Uint8Array => readFileSync(join(folder, cid));
const files = { ciphertext: file(lot.cids.ciphertext), dataHashes: file(lot.cids.dataHashes), description: file(lot.cids.description) };
const batch = checkBatch({ ...files, header: lot.header, envelope: lot.envelope, anchor: { tsp: words.tsp, root: lot.anchor.root, path: lot.anchor.path, time }, columns: schema.columns.length });

// 2. Pay into escrow. The delivery key comes from the account's signature, so the account alone is its backup.
const key = await createDeliveryKey(account, false);
await send(account, calls.approve(offer.order.token, totalPrice(offer.order)));
const bought = eventIn(deployment, "Bought", await send(account, calls.buy(purchaseOf(offer, { keyX: key.publicKey[0], keyY: key.publicKey[1], nonce: BigInt(Date.now()) }))))!;
console.error(`deal ${bought.dealId}`);

// 3. Wait for the wrapped key; the exchange has verified its proof.
let delivered: { r: [bigint, bigint]; c: bigint[] } | undefined;
while (delivered === undefined) {
  [delivered] = await readEvents(deployment, provider, "DeliveredProven", { fromBlock: deployment.startBlock, toBlock: "latest", indexed: [bought.dealId, 0n] });
  await wait(250);
}

// 4. Unwrap, decrypt, verify every leaf and every device's signature.
const context = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId: bought.dealId, page: 0 });
const [k1] = unwrapKeys(key.secret, { context, commitments: padLots([words.kc1]), wrapped: { R: delivered.r, c: delivered.c } });
const toText = rowOpener(schema, rest.dictionaryVersion);
for (const row of openBatch(batch, { k1: k1! }).rows) console.log(toText([...row]).join(","));

// 5. The receipt pays the parties at once.
const terms = { order: offer.order, sale: bought.sale };
await send(account, calls.settleByReceipt(terms, 0, versionTerms(offer.agreement.text), { headers: [batch.headerHash], opening: openingOf(offer) }));
console.error(`paid: ${(await reads.creditOf(offer.agreement.text.owner, offer.order.token)).toString()} credited to the owner`);
provider.destroy();
