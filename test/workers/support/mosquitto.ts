import { mkdirSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findDebian } from "../../../workers/shared/engines/debian.ts";
import { freePort } from "../../../workers/shared/engines/ports.ts";
import { startGuarded } from "../../../workers/shared/process/guarded.ts";

const cache = fileURLToPath(new URL("../../../.cache", import.meta.url));

/** A mosquitto of the test's own: Debian's, MQTT 3.1.1 and 5, with its messages on the disk. */
export interface Mosquitto {
  readonly url: string;
  stop(): Promise<void>;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(port, "127.0.0.1", () => {
      connection.destroy();
      resolve(true);
    });
    connection.on("error", () => resolve(false));
  });
}

/** Starts it on a free port, or on one that it had before. */
export async function startMosquitto(dir: string, port?: number): Promise<Mosquitto & { readonly port: number }> {
  const wanted = { name: "mosquitto", file: "usr/sbin/mosquitto", packages: ["mosquitto", "libmosquitto1", "libcjson1", "libdlt2", "libwebsockets17", "libev4", "libuv1", "libwrap0"], code: "MOSQUITTO_MISSING" };
  const found = await findDebian(wanted, cache);
  mkdirSync(dir, { recursive: true });
  const at = port ?? (await freePort());
  const config = join(dir, "mosquitto.conf");
  writeFileSync(config, [`listener ${at} 127.0.0.1`, "allow_anonymous true", "persistence true", `persistence_location ${dir}/`, "max_queued_messages 0", "user root", ""].join("\n"));
  const program = await startGuarded({ name: "mosquitto", command: found.command, args: ["-c", config], env: { ...process.env, ...found.env } });
  let gone: string | undefined;
  void program.ended.then((tail) => (gone = tail));
  while (!(await answers(at))) {
    if (gone !== undefined) throw new Error(`mosquitto ended while starting: ${gone}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { url: `mqtt://127.0.0.1:${at}`, port: at, stop: () => program.stop() };
}
