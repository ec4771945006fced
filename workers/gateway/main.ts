import { closeRedis, connectRedis, createAppender } from "../shared/queue/index.ts";
import { watchRedis } from "../shared/metrics/index.ts";
import { repeat } from "../shared/process/repeat.ts";
import { createSealedChecker, createSealedStore } from "../shared/sealed/index.ts";
import { runWorker } from "../shared/service/index.ts";
import { createLogins } from "./auth/login.ts";
import { readTokenSecret } from "./auth/secret.ts";
import { createTokens } from "./auth/tokens.ts";
import { createBacklog } from "./backlog.ts";
import { startHttp } from "./http/server.ts";
import { createIntake } from "./intake.ts";
import { createLimits } from "./limits.ts";
import { parseListen, readTls } from "./listen.ts";
import { startBroker } from "./mqtt/embedded.ts";
import { connectBroker } from "./mqtt/external.ts";
import { createSession } from "./mqtt/session.ts";
import { createOnline } from "./online.ts";
import { createPositions } from "./positions.ts";
import { createSealedIntake } from "./sealed.ts";
import { schema } from "./settings.ts";
import { createStats } from "./stats.ts";
import { createStreams } from "./streams.ts";
import { createTelemetry } from "./telemetry.ts";

/** How often Redis is asked for changes of streams and for its size. */
const LOOK_MS = 500;

await runWorker({ name: "qood-gateway", summary: "Takes telemetry from devices over MQTT and HTTP, and acknowledges it when it is stored.", schema }, async ({ settings, log, signal, metrics, ready }) => {
  const { redisPrefix: prefix, name: gateway, chainId } = settings;
  const tls = readTls(settings.tlsCert, settings.tlsKey);
  const httpAt = parseListen("http", settings.http);
  const mqttAt = parseListen("mqtt", settings.mqtt);
  const tokens = createTokens(readTokenSecret(settings.tokenSecretFile, process.env), gateway);
  const redis = connectRedis(settings.redis, log);

  const backlog = createBacklog(redis, settings.backlogBytes);
  const appender = createAppender(redis, prefix, { futureMs: settings.futureSeconds * 1000 });
  const intake = createIntake(appender, { maxBytes: settings.pendingBytes, isFull: () => backlog.reason() });
  const streams = createStreams(redis, prefix);
  const positions = createPositions(redis, prefix);
  const limits = createLimits(settings);
  let connections = (): number => 0;
  const stats = createStats(metrics, { connections: () => connections(), pendingBytes: () => intake.pendingBytes });
  const telemetry = createTelemetry({ streams, limits, intake, stats });
  const checker = createSealedChecker();
  const sealed = createSealedIntake({ redis, prefix, streams, checker, store: createSealedStore(redis, prefix), backlog });
  const logins = createLogins({ redis, prefix, tokens, gateway, chainId, tokenSeconds: settings.tokenSeconds });
  const session = createSession({ telemetry, streams, online: createOnline(redis, prefix), stats });

  const looking = repeat({ everyMs: LOOK_MS, what: "looking at Redis", signal, log }, async () => {
    await backlog.step();
    if (await streams.step()) appender.forget();
  });
  const http = httpAt === undefined ? undefined : await startHttp({ telemetry, sealed, streams, positions, tokens, logins, limits, stats, log }, httpAt, tls);
  const context = { session, streams, positions, tokens, log };
  // The name that other programs for the same broker know it by.
  const mqttUrl = settings.mqttUrl ?? process.env.MQTT_URL;
  const external = mqttUrl === undefined ? undefined : await connectBroker(context, { url: mqttUrl, connections: settings.mqttConnections, clientId: `${gateway}-${settings.mqttClient}`, trust: settings.mqttTrust }, signal);
  const broker = external !== undefined || mqttAt === undefined ? undefined : await startBroker(context, mqttAt, tls);
  connections = () => (external ?? broker)?.connections() ?? 0;
  watchRedis({ metrics, ready }, redis);
  ready.add("backlog", () => Promise.resolve(backlog.reason()));
  if (external !== undefined) ready.add("broker", () => Promise.resolve(external.connections() === 0 ? "no connection to the MQTT broker stands" : undefined));

  return {
    ready: { ...(http === undefined ? {} : { http: http.port }), ...(broker === undefined ? {} : { mqtt: broker.port }), tls: tls !== undefined },
    async stop() {
      await Promise.all([http?.close(), broker?.close(), external?.close()]);
      await checker.close();
      if (redis.status !== "ready") {
        redis.disconnect();
        return;
      }
      await intake.stop();
      await looking;
      await closeRedis(redis);
    },
  };
});
