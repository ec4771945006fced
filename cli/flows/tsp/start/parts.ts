/** How each part of the process tree is started, once. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { QoodError } from "@qoodblock/sdk/errors";
import { startAnvil } from "@qoodblock/workers/shared/engines/anvil.ts";
import { startRedis } from "@qoodblock/workers/shared/engines/redis.ts";
import type { Fsync } from "@qoodblock/workers/shared/engines/redis.ts";
import { startChild } from "@qoodblock/workers/shared/process/child.ts";
import type { GuardedProgram } from "@qoodblock/workers/shared/process/guarded.ts";
import type { StateFolder } from "@qoodblock/workers/shared/process/state.ts";
import type { Running } from "./supervise.ts";

/** The checkout that this program runs from. */
export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** The well-known words of local development chains: their accounts hold ether of no worth. */
const FAUCET_WORDS = "test test test test test test test test test test test junk";

/** What every part is started with. */
export interface Ground {
  readonly state: StateFolder;
  readonly logs: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

function guarded({ state }: Ground, name: string, engine: { readonly program: GuardedProgram; stop(): Promise<void> }, ready: Record<string, unknown>): Running {
  state.note(name, engine.program.pid);
  return {
    pid: engine.program.pid,
    ready,
    ended: engine.program.ended.then((tail) => tail.split("\n").at(-1) ?? ""),
    async stop() {
      await engine.stop();
      state.forget(name);
    },
  };
}

/** The local chain, always on the same port: the others are told its address once. */
export async function startChain(ground: Ground, port: number): Promise<Running> {
  const chain = await startAnvil({ dir: join(ground.state.path, "chain"), mnemonic: FAUCET_WORDS, port });
  return guarded(ground, "anvil", chain, { rpc: chain.url });
}

/** Redis on a unix socket in the state folder. @param fsync - when it brings what it holds to the disk */
export async function startQueue(ground: Ground, fsync: Fsync): Promise<Running> {
  const redis = await startRedis({ dir: join(ground.state.path, "redis"), cache: process.env.QOOD_CACHE ?? join(ROOT, ".cache"), fsync, onProgress: ground.say });
  return guarded(ground, "redis-server", redis, { redis: redis.socket });
}

/**
 * A worker of this project, with the settings of one file.
 * @param folder - its folder in `workers/`.
 * @throws QoodError WORKER_START with what it has said
 */
export async function startWorker(ground: Ground, folder: string, config: string, secrets: Readonly<Record<string, string>>): Promise<Running> {
  const { state, logs, signal } = ground;
  if (signal.aborted) throw new QoodError("ENDING", "everything is ending");
  let isReady: (ready: Record<string, unknown>) => void = () => undefined;
  const said = new Promise<Record<string, unknown>>((resolve) => (isReady = resolve));
  const logFile = join(logs, `${folder}.log`);
  const program = await startChild({
    name: folder,
    script: join(ROOT, "workers", folder, "main.ts"),
    args: ["--config", config, "--follow-parent"],
    env: { PATH: process.env.PATH ?? "", ...(process.env.MQTT_URL === undefined ? {} : { MQTT_URL: process.env.MQTT_URL }), ...secrets },
    logFile,
    onMessage(message) {
      const { ready } = message as { ready?: Record<string, unknown> };
      if (ready !== undefined) isReady(ready);
    },
  });
  state.note(folder, program.pid);
  const giveUp = (): void => void program.stop();
  signal.addEventListener("abort", giveUp);
  const first = await Promise.race([said, program.ended]);
  signal.removeEventListener("abort", giveUp);
  if (typeof first !== "object") {
    state.forget(folder);
    // What a worker has to say to a person is no JSON.
    const words = program.logTail().split("\n").findLast((line) => line !== "" && !line.startsWith("{"));
    throw new QoodError("WORKER_START", words ?? `the worker ${folder} ended while starting (${first}); its log ${logFile} tells why`);
  }
  return {
    pid: program.pid,
    ready: first,
    ended: program.ended.then(String),
    async stop() {
      await program.stop();
      state.forget(folder);
    },
  };
}
