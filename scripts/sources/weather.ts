/**
 * Sells a series of weather observations as a source: mints its token, agrees with itself, seals, anchors, offers. It is the first batch of
 * a new source; what goes on day after day is for a TSP's workers.
 *
 *     MNEMONIC="twelve words" node scripts/sources/weather.ts RPC DEPLOYMENT.json STORAGE CATALOG STATION SERIES.csv PRICE
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { HDNodeWallet } from "ethers";
import { toHex } from "../../sdk/bytes/index.ts";
import type { Hex } from "../../sdk/bytes/index.ts";
import { createCatalogClient, submitOffer } from "../../sdk/catalog/index.ts";
import { createClient, openProvider, parseDeployment, send } from "../../sdk/client/index.ts";
import { decodeDescription } from "../../sdk/description/index.ts";
import { DICTIONARY_VERSION, WEATHER, cellCollector, schemaHash } from "../../sdk/dictionary/index.ts";
import { sellOrderData, signTypedData } from "../../sdk/eip712/index.ts";
import { ZERO32, anchorTree, encodeRow, streamHandle } from "../../sdk/formats/index.ts";
import { batchKey, dayOf, daySecret, mnemonicToSeed, streamSecret } from "../../sdk/keys/index.ts";
import { DEAL_FLAGS, OFFER_FORMAT, agreementId, encodeOffer, page, vehicleId } from "../../sdk/market/index.ts";
import type { Offer, SellOrder } from "../../sdk/market/index.ts";
import { sealBatch } from "../../sdk/sealing/index.ts";
import { signSource, signSourceAgreement, sourceAgreement, sourceTag } from "../../sdk/source/index.ts";
import { leastBond } from "../../workers/delivery/bonds.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { readSeries } from "./series.ts";

const CODE = "0WX";
const DAY_SECONDS = 86_400;
const NOBODY: Hex = `0x${"00".repeat(20)}`;

const [rpc, deploymentFile, storageAddress, catalog, station, seriesFile, price] = process.argv.slice(2) as [string, string, string, string, string, string, string];
const words = process.env.MNEMONIC!;
const deployment = parseDeployment(JSON.parse(readFileSync(deploymentFile, "utf8")));
const { chainId, addresses } = deployment;
const provider = openProvider(rpc, chainId, 200);
const { calls, reads } = createClient(deployment, provider);
const operator = HDNodeWallet.fromPhrase(words).connect(provider);
const account = operator.address as Hex;
const storage = createKuboStorage(storageAddress);
const rows = readSeries(seriesFile, WEATHER);
const deadline = (await provider.getBlock("latest"))!.timestamp + DAY_SECONDS;

// 1. The source's token: minted once. The operator is its maker, its owner and, as an accredited TSP, who mints and sells.
const vehicle = vehicleId(account, sourceTag(station));
const legalHash: Hex = ZERO32;
const { voucher, oemSignature, ownerSignature } = await signSource(operator, { chainId, verifyingContract: addresses.vehicleRegistry }, { code: CODE, name: station, tsp: account, legalHash, deadline });
await send(operator, calls.mint(voucher, deadline, oemSignature, ownerSignature));
const epoch = await reads.epochOf(vehicle);

// 2. The agreement: one signature, given for both sides.
const agreement = agreementId(vehicle, epoch);
const tokens = [{ token: addresses.qdd, oemFloor: 0n, userFloor: 0n, disputedFloor: 0n }];
const text = sourceAgreement({ vehicle, epoch, operator: account, agent: account, tokens, legalHash, deadline });
const signature = await signSourceAgreement(operator, { chainId, verifyingContract: addresses.qoodShares }, text);
await send(operator, calls.agree(text, signature, signature));
const { version } = await reads.currentVersion(agreement);

// 3. Sealed under a key that only the seed gives again. The place is public as an H3 cell, and the time.
const schema = toHex(schemaHash(WEATHER));
const stream = streamHandle({ chainId: BigInt(chainId), registry: addresses.vehicleRegistry, vehicle, epoch, dataClass: "USER", privacy: "ORDINARY", schema });
const sequence = 0;
const sealNonce = toHex(randomBytes(32));
const k1 = batchKey(daySecret(streamSecret(mnemonicToSeed(words), stream, 0), dayOf(rows[0]![0]!)), stream, sequence, sealNonce);
const cells = cellCollector(WEATHER)!;
for (const row of rows) cells.add(row);
const sealed = sealBatch({
  header: {
    ...{ stream, sequence, tsp: account, flags: { exclusive: false, origin: "TSP_ATTESTED" }, previousHeader: ZERO32, sealNonce, keyEpoch: 0 },
    ...{ schema, dictionaryVersion: DICTIONARY_VERSION, devicePublicKey: null },
  },
  keys: { k1 },
  intervals: [{ blocks: [{ messages: [{ counter: 0, salt16: randomBytes(16), signature: null, rows: rows.map((row) => encodeRow(row)) }] }] }],
  ...{ columns: WEATHER.columns.length, chainBefore: ZERO32, publicFields: { h3: cells.cells() } },
});

// 4. Stored and anchored.
const [ciphertext, dataHashes, description] = [await storage.add(sealed.ciphertext), await storage.add(sealed.dataHashes), await storage.add(sealed.description)];
const tree = anchorTree([sealed.headerHash]);
await send(operator, calls.anchor(tree.root, sequence, tree.listHash, tree.listDigest));

// 5. Offered: to everybody, as often as somebody buys, for 30 days, delivered with a proof.
const { bond } = leastBond(await reads.tokenTermsOf(addresses.qdd), 1);
const order: SellOrder = {
  ...{ seller: account, buyer: NOBODY, buyersRoot: ZERO32, token: addresses.qdd, maxFeeBps: 0, agreementId: agreement, version },
  ...{ dataClass: 2, privacy: 1, flags: DEAL_FLAGS.provenOnly, royaltyBps: 0, hook: NOBODY, hookCodeHash: ZERO32 },
  pages: [page([sealed.headerHash], BigInt(price), bond)],
  ...{ deliverTime: 2 * DAY_SECONDS, answerTime: 0, complaintWindow: 2 * DAY_SECONDS, repeatable: true, maxFills: 0 },
  ...{ expiry: deadline + 29 * DAY_SECONDS, nonce: BigInt(sealed.headerHash), legalHash: text.legalHash },
};
const offer: Offer = {
  ...{ format: OFFER_FORMAT, chainId, exchange: addresses.escrow, order, signature: await signTypedData(operator, sellOrderData({ chainId, verifyingContract: addresses.escrow }, order)) },
  ...{ ownerSignature: "0x", oemSignature: "0x", agreement: { version, text }, formers: [], multiaddrs: [...(await storage.id()).addresses] },
  lots: [{ header: sealed.header, envelope: null, anchor: { tsp: account, root: tree.root, sequence, path: tree.paths[0]! }, cids: { ciphertext, dataHashes, description }, former: 0 }],
};
const cid = await storage.add(encodeOffer(offer));
const { orderHash } = await submitOffer(createCatalogClient(catalog), offer, [decodeDescription(sealed.description)]);
process.stdout.write(`${JSON.stringify({ vehicle: String(vehicle), stream, sequence, sealNonce, offer: orderHash, cid, records: rows.length })}\n`);
await storage.close();
provider.destroy();
