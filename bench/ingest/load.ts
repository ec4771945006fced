// A program of the bench: the cars. Each has a connection of its own and one message in flight, as a car has.
import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";
import { readLaps, makeFleet } from "./fleet.ts";
import type { BenchCar, FleetOptions } from "./fleet.ts";

/** How a car signs in at a broker; without a password the broker asks for none. */
export interface Login {
  readonly stream: string;
  readonly topic: string;
  readonly password?: string;
}

/** What the program is told, one after the other; each is answered by one message. */
export type Order =
  | { readonly fleet: FleetOptions }
  | { readonly connect: string; readonly target: string; readonly logins: readonly Login[] }
  | { readonly prepare: number; readonly per: number }
  | { readonly publish: string }
  | { readonly pace: string; readonly per: number; readonly everyMs: number; readonly seconds: number };

/** Cars that connect at the same time. */
const CONNECTING = 50;

let fleet: BenchCar[] = [];
const targets = new Map<string, { client: MqttClient; topic: string }[]>();
/** Messages of the next round by car. */
let ready: Uint8Array[][] = [];

async function connect(url: string, target: string, logins: readonly Login[]): Promise<void> {
  const found: { client: MqttClient; topic: string }[] = [];
  for (let at = 0; at < logins.length; at += CONNECTING) {
    const some = logins.slice(at, at + CONNECTING).map(async ({ stream, topic, password }) => {
      const client = await connectAsync(url, { clientId: `${target}-${stream.slice(2, 18)}`, clean: true, keepalive: 0, reconnectPeriod: 0, ...(password === undefined ? {} : { username: stream, password }) });
      return { client, topic };
    });
    found.push(...(await Promise.all(some)));
  }
  targets.set(target, found);
}

/** Publishes all that is ready; gives the seconds until the last was acknowledged. */
async function publish(target: string): Promise<number> {
  const clients = targets.get(target)!;
  const started = performance.now();
  await Promise.all(
    ready.map(async (wires, i) => {
      const { client, topic } = clients[i]!;
      for (const wire of wires) await client.publishAsync(topic, wire as Buffer, { qos: 1 });
    }),
  );
  return (performance.now() - started) / 1000;
}

/** Every car sends a message each `everyMs`, spread evenly; gives when each of them was sent, Unix milliseconds. */
async function pace(target: string, per: number, everyMs: number, seconds: number): Promise<number[][]> {
  const clients = targets.get(target)!;
  const began = performance.now();
  return Promise.all(
    fleet.map(async (car, i) => {
      const sent: number[] = [];
      for (let due = began + (everyMs * i) / fleet.length; due < began + 1000 * seconds; due += everyMs) {
        const wait = due - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        const { client, topic } = clients[i]!;
        const wire = car.wire(per) as Buffer;
        sent.push(Date.now());
        await client.publishAsync(topic, wire, { qos: 1 });
      }
      return sent;
    }),
  );
}

async function obey(order: Order): Promise<number | number[][]> {
  if ("fleet" in order) fleet = makeFleet(await readLaps(), order.fleet);
  else if ("connect" in order) await connect(order.connect, order.target, order.logins);
  else if ("prepare" in order) ready = fleet.map((car) => Array.from({ length: Math.max(1, Math.round(order.prepare / fleet.length)) }, () => car.wire(order.per)));
  else if ("publish" in order) return publish(order.publish);
  else return pace(order.pace, order.per, order.everyMs, order.seconds);
  return 0;
}

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: (error as Error).message }),
  );
});
process.on("disconnect", () => process.exit(0));
