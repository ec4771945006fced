import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { deviceKeyName } from "@qoodblock/sdk/device";
import { handleProof } from "@qoodblock/sdk/market";
import { createAppender, deviceName, keys, readStatus, readTelemetry, registerStream } from "../../workers/shared/queue/index.ts";
import type { StreamStatus } from "../../workers/shared/queue/index.ts";
import { openChain } from "../../workers/shared/chain/index.ts";
import type { Chain } from "../../workers/shared/chain/index.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { createRegistryWatch } from "../../workers/shared/registry/index.ts";
import type { RegistryWatch } from "../../workers/shared/registry/index.ts";
import { makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { act, enrolDevice, mintAgreed } from "./support/market.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "registry";

describe("what the chain says of streams", () => {
  let world: World;
  let chain: Chain;
  let watch: RegistryWatch;
  let cars = 300;
  const log = createLog({ name: "test", level: "fatal" });
  before(async () => {
    world = await startWorld();
    chain = await openChain({ rpc: world.chainEngine.url, chainId: 31337, finality: "2", pollMs: 50 }, log, new AbortController().signal);
    watch = createRegistryWatch({ redis: world.redis, prefix: PREFIX, client: world.client, chain, tsp: world.accounts.tsp.address as Hex, log });
  });
  after(async () => {
    chain.close();
    await world.stop();
  });

  /** A minted vehicle with a registered stream; its device is set up on the chain where `enrolled`. */
  async function enrol(enrolled = true): Promise<Car> {
    const n = (cars += 1);
    const car = makeCar(n, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, n));
    if (enrolled) await enrolDevice(world, n, car);
    await registerStream(world.redis, PREFIX, car.config);
    return car;
  }
  const mine = async (blocks: number): Promise<void> => {
    for (let i = 0; i < blocks; i += 1) await world.provider.send("evm_mine", []);
  };
  const statusOf = async (car: Car): Promise<StreamStatus | undefined> => readStatus(world.redis, PREFIX, car.config.handle);
  const stateOf = async (car: Car): Promise<string | undefined> => (await statusOf(car))?.state;
  const version = (): Promise<string | null> => world.redis.get(keys.streamsVersion(PREFIX));
  /** Sees what has happened, once it is final. */
  async function settle(): Promise<void> {
    await mine(3);
    await watch.step();
  }
  const marks = async (car: Car): Promise<number> => (await readTelemetry(world.redis, PREFIX, car.config.handle, deviceName(car.config.devicePublicKey), { next: 0, afterTripEnd: true }, 100)).filter(({ kind }) => kind === "trip-end").length;

  it("lets an enrolled device's stream go on, and none whose device nobody has set up, or another agent's", async () => {
    const [good, unknown, foreign] = [await enrol(), await enrol(false), await enrol(false)];
    const { oem } = world.accounts;
    await act(world, world.accounts.foundation, world.client.calls.accreditTsp(oem.address as Hex, true));
    await enrolDevice({ ...world, accounts: { ...world.accounts, tsp: oem } }, cars, foreign);
    await settle();
    assert.deepEqual([await stateOf(good), await stateOf(unknown), await stateOf(foreign)], ["active", "device-out", "device-out"]);
    assert.match((await statusOf(unknown))!.reason, /not set up/);
    assert.match((await statusOf(foreign))!.reason, /as its agent/);
    // Looking again changes nothing.
    const before = await version();
    await settle();
    assert.equal(await version(), before);
    // What is set up later is taken up.
    await enrolDevice(world, cars - 1, unknown);
    await settle();
    assert.equal(await stateOf(unknown), "active");
  });

  it("leaves streams of another registry alone", async () => {
    const car = makeCar(9000);
    await registerStream(world.redis, PREFIX, car.config);
    await settle();
    assert.equal(await stateOf(car), undefined);
  });

  it("closes the batch of a vehicle that was transferred, of a stream with a new key epoch and of a device that was retired, when that is final", async () => {
    const [sold, revoked, retired] = [await enrol(), await enrol(), await enrol()];
    const appender = createAppender(world.redis, PREFIX);
    for (const car of [sold, revoked, retired]) assert.equal((await appender.append([car.message(0, 3)], "test"))[0]!.status, "stored");
    await settle();
    assert.deepEqual(await Promise.all([sold, revoked, retired].map(stateOf)), ["active", "active", "active"]);
    const { owner, buyer } = world.accounts;
    const { calls } = world.client;
    await act(world, owner, calls.transferVehicle(owner.address as Hex, buyer.address as Hex, BigInt(sold.config.vehicle)));
    await act(world, owner, calls.beginKeyEpoch(revoked.config.handle, handleProof({ ...revoked.config, vehicle: BigInt(revoked.config.vehicle), dataClass: 2, privacy: 1 })));
    await act(world, owner, calls.retireDevice(deviceKeyName(fromHex(retired.config.devicePublicKey!, 64))));
    await settle();
    assert.deepEqual(await Promise.all([sold, revoked, retired].map(stateOf)), ["transferred", "revoked", "device-out"]);
    assert.match((await statusOf(sold))!.reason, /was transferred at 20\d\d-/);
    assert.deepEqual(await Promise.all([sold, revoked, retired].map(marks)), [1, 1, 1]);
    // The new owner's grant: a stream of the next key epoch goes on.
    await registerStream(world.redis, PREFIX, { ...revoked.config, keyEpoch: 1 });
    await settle();
    assert.equal(await stateOf(revoked), "active");
  });
});
