import type { Registry } from "prom-client";
import type { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { loadSettings } from "../config/index.ts";
import type { Program } from "../config/index.ts";
import { createLog } from "../log/index.ts";
import type { Logger } from "../log/index.ts";
import { scrubText } from "../log/scrub.ts";
import { createMetrics, createReadiness, serveMetrics } from "../metrics/index.ts";
import type { MetricsServer, Readiness } from "../metrics/index.ts";
import { watchParent } from "../process/parent.ts";

/** What a worker gets to live with. */
export interface Context<Settings> {
  readonly settings: Settings;
  readonly log: Logger;
  /** Aborted when the worker is to end; waits should listen to it. */
  readonly signal: AbortSignal;
  /** The metrics of this process (prom-client); a new one joins by `registers: [metrics]`. No label may hold a secret, a VIN, a device's key or a stream. */
  readonly metrics: Registry;
  /** What must be well for this worker to do its work: `/readyz` asks. */
  readonly ready: Readiness;
  /** Ends the worker with exit code 1: for what cannot be mended by trying again. */
  readonly fail: (error: unknown) => void;
}

/** What `start` gives back: closes everything, in order, and may take as long as a job in hand. */
export type Stop = () => Promise<void>;

/** How long a clean end may take before the process ends all the same. */
const STOP_MS = 15_000;

interface Common {
  readonly logLevel: string;
  readonly logFile?: string | undefined;
  readonly metricsListen?: string | undefined;
  readonly followParent?: boolean | undefined;
}

/** One line for people: a known fault by its message, an unknown one with its name. */
function line(error: unknown): string {
  if (error instanceof QoodError) return `${error.message} [${error.code}]`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/**
 * Runs a worker as this process: `--help`, settings, log, metrics and health, start, and a clean end on SIGTERM, SIGINT or
 * when the parent is gone (exit 0). Whoever started it over an IPC channel gets `{ ready: … }` once `start` has come back.
 * A wrong setting or a fault that cannot be mended is one line on stderr and exit code 1.
 */
export async function runWorker<S extends z.ZodObject>(
  program: Program<S>,
  start: (context: Context<z.output<S>>) => Promise<{ readonly stop: Stop; readonly ready?: Record<string, unknown> }>,
): Promise<void> {
  let settings: z.output<S>;
  try {
    const loaded = loadSettings(program, process.argv.slice(2), process.env);
    if ("help" in loaded) {
      process.stdout.write(loaded.help);
      return;
    }
    settings = loaded.settings;
  } catch (error) {
    process.stderr.write(`${line(error)}\n`);
    process.exitCode = 1;
    return;
  }
  const common = settings as Common;
  const metrics = createMetrics(program.name);
  const readiness = createReadiness();
  const log = createLog({ name: program.name, level: common.logLevel, file: common.logFile, onAlarm: metrics.alarm });
  let server: MetricsServer | undefined;
  const ending = new AbortController();
  let stop: Stop | undefined;
  let starting = true;

  const end = async (why: string, code: number): Promise<void> => {
    if (ending.signal.aborted) return;
    log.info({ why }, "ending");
    readiness.ending();
    ending.abort(new QoodError("ENDING", `${program.name} is ending`));
    // Nothing here may keep the process for ever: what is left undone is done again at the next start.
    setTimeout(() => process.exit(code), STOP_MS).unref();
    if (starting) return;
    try {
      await stop?.();
    } catch (error) {
      log.error({ err: error }, "could not end cleanly");
    }
    await server?.close();
    log.info("ended");
    process.exit(code);
  };
  const tell = (error: unknown): void => {
    // A known fault is told once, in words; what is not known needs its stack.
    if (common.logFile !== undefined || !(error instanceof QoodError)) log.fatal({ err: error }, "failed");
    process.stderr.write(`${program.name}: ${scrubText(line(error))}\n`);
  };
  const fail = (error: unknown): void => {
    tell(error);
    void end("fault", 1);
  };
  process.on("SIGTERM", () => void end("SIGTERM", 0));
  process.on("SIGINT", () => void end("SIGINT", 0));
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  if (common.followParent === true) watchParent(() => void end("parent gone", 0));

  try {
    // Before the start, which may wait for Redis or the chain: whoever asks is told so.
    if (common.metricsListen !== undefined) {
      server = await serveMetrics(common.metricsListen, metrics.registry, readiness);
      log.info({ metrics: server.address }, "metrics and health are served");
    }
    const started = await start({ settings, log, signal: ending.signal, metrics: metrics.registry, ready: readiness, fail });
    stop = started.stop;
    starting = false;
    if (ending.signal.aborted) {
      await stop();
      process.exit(process.exitCode ?? 0);
    }
    readiness.started();
    const ready = { ...started.ready, ...(server === undefined ? {} : { metrics: server.address }) };
    log.info(ready, "ready");
    process.send?.({ ready });
  } catch (error) {
    if (ending.signal.aborted) process.exit(process.exitCode ?? 0);
    tell(error);
    process.exit(1);
  }
}
