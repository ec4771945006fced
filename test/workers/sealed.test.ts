import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import { deliveryContext, unwrapKeys } from "@qoodblock/sdk/delivery";
import { CAROBD } from "@qoodblock/sdk/dictionary";
import { decodeFlags } from "@qoodblock/sdk/formats";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import { decodeOffer } from "@qoodblock/sdk/market";
import type { Agreement } from "@qoodblock/sdk/market";
import { checkBatch, decodeSealed, encodeSealed, openBatch, sealBatch } from "@qoodblock/sdk/sealing";
import type { SealedBatch } from "@qoodblock/sdk/sealing";
import { keys, listDeadLetters, readBatches, readStatus, registerStream } from "../../workers/shared/queue/index.ts";
import type { AnnouncedBatch } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { createVault } from "../../workers/shared/vault/index.ts";
import { bytes32, makeCar, START } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { login, postJson } from "./support/gateway.ts";
import { act, agree, buy, depositBonds, enrolDevice, fundBuyer, mintWithAgreement } from "./support/market.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { COST, giveSecret, secretOf, startWorld, until, writeKeystore } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "own";
const DAY = Math.floor(START / 86_400_000);

interface Position {
  readonly tsp: Hex;
  readonly sequence: number;
  readonly previousHeader: Hex;
  readonly chain: Hex;
}

describe("batches that the device seals itself", () => {
  let world: World;
  let gateway: RunningWorker;
  let ingest: RunningWorker;
  let http: string;
  let cars = 700;
  before(async () => {
    world = await startWorld();
    gateway = await startWorker("gateway", ["--redis", world.redisEngine.socket, "--redis-prefix", PREFIX, "--chain-id", "31337", "--http", "0", "--mqtt", "off", "--logins-per-minute", "1000", "--log-level", "warn"], { QOOD_TOKEN_SECRET: "the token secret of the sealed tests" });
    http = `http://127.0.0.1:${String(gateway.ready.http)}`;
    ingest = await startIngest();
  });
  after(async () => {
    assert.deepEqual([await gateway.stop(), await ingest.stop()], [0, 0]);
    await world.stop();
  });
  const startIngest = (): Promise<RunningWorker> => startWorker("ingest", [...world.flags, "--redis-prefix", PREFIX, "--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.2", "--tick-ms", "50", "--lock-ms", "1000"], world.secrets);

  /** A car whose vehicle and device stand on the chain and whose stream it seals itself: the vault holds nothing of it. */
  async function enrol(): Promise<Car & { text: Agreement }> {
    const n = (cars += 1);
    const { vehicle, text } = await mintWithAgreement(world, n);
    const made = makeCar(n, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, vehicle);
    const car = { ...made, text, config: { ...made.config, deviceSealed: true } };
    await enrolDevice(world, n, car);
    await registerStream(world.redis, PREFIX, car.config);
    await until("the device to be set up finally", async () => (await readStatus(world.redis, PREFIX, car.config.handle))?.state === "active");
    return car;
  }
  const privateKey = (): Uint8Array => bytes32(`device ${cars}`);

  /** What runs in the car. */
  function seal(car: Car, at: Position, count = 20, change: { sequence?: number; tsp?: Hex } = {}): SealedBatch {
    const first = car.signer.state.nextCounter;
    const messages = [car.message(first * 100, count), car.message(first * 100 + count, count)];
    const sealNonce = toHex(bytes32(`nonce ${car.config.handle} ${at.sequence} ${first}`));
    const sequence = change.sequence ?? at.sequence;
    return sealBatch({
      header: {
        ...{ stream: car.config.handle, sequence, tsp: change.tsp ?? at.tsp, previousHeader: at.previousHeader, sealNonce, keyEpoch: 0, schema: car.config.schema, dictionaryVersion: 1 },
        ...{ devicePublicKey: car.config.devicePublicKey, flags: { exclusive: false, origin: "DEVICE_SEALED" as const } },
      },
      keys: { k1: batchKey(daySecret(secretOf(car), DAY), car.config.handle, sequence, sealNonce) },
      intervals: [{ blocks: [{ messages: messages.map(({ counter, salt16, signature, rows }) => ({ counter, salt16, signature, rows })) }] }],
      columns: CAROBD.columns.length,
      chainBefore: at.chain,
    });
  }
  async function positionOf(car: Car, token: string): Promise<Position> {
    const answer = await fetch(`${http}/v1/streams/${car.config.handle}`, { headers: { authorization: `Bearer ${token}` } });
    return ((await answer.json()) as { sealing: Position }).sealing;
  }
  async function post(token: string, bytes: Uint8Array): Promise<[number, string]> {
    const response = await fetch(`${http}/v1/sealed`, { method: "POST", body: bytes as BodyInit, headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" } });
    const body = (await response.json()) as { status?: string; code?: string };
    return [response.status, body.status ?? body.code ?? ""];
  }
  const tokenOf = (car: Car): Promise<string> => login({ http }, car, "secp256k1", privateKey());
  async function announced(car: Car, count: number): Promise<AnnouncedBatch[]> {
    const own = async (): Promise<AnnouncedBatch[]> => (await readBatches(world.redis, PREFIX)).map(({ batch }) => batch).filter(({ stream }) => stream === car.config.handle);
    await until(`${count} batches to be announced`, async () => (await own()).length === count);
    return own();
  }

  /** How many rows a key opens, after all checks. */
  async function rowsOf(lot: AnnouncedBatch["lot"], k1: bigint): Promise<number> {
    const storage = createKuboStorage(world.storageSocket);
    const files = { ciphertext: await storage.get(lot.cids.ciphertext), dataHashes: await storage.get(lot.cids.dataHashes), description: await storage.get(lot.cids.description) };
    await storage.close();
    const { time } = await world.client.reads.anchorOf(lot.anchor.tsp, lot.anchor.root);
    const checked = checkBatch({ ...files, header: lot.header, envelope: lot.envelope, anchor: { tsp: lot.anchor.tsp, root: lot.anchor.root, path: lot.anchor.path, time } });
    return openBatch(checked, { k1 }).rows.length;
  }

  it("are checked, stored, anchored and announced in order, and only the key holder opens them", async () => {
    const car = await enrol();
    const token = await tokenOf(car);
    const first = seal(car, await positionOf(car, token));
    assert.deepEqual(await post(token, encodeSealed(first)), [200, "stored"]);
    assert.deepEqual(await post(token, encodeSealed(first)), [200, "duplicate"]);
    await until("ingest to take the first", async () => (await positionOf(car, token)).sequence === 1);
    const second = seal(car, await positionOf(car, token));
    assert.deepEqual(await post(token, encodeSealed(second)), [200, "stored"]);
    // Killed in the middle: what the gateway has acknowledged is taken up by the next.
    await ingest.kill();
    ingest = await startIngest();
    const batches = await announced(car, 2);
    assert.deepEqual(batches.map(({ headerHash }) => headerHash), [first.headerHash, second.headerHash]);
    assert.deepEqual(await post(token, encodeSealed(first)), [200, "duplicate"]);
    const { lot } = batches[1]!;
    assert.equal(decodeFlags(lot.header.words.flags).origin, "DEVICE_SEALED");
    const { rest, words } = lot.header;
    assert.equal(await rowsOf(lot, batchKey(daySecret(secretOf(car), rest.day), words.stream, words.sequence, rest.sealNonce)), 40);
  });

  it("are sold by the key's holder, out of a vault and bonds of its own, and the TSP says that it cannot", async () => {
    const { owner } = world.accounts;
    const car = await enrol();
    const token = await tokenOf(car);
    const sealed = seal(car, await positionOf(car, token));
    assert.deepEqual(await post(token, encodeSealed(sealed)), [200, "stored"]);
    await announced(car, 1);
    // The owner becomes the agent: what the TSP has anchored as agent until then stays sellable.
    await act(world, world.accounts.foundation, world.client.calls.accreditTsp(owner.address as Hex, true));
    await agree(world, { ...car.text, agent: owner.address as Hex, nonce: 1 });
    const [vault, keystore, log] = ["owner-vault.json", "owner.json", "tsp-delivery.log"].map((name) => join(world.dir, name)) as [string, string, string];
    const secrets = { QOOD_VAULT_PASSPHRASE: "the owner's own vault", QOOD_KEYSTORE_PASSPHRASE: "the owner's own key" };
    await createVault(vault, secrets.QOOD_VAULT_PASSPHRASE, COST);
    await giveSecret(vault, secrets.QOOD_VAULT_PASSPHRASE, car);
    writeKeystore(keystore, secrets.QOOD_KEYSTORE_PASSPHRASE, owner);
    await depositBonds(world, 50_000_000n, owner);
    await fundBuyer(world, 50_000_000n);

    const sale = ["--proven-from", "1000000000", "--deliver-seconds", "7200", "--margin-seconds", "600", "--offer-wait-seconds", "0", "--retry-seconds", "0.3", "--lock-ms", "1000"];
    const tsp = await startWorker("delivery", [...world.flags, "--redis-prefix", PREFIX, ...sale, "--log-file", log], world.secrets);
    const holder = await startWorker("delivery", [...world.flags, "--redis-prefix", "holder", "--announced-prefix", PREFIX, ...sale, "--vault", vault, "--keystore", keystore, "--log-level", "error"], secrets);
    try {
      const offered = async (): Promise<{ cid: string; headerHash: string }[]> => (await world.redis.xrange(keys.offers("holder"), "-", "+")).map(([, [, text]]) => JSON.parse(text!) as { cid: string; headerHash: string });
      await until("the holder's offer", async () => (await offered()).length > 0);
      await until("the TSP to say so", () => Promise.resolve(readFileSync(log, "utf8").includes(`stream ${car.config.handle} is sealed by its device`)));
      assert.deepEqual((await offered()).map(({ headerHash }) => headerHash), [sealed.headerHash]);
      const storage = createKuboStorage(world.storageSocket);
      const offer = decodeOffer(await storage.get((await offered())[0]!.cid));
      await storage.close();
      assert.deepEqual([offer.order.seller, offer.order.version, offer.formers.map(({ version }) => version)], [owner.address, 2, [1]]);

      const key = await buy(world, offer, 1n);
      const delivered = () => readEvents(world.client.deployment, world.provider, "DeliveredUnproven", { fromBlock: 0, toBlock: "latest" });
      await until("the delivery", async () => (await delivered()).length === 1);
      const [event] = await delivered();
      const { header } = offer.lots[0]!;
      const context = deliveryContext({ chainId: 31337n, exchange: world.client.deployment.addresses.escrow, dealId: event!.dealId, page: 0 });
      const [k] = unwrapKeys(key.secret, { context, commitments: [header.words.kc1], wrapped: { R: event!.r, c: event!.c } });
      assert.equal(await rowsOf(offer.lots[0]!, k!), 40);
    } finally {
      assert.deepEqual([await tsp.stop(), await holder.stop()], [0, 0]);
    }
    assert.deepEqual(await world.redis.xlen(keys.offers(PREFIX)), 0);
  });

  it("are refused where they do not stand next, are another's or are not what their header says", async () => {
    const car = await enrol();
    const token = await tokenOf(car);
    const at = await positionOf(car, token);
    const state = car.signer.state;
    const good = seal(car, at);
    const bytes = encodeSealed(good);
    const { content } = { content: decodeSealed(bytes) };
    const flip = (file: Uint8Array): Uint8Array => file.map((byte, i) => (i === 10 ? byte ^ 1 : byte));
    const wrongRoot = toHex(bytes32("another root"));
    const cases: [Uint8Array, number, RegExp][] = [
      [encodeSealed({ ...content, ciphertext: flip(content.ciphertext) }), 422, /CIPHERTEXT_DIGEST/],
      [encodeSealed({ ...content, dataHashes: flip(content.dataHashes) }), 422, /DATA_HASHES_DIGEST/],
      [encodeSealed({ ...content, description: flip(content.description) }), 422, /DESCRIPTION_HASH/],
      [encodeSealed({ ...content, header: { ...content.header, words: { ...content.header.words, root: wrongRoot } } }), 422, /DESCRIPTION_MISMATCH/],
      [encodeSealed({ ...content, header: { ...content.header, rest: { ...content.header.rest, records: 9 } } }), 422, /HEADER_REST_HASH/],
      [encodeSealed({ ...content, envelope: { ...content.envelope, signature: toHex(bytes32("s")) + toHex(bytes32("t")).slice(2) as Hex } }), 422, /DEVICE_SIGNATURE/],
      [bytes.subarray(0, 500), 400, /CBOR_/],
      [new Uint8Array([0x87, 1]), 400, /CBOR_/],
    ];
    for (const [body, status, code] of cases) {
      const answer = await post(token, body);
      assert.equal(answer[0], status, answer.join(" "));
      assert.match(answer[1], code);
    }
    // Another's stream by one's own login, and messages for a stream that is sealed.
    const other = await enrol();
    const foreign = await tokenOf(other);
    assert.deepEqual(await post(foreign, bytes), [403, "ACCESS_STREAM"]);
    assert.equal((await postJson(`${http}/v1/sealed`, {})).status, 401);
    // A batch of the future, of another account, or one that leaves messages out.
    assert.deepEqual(await post(token, encodeSealed(seal(car, { ...at, previousHeader: good.headerHash, chain: good.header.rest.chainAfter }, 5, { sequence: 1 }))), [409, "SEALED_SEQUENCE"]);
    assert.ok(car.signer.state.nextCounter > state.nextCounter);
    assert.deepEqual(await post(token, bytes), [200, "stored"]);
    await announced(car, 1);
    const next = await positionOf(car, token);
    // The chain goes on behind the messages of the batch that was refused: right in itself, and they are missing.
    assert.deepEqual(await post(token, encodeSealed(seal(car, { ...next, chain: car.signer.state.chain }, 5))), [422, "SEALED_CHAIN"]);
    assert.deepEqual(await post(token, encodeSealed(seal(car, { ...next, chain: toHex(bytes32("no chain")) }, 5))), [422, "DEVICE_SIGNATURE"]);
    assert.deepEqual((await listDeadLetters(world.redis, PREFIX)).filter(({ stream }) => stream === car.config.handle), []);
  });

  it("stand once for a sequence: a second one, right in itself, is refused", async () => {
    const car = await enrol();
    const token = await tokenOf(car);
    const at = await positionOf(car, token);
    const twin = makeCar(cars, car.config.registry, car.config.vehicle);
    const [one, two] = [seal(car, at, 10), seal({ ...twin, config: car.config }, at, 11)];
    assert.notEqual(one.headerHash, two.headerHash);
    const answers = await Promise.all([post(token, encodeSealed(one)), post(token, encodeSealed(two))]);
    assert.deepEqual(answers.map(([status]) => status).sort(), [200, 422]);
    assert.ok(answers.some(([, code]) => code === "SEALED_OTHER"));
    await announced(car, 1);
    const [, later] = [await positionOf(car, token), await post(token, encodeSealed(answers[0][0] === 200 ? two : one))];
    assert.deepEqual(later, [422, "SEALED_OTHER"]);
  });
});
