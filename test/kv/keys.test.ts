/** Authorised apps: keys by a grant on a real chain, through a worker that holds the vault. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { GrantRange } from "@qoodblock/sdk/client";
import { randomDeliveryKey } from "@qoodblock/sdk/delivery";
import { isQoodError } from "@qoodblock/sdk/errors";
import { hashRest, ZERO32 } from "@qoodblock/sdk/formats";
import type { Header } from "@qoodblock/sdk/formats";
import { batchKey, dayOf, daySecret, keyCommitment, NO_KEY_COMMITMENT } from "@qoodblock/sdk/keys";
import { checkKeyRequest, requestKey } from "@qoodblock/sdk/kv";
import { handleProof } from "@qoodblock/sdk/market";
import { bytes32, makeCar, START } from "../workers/support/fleet.ts";
import type { Car } from "../workers/support/fleet.ts";
import { act, mintAgreed } from "../workers/support/market.ts";
import { runToEnd, startWorker } from "../workers/support/processes.ts";
import type { RunningWorker } from "../workers/support/processes.ts";
import { secretOf, startWorld } from "../workers/support/world.ts";
import type { World } from "../workers/support/world.ts";

const code = (wanted: string, words = "") => (error: unknown): boolean => isQoodError(error, wanted) && error.message.includes(words);

describe("keys for authorised apps", () => {
  let world: World;
  let car: Car;
  let worker: RunningWorker;
  let proof: Hex;
  let range: GrantRange;
  const app = randomDeliveryKey();

  function headerOf(sequence: number, of = car): { header: Header; key: bigint } {
    const sealNonce = toHex(bytes32(`nonce ${sequence}`));
    const key = batchKey(daySecret(secretOf(of), dayOf(START)), of.config.handle, sequence, sealNonce);
    const rest = {
      ...{ previousHeader: ZERO32, sealNonce, keyEpoch: 0, day: dayOf(START), leafSize: 4096, segmentSize: 65536, layout: 1, schema: of.config.schema, dictionaryVersion: 1 },
      ...{ firstTime: START, lastTime: START, records: 1, rawLength: 1, storedLength: 64, cipherDigest: ZERO32, dataHashDigest: ZERO32, descriptionHash: ZERO32 },
      ...{ deviceKey: ZERO32, firstCounter: 0, lastCounter: 0, chainBefore: ZERO32, chainAfter: ZERO32 },
    };
    const words = { stream: of.config.handle, sequence, tsp: world.accounts.tsp.address as Hex, root: toHex(bytes32("root")), kc1: keyCommitment(key), kc2: NO_KEY_COMMITMENT, flags: 0n, restHash: hashRest(rest) };
    return { header: { words, rest }, key };
  }
  const ask = (header: Header, change: { range?: GrantRange; signer?: World["accounts"]["buyer"] } = {}): Promise<bigint> =>
    requestKey(String(worker.ready.kv), world.client.deployment, { header, range: change.range ?? range, handleProof: proof, signer: change.signer ?? world.accounts.buyer, key: app });

  before(async () => {
    world = await startWorld();
    car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, 1));
    await world.grant(car);
    proof = handleProof({ vehicle: BigInt(car.config.vehicle), epoch: 1, dataClass: 2, privacy: 1, schema: car.config.schema });
    range = { stream: car.config.handle, party: world.accounts.buyer.address as Hex, first: 3, last: 5, expiry: 4_000_000_000, paid: false };
    const wanted = ["--rpc", "--chain-id", "--deployment", "--vault", "--log-level"];
    const flags = world.flags.filter((flag, i) => wanted.includes(flag) || wanted.includes(world.flags[i - 1] ?? ""));
    worker = await startWorker("kv", ["--listen", "0", "--store", `${world.dir}/kv`, ...flags], world.secrets);
  });
  after(async () => {
    assert.equal(await worker.stop(), 0, worker.errors());
    await world.stop();
  });

  it("are given for what is granted on the chain, and for nothing else", async () => {
    const { header, key } = headerOf(4);
    await assert.rejects(ask(header), code("KV_NOT_ALLOWED", "no such grant"));
    await act(world, world.accounts.owner, world.client.calls.grantFree(range, proof, toHex(bytes32("service"))));
    assert.equal(await ask(header), key);
    await assert.rejects(ask(headerOf(6).header), code("KV_NOT_ALLOWED", "no such grant"));
    await assert.rejects(ask(header, { signer: world.accounts.keeper }), code("KV_REQUEST_SIGNATURE"));
    await assert.rejects(ask(header, { range: { ...range, party: world.accounts.keeper.address as Hex }, signer: world.accounts.keeper }), code("KV_NOT_ALLOWED"));
    await assert.rejects(ask(headerOf(4, makeCar(2)).header), code("KV_NOT_ALLOWED", "another stream"));
  });

  it("are not given of a header that is not what it says", async () => {
    const { header } = headerOf(3);
    await assert.rejects(ask({ ...header, rest: { ...header.rest, day: 1 } }), code("HEADER_REST_HASH"));
    // A right form with another key's commitment: not the batch that the vault's secret seals.
    await assert.rejects(ask({ ...header, words: { ...header.words, kc1: keyCommitment(5n) } }), code("KV_NO_KEY"));
    await assert.rejects(ask({ ...header, words: { ...header.words, kc2: keyCommitment(5n) } }), code("KV_NO_KEY"));
  });

  it("are asked for in time, and an old request opens nothing", () => {
    const { header } = headerOf(4);
    const request = { header, range, handleProof: proof, key: app.publicKey, nonce: ZERO32, deadline: 1000, signature: "0x00" as const };
    assert.throws(() => checkKeyRequest(world.client.deployment, request, 1001), code("KV_REQUEST_STALE"));
    assert.throws(() => checkKeyRequest(world.client.deployment, request, 1), code("KV_REQUEST_STALE"));
    assert.throws(() => checkKeyRequest(world.client.deployment, request, 999), code("KV_REQUEST_SIGNATURE"));
  });

  it("are given no more once the grant is revoked", async () => {
    const { header, key } = headerOf(5);
    assert.equal(await ask(header), key);
    await act(world, world.accounts.owner, world.client.calls.revokeGrant(range, proof));
    await assert.rejects(ask(header), code("KV_NOT_ALLOWED"));
  });

  it("need a chain where there is a vault", async () => {
    const ended = await runToEnd("kv", ["--listen", "0", "--store", `${world.dir}/kv2`, "--vault", `${world.dir}/vault.json`]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /needs rpc, deployment and chainId to ask the chain/);
  });
});
