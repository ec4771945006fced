// A program of the bench: an embedded broker whose QoS 1 publishes are acknowledged when Redis has them. With `bare` they go
// as they are into raw Redis Streams, in pipelines; with `append` through the appender. usage: broker.ts REDIS_SOCKET bare|append PREFIX
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Aedes } from "aedes";
import { connectRedis, createAppender } from "../../workers/shared/queue/index.ts";

interface Waiting {
  readonly topic: string;
  readonly payload: Buffer;
  readonly done: (error?: Error | null) => void;
}

/** Messages of one pipeline. */
const GROUP = 256;
const [socketPath, mode, prefix] = process.argv.slice(2) as [string, "bare" | "append", string];
const redis = connectRedis(socketPath);
const appender = createAppender(redis, prefix);
let waiting: Waiting[] = [];
let busy = false;

/** Stores a group; what each of its messages is acknowledged with. */
async function store(group: readonly Waiting[]): Promise<(Error | null)[]> {
  if (mode === "append") {
    const results = await appender.append(group.map(({ payload }) => payload), "bench");
    return results.map(({ status }) => (status === "stored" ? null : new Error(status)));
  }
  const pipeline = redis.pipeline();
  for (const { topic, payload } of group) pipeline.xadd(`${prefix}:bare:${topic}`, "*", "m", payload);
  return ((await pipeline.exec()) ?? []).map(([error]) => error);
}

async function flush(): Promise<void> {
  busy = true;
  while (waiting.length > 0) {
    const group = waiting.slice(0, GROUP);
    waiting = waiting.slice(GROUP);
    const answers = await store(group);
    group.forEach(({ done }, i) => done(answers[i]));
  }
  busy = false;
}

const broker = await Aedes.createBroker({
  authorizePublish(_, { topic, payload }, done) {
    waiting.push({ topic, payload: payload as Buffer, done });
    if (!busy) void flush();
  },
});
const server = createServer((socket) => void broker.handle(socket));
server.listen(0, "127.0.0.1", () => process.send?.({ ready: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));
