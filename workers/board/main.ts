import { chmodSync, rmSync } from "node:fs";
import { Queue } from "bullmq";
import { QoodError } from "@qoodblock/sdk/errors";
import { parseListenAt, watchQueues, watchRedis } from "../shared/metrics/index.ts";
import { closeRedis, connectRedis, queues } from "../shared/queue/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { readPassphrase } from "../shared/vault/index.ts";
import { createLogin } from "./login.ts";
import { createBoard } from "./server.ts";
import { schema } from "./settings.ts";

await runWorker({ name: "qood-board", summary: "Shows the queues of the workers in a browser, behind a login and for reading only (bull-board).", schema }, async ({ settings, log, metrics, ready }) => {
  const password = readPassphrase({ what: "the board's login", file: settings.passwordFile, variable: "QOOD_BOARD_PASSWORD", env: process.env });
  const isRight = createLogin(settings.user, password);
  const at = parseListenAt(settings.listen);
  const redis = connectRedis(settings.redis, log);
  watchRedis({ metrics, ready }, redis);
  watchQueues({ metrics }, redis, settings.redisPrefix, Object.values(queues));
  // Nothing is written, not even what BullMQ notes of a queue when it opens it.
  const shown = Object.values(queues).map((name) => new Queue(name, { connection: redis, prefix: settings.redisPrefix, skipMetasUpdate: true }));
  for (const queue of shown) queue.on("error", (error) => log.debug({ queue: queue.name, err: error }, "queue error"));
  const board = await createBoard({ queues: shown, isRight, requestsPerMinute: settings.requestsPerMinute });
  if ("path" in at) rmSync(at.path, { force: true });
  const address = await board.listen(at).catch((error: unknown) => {
    throw new QoodError("BOARD_LISTEN", `the board cannot be served at ${settings.listen}: ${(error as Error).message}`);
  });
  if ("path" in at) chmodSync(at.path, 0o600);
  return {
    ready: { board: "path" in at ? at.path : address },
    async stop() {
      await board.close();
      await Promise.all(shown.map((queue) => queue.close()));
      await closeRedis(redis);
    },
  };
});
