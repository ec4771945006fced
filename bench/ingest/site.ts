/** A TSP's site for the bench: Redis, a chain with all contracts, a storage node, a vault, and fleets registered with it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hex } from "@qoodblock/sdk/bytes";
import { fromHex } from "@qoodblock/sdk/bytes";
import { deviceKeyName } from "@qoodblock/sdk/device";
import { bytes32 } from "../../test/workers/support/fleet.ts";
import { startWorker } from "../../test/workers/support/processes.ts";
import type { RunningWorker } from "../../test/workers/support/processes.ts";
import { startWorld } from "../../test/workers/support/world.ts";
import type { World } from "../../test/workers/support/world.ts";
import { readTokenSecret } from "../../workers/gateway/auth/secret.ts";
import { createTokens } from "../../workers/gateway/auth/tokens.ts";
import { readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import type { Announcement } from "../../workers/shared/queue/index.ts";
import { importBoxes, openVault, sealTo } from "../../workers/shared/vault/index.ts";
import { startLoad } from "./children.ts";
import type { Load } from "./children.ts";
import { CHAIN_ID, makeFleet } from "./fleet.ts";
import type { BenchCar, FleetOptions, Lap } from "./fleet.ts";
import type { Login } from "./load.ts";

/** A fleet that its site knows, and the program that drives it. */
export interface Fleet {
  readonly cars: readonly BenchCar[];
  readonly load: Load;
}

/** A way in for a fleet, in a process of its own. */
export interface Gateway {
  readonly url: string;
  readonly worker: RunningWorker;
  /** How each car signs in. */
  readonly logins: readonly Login[];
}

/** See the file's head. */
export interface Site {
  readonly world: World;
  /** Registers a fleet under a prefix and starts its program. */
  fleet(prefix: string, laps: readonly Lap[], options: Omit<FleetOptions, "registry">): Promise<Fleet>;
  /** Puts the stream secrets of a fleet into the vault, without which nothing of it is sealed. */
  grant(fleet: Fleet): Promise<void>;
  /** Starts the gateway, with a session token for each car, and connects the cars to it as `own`. */
  gateway(prefix: string, fleet: Fleet): Promise<Gateway>;
  /** Starts the ingest worker. */
  ingest(prefix: string, ...flags: string[]): Promise<RunningWorker>;
  /** All batches announced so far. */
  announced(prefix: string): Promise<Announcement[]>;
  stop(): Promise<void>;
}

const GATEWAY = "bench";
const UNLIMITED = 1_000_000_000;
const TOKEN_SECONDS = 86_400;

/** Starts a site. */
export async function startSite(): Promise<Site> {
  const world = await startWorld();
  const registry = world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex;
  const vault = join(world.dir, "vault.json");
  const passphrase = world.secrets["QOOD_VAULT_PASSPHRASE"]!;
  const loads: Load[] = [];
  const known = new Map<string, Announcement[]>();
  return {
    world,
    async fleet(prefix, laps, options) {
      const all = { ...options, registry };
      const cars = makeFleet(laps, all);
      for (const { config } of cars) await registerStream(world.redis, prefix, config);
      const load = startLoad();
      loads.push(load);
      await load.do({ fleet: all });
      return { cars, load };
    },
    async gateway(prefix, { cars, load }) {
      const secrets = { QOOD_TOKEN_SECRET: "a token secret of the bench, of no use elsewhere" };
      const at = ["--redis", world.redisEngine.socket, "--redis-prefix", prefix, "--chain-id", String(CHAIN_ID), "--name", GATEWAY, "--http", "off", "--mqtt", "0", "--log-level", "error"];
      // The limits of devices and accounts are not what is measured.
      const worker = await startWorker("gateway", [...at, "--device-records", String(UNLIMITED), "--account-records", String(UNLIMITED)], secrets);
      const tokens = createTokens(readTokenSecret(undefined, secrets), GATEWAY);
      const logins = await Promise.all(
        cars.map(async ({ config, lap }): Promise<Login> => {
          const access = config.devicePublicKey === null ? { kind: "streams" as const, streams: new Set([config.handle]) } : { kind: "device" as const, device: deviceKeyName(fromHex(config.devicePublicKey)) };
          const { token } = await tokens.issue(access, TOKEN_SECONDS);
          return { stream: config.handle, topic: `v1/${config.handle}/${lap.schema.name}@${lap.schema.version}`, password: token };
        }),
      );
      const url = `mqtt://127.0.0.1:${Number(worker.ready["mqtt"])}`;
      await load.do({ connect: url, target: "own", logins });
      return { url, worker, logins };
    },
    async grant({ cars }) {
      const { publicKey } = await openVault(vault, passphrase);
      const boxes = await Promise.all(cars.map(({ config }) => sealTo(publicKey, { handle: fromHex(config.handle), keyEpoch: 0, secret: bytes32(`stream secret ${config.handle}`) })));
      await importBoxes(vault, passphrase, boxes);
    },
    async ingest(prefix, ...flags) {
      // The rows have a prefix each, and one account.
      const from = String((await world.provider.getBlockNumber()) + 1);
      return startWorker("ingest", [...world.flags, "--redis-prefix", prefix, "--artefacts", join(world.dir, "artefacts"), "--own-anchors-from", from, ...flags], world.secrets);
    },
    async announced(prefix) {
      const found = known.get(prefix) ?? [];
      known.set(prefix, found);
      for (;;) {
        const more = await readBatches(world.redis, prefix, found.at(-1)?.id ?? "0", 500);
        found.push(...more);
        if (more.length < 500) return found;
      }
    },
    async stop() {
      for (const load of loads) load.stop();
      await world.stop();
    },
  };
}

/** Resident memory of a process, MiB. */
export function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}
