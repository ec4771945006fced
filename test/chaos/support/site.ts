import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Hex } from "@qoodblock/sdk/bytes";
import { startRedis } from "../../../workers/shared/engines/redis.ts";
import type { RedisEngine } from "../../../workers/shared/engines/redis.ts";
import { freePort } from "../../../workers/shared/engines/ports.ts";
import { keys, registerStream } from "../../../workers/shared/queue/index.ts";
import { CHAIN_ID, makeCar } from "../../workers/support/fleet.ts";
import { NAME, SECRET } from "../../workers/support/gateway.ts";
import { enrolDevice, mintAgreed } from "../../workers/support/market.ts";
import { startWorker } from "../../workers/support/processes.ts";
import { startRpcProxy } from "../../workers/support/rpc-proxy.ts";
import type { RpcProxy } from "../../workers/support/rpc-proxy.ts";
import { startWorld, until } from "../../workers/support/world.ts";
import type { World } from "../../workers/support/world.ts";
import { chanceOf, SEED } from "./chance.ts";
import { createCount } from "./count.ts";
import type { Count } from "./count.ts";
import { Device } from "./device.ts";
import type { Address } from "./device.ts";
import { slotOf } from "./slot.ts";
import type { Slot } from "./slot.ts";

export const PREFIX = "chaos";
/** Blocks until an anchor is final. */
export const FINALITY = 6;
/** Sizes of the small disks, MB. */
const DISKS = { artefacts: 32, redis: 128, storage: 128 } as const;
/** Workers whose clock can be set. */
const CLOCK = [fileURLToPath(new URL("clock.ts", import.meta.url))];
const cache = fileURLToPath(new URL("../../../.cache", import.meta.url));

/** A TSP's whole machinery as processes of their own, with a fleet that sends to it. */
export interface Site {
  readonly world: World;
  /** The way of both ingest workers to the chain. */
  readonly rpc: RpcProxy;
  readonly count: Count;
  readonly gateways: readonly [Slot, Slot];
  readonly ingests: readonly [Slot, Slot];
  readonly storage: Slot;
  /** Where the gateways listen, also while they do not. */
  readonly addresses: readonly Address[];
  /** Cars that send all the time. */
  readonly fleet: readonly Device[];
  /** A car that has been away, and one that means harm. */
  readonly absent: Device;
  readonly hostile: Device;
  readonly artefacts: string;
  /** Why artefacts, Redis and the storage node do not have a small disk each, if they have not. */
  readonly noDisk: string | undefined;
  /** SIGKILL. */
  killRedis(): Promise<void>;
  /** Waits until Redis has ended by itself. */
  redisEnded(): Promise<void>;
  startRedis(): Promise<void>;
  /** Fills one of the small disks to the last byte. @returns makes space again */
  fill(disk: keyof typeof DISKS): () => void;
  /** The fleet drives and sends, without a pause for anybody, until what happens meanwhile is over. */
  during(happens: () => Promise<void>): Promise<void>;
  /** Waits until the fleet has got so many more messages acknowledged. */
  progress(messages: number): Promise<void>;
  /** Waits until a batch stands at one of these steps. @returns its name, `<stream>:<sequence>` */
  step(...statuses: readonly string[]): Promise<string>;
  /** Sends what is left, waits until everything is announced, and counts both ends. */
  settle(): Promise<void>;
  /** Takes the storage node the block with the ciphertext of a batch. */
  loseBlock(ciphertext: Uint8Array): void;
  stop(): Promise<void>;
}

function mountDisk(folder: string, megabytes: number): string | undefined {
  try {
    mkdirSync(folder, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], { stdio: "pipe" });
    // However this process ends: what is mounted stays.
    process.on("exit", () => unmount(folder));
    return undefined;
  } catch (error) {
    return `a small tmpfs cannot be mounted here: ${(error as Error).message.split("\n").at(-1) ?? ""}`;
  }
}

function unmount(folder: string): void {
  try {
    execFileSync("umount", ["-l", folder], { stdio: "pipe" });
  } catch {
    // It was unmounted before.
  }
}

/** Starts a site with two of each worker; it costs some ten seconds. */
export async function startSite(): Promise<Site> {
  const world = await startWorld();
  const rpc = await startRpcProxy(world.chainEngine.url, SEED);
  const folders = { artefacts: join(world.dir, "artefacts"), redis: join(world.dir, "redis"), storage: join(world.dir, "ipfs") };
  const { artefacts } = folders;
  // Nothing is in them yet.
  await Promise.all([world.redisEngine.stop(), world.storage.stop()]);
  const noDisk = (["artefacts", "redis", "storage"] as const).map((disk) => mountDisk(folders[disk], DISKS[disk])).find((why) => why !== undefined);
  // As it is started by itself: on a disk of memory that costs nothing.
  const runRedis = (): Promise<RedisEngine> => startRedis({ dir: folders.redis, cache, ...(noDisk === undefined ? {} : { fsync: "no" }) });
  let redis: RedisEngine | undefined = await runRedis();

  const ports = await Promise.all(Array.from({ length: 4 }, () => freePort()));
  const addresses = [0, 2].map((at): Address => ({ http: `http://127.0.0.1:${ports[at]!}`, mqtt: `mqtt://127.0.0.1:${ports[at + 1]!}` }));
  const gatewaySlot = (i: number): Slot =>
    slotOf(`gateway ${i}`, () =>
      startWorker(
        "gateway",
        [
          ...["--redis", world.redisEngine.socket, "--redis-prefix", PREFIX, "--chain-id", String(CHAIN_ID), "--name", NAME, "--log-level", "warn", "--logins-per-minute", "100000"],
          ...["--http", String(ports[i * 2]!), "--mqtt", String(ports[i * 2 + 1]!)],
        ],
        { QOOD_TOKEN_SECRET: SECRET },
        CLOCK,
      ),
    );
  const changed: Readonly<Record<string, string>> = { "--rpc": rpc.url, "--finality": String(FINALITY) };
  const flags = world.flags.map((flag, i) => changed[world.flags[i - 1] ?? ""] ?? flag);
  const ingestSlot = (i: number): Slot =>
    slotOf(`ingest ${i}`, () =>
      startWorker(
        "ingest",
        [
          ...[...flags, "--redis-prefix", PREFIX, "--artefacts", artefacts, "--backup", join(world.dir, "backup"), "--lock-ms", "1000", "--tick-ms", "50", "--anchor-seconds", "0.3", "--bump-after-ms", "2000"],
          ...["--block-seconds", "10", "--interval-blocks", "3", "--batch-records", "200", "--batch-seconds", "1"],
        ],
        world.secrets,
        CLOCK,
      ),
    );
  const gateways = [gatewaySlot(0), gatewaySlot(1)] as const;
  const ingests = [ingestSlot(0), ingestSlot(1)] as const;
  const storage = slotOf("storage", () => startWorker("storage", ["--repo", folders.storage, "--rpc", world.storageSocket, "--log-level", "error"]));
  const count = createCount(world, PREFIX);

  const cars: Device[] = [];
  /** Blocks as fast as they are wanted, while something waits for the chain alone. */
  async function mining<T>(work: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const miner = (async () => {
      while (!done.signal.aborted) {
        await world.provider.send("evm_mine", []).catch(() => undefined);
        await wait(50);
      }
    })();
    try {
      return await work();
    } finally {
      done.abort();
      await miner;
    }
  }
  /** A car with a vehicle, a device and a secret of its own, and its stream registered here. */
  async function enrol(way: "http" | "mqtt"): Promise<Device> {
    const n = cars.length + 1;
    const car = makeCar(n, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, n));
    await enrolDevice(world, n, car);
    await world.grant(car);
    await registerStream(world.redis, PREFIX, car.config);
    const device = new Device({ car, n, way, gateways: () => addresses, chance: chanceOf(`device ${n}`) });
    cars.push(device);
    return device;
  }
  // Before the workers start: from then on the TSP's account is theirs alone.
  const fleet = await mining(async () => [await enrol("http"), await enrol("mqtt"), await enrol("http")]);
  const [absent, hostile] = await mining(async () => [await enrol("http"), await enrol("http")] as const);
  await storage.start();
  await Promise.all([...gateways, ...ingests].map((slot) => slot.start()));
  const acknowledged = (): number => cars.reduce((sum, device) => sum + device.acknowledged, 0);

  async function held(): Promise<string> {
    const open = await Promise.all((await world.redis.smembers(keys.openBatches(PREFIX))).map(async (name) => `${name.slice(0, 10)}…${name.slice(66)} ${String(await world.redis.hget(`${PREFIX}:batch:${name}`, "status"))}`));
    const said = [...gateways, ...ingests, storage].map((slot) => `${slot.name}: ${slot.errors().slice(-1500)}`);
    return [`open batches: ${open.join(", ")}`, ...said].join("\n");
  }

  return {
    ...{ world, rpc, count, gateways, ingests, storage, addresses, fleet, absent, hostile, artefacts, noDisk },
    async killRedis() {
      process.kill(redis!.program.pid, "SIGKILL");
      await redis!.program.ended;
      redis = undefined;
    },
    async redisEnded() {
      await redis!.program.ended;
      redis = undefined;
    },
    async startRedis() {
      redis ??= await runRedis();
    },
    fill(disk) {
      const ballast = join(folders[disk], "ballast");
      const file = openSync(ballast, "w");
      try {
        for (const piece of [1024 * 1024, 4096]) {
          try {
            while (writeSync(file, Buffer.alloc(piece, 1)) > 0);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
          }
        }
      } finally {
        closeSync(file);
      }
      return () => rmSync(ballast);
    },
    async during(happens) {
      let over = false;
      const driving = fleet.map(async (device) => {
        const chance = chanceOf(`drive ${device.n} ${device.wires.length}`);
        do {
          for (let burst = 1 + chance.below(3); burst > 0; burst -= 1) device.drive(1 + chance.below(6));
          await device.flush();
          // A car measures at its own pace.
          await wait(20 + chance.below(80));
        } while (!over);
      });
      const event = happens().finally(() => (over = true));
      await Promise.all([event, ...driving]);
    },
    async progress(messages) {
      const from = acknowledged();
      await until(`${messages} more messages to be acknowledged`, () => Promise.resolve(acknowledged() >= from + messages), 120_000);
    },
    async step(...statuses) {
      let found: string | undefined;
      await until(`a batch that is ${statuses.join(" or ")}`, async () => {
        for (const name of await world.redis.smembers(keys.openBatches(PREFIX))) {
          if (statuses.includes((await world.redis.hget(`${PREFIX}:batch:${name}`, "status")) ?? "")) found = name;
        }
        return found !== undefined;
      });
      return found!;
    },
    async settle() {
      await Promise.all(cars.map((device) => device.flush()));
      const wanted = cars.reduce((sum, device) => sum + device.expected.length, 0);
      try {
        await mining(() => until(`${wanted} records to be announced`, async () => (await count.look()) >= wanted, 150_000));
      } catch (error) {
        throw new Error(`${(error as Error).message}; there are ${await count.look()}\n${await held()}`, { cause: error });
      }
      await count.check(cars);
    },
    loseBlock(ciphertext) {
      const folder = join(folders.storage, "blocks");
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)).filter((name) => name.endsWith(".data"));
      const found = files.find((file) => readFileSync(file).equals(ciphertext));
      if (found === undefined) throw new Error("the storage node has no such block");
      rmSync(found);
    },
    async stop() {
      await Promise.all([...gateways, ...ingests, storage].map((slot) => slot.stop()));
      await rpc.close();
      await redis?.stop();
      if (noDisk === undefined) for (const folder of Object.values(folders)) unmount(folder);
      await world.stop();
    },
  };
}
