import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { QoodError } from "@qoodblock/sdk/errors";
import { startGuarded } from "../process/guarded.ts";
import type { GuardedProgram } from "../process/guarded.ts";
import { freePort, requirePort } from "./ports.ts";

/** The chain id of the local development chain. */
export const LOCAL_CHAIN_ID = 31337;

/** Blocks whose states are kept, in memory alone: written out with the file, the states of one hour are gigabytes. */
const RECENT_STATES = 256;

/** A local chain that this program has started for itself. */
export interface ChainEngine {
  readonly url: string;
  readonly program: GuardedProgram;
  stop(): Promise<void>;
}

/** The chain node of npm where there is one for this platform, else the one on the PATH. */
function anvilProgram(): string {
  try {
    const packaged = createRequire(import.meta.url).resolve("@foundry-rs/anvil-linux-amd64/package.json");
    if (process.platform === "linux" && process.arch === "x64") return join(dirname(packaged), "bin", "anvil");
  } catch {
    // Not installed here: an optional dependency of one platform.
  }
  return "anvil";
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }),
      signal: AbortSignal.timeout(1000),
    });
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * Starts anvil with a block every 500 ms and its newest state kept in `dir`, written every ten seconds and at the end. What stood at an
 * older block can be read for the last {@link RECENT_STATES} blocks, after a start for those since then.
 * @param options.port - a port given by hand; without it a free one.
 * @param options.mnemonic - the words whose accounts hold ether.
 * @throws QoodError PORT_TAKEN or ENGINE_START.
 */
export async function startAnvil(options: {
  readonly dir: string;
  readonly mnemonic: string;
  readonly accounts?: number;
  readonly port?: number | undefined;
  /** Of a chain that stands for another than the local one. */
  readonly chainId?: number;
  readonly onOutput?: (text: string) => void;
}): Promise<ChainEngine> {
  mkdirSync(options.dir, { recursive: true });
  const port = options.port === undefined ? await freePort() : await requirePort(options.port, "--rpc-port");
  const program = await startGuarded({
    name: "anvil",
    command: anvilProgram(),
    args: [
      ...["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(options.chainId ?? LOCAL_CHAIN_ID), "--hardfork", "osaka"],
      ...["--block-time", "0.5", "--mnemonic", options.mnemonic, "--accounts", String(options.accounts ?? 10)],
      ...["--state", join(options.dir, "state.json"), "--state-interval", "10", "--prune-history", String(RECENT_STATES), "--silent"],
    ],
    ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }),
  });
  const url = `http://127.0.0.1:${port}`;
  let gone: string | undefined;
  void program.ended.then((tail) => (gone = tail));
  while (!(await answers(url))) {
    if (gone !== undefined) throw new QoodError("ENGINE_START", `anvil ended while starting: ${gone.split("\n").at(-1) ?? ""}`);
    await wait(20);
  }
  return { url, program, stop: () => program.stop() };
}
