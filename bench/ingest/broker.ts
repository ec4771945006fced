// A program of the bench: the bare path, an embedded broker whose QoS 1 publishes go as they are into raw Redis Streams, in
// pipelines, and are acknowledged when Redis has them. usage: broker.ts REDIS_SOCKET PREFIX
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Aedes } from "aedes";
import { connectRedis } from "../../workers/shared/queue/index.ts";

interface Waiting {
  readonly topic: string;
  readonly payload: Buffer;
  readonly done: (error?: Error | null) => void;
}

/** Messages of one pipeline. */
const GROUP = 256;
const [socketPath, prefix] = process.argv.slice(2) as [string, string];
const redis = connectRedis(socketPath);
let waiting: Waiting[] = [];
let busy = false;

async function flush(): Promise<void> {
  busy = true;
  while (waiting.length > 0) {
    const group = waiting.slice(0, GROUP);
    waiting = waiting.slice(GROUP);
    const pipeline = redis.pipeline();
    for (const { topic, payload } of group) pipeline.xadd(`${prefix}:bare:${topic}`, "*", "m", payload);
    const answers = (await pipeline.exec()) ?? [];
    group.forEach(({ done }, i) => done(answers[i]?.[0]));
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
