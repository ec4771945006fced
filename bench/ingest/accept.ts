/** Records accepted a second, from a device's message to a durable one, beside the same bytes through a bare broker. */
import { randomBytes } from "node:crypto";
import { publicKeyOf, sha256, signDigest, verifyingKey } from "@qoodblock/sdk/crypto";
import { paired } from "../table.ts";
import type { Row } from "../table.ts";
import { startBroker } from "./children.ts";
import type { Lap } from "./fleet.ts";
import type { Form } from "./form.ts";
import type { Fleet, Site } from "./site.ts";

/** Verifications of a secp256k1 signature a second, raw, on one thread. */
export function rawVerifies(count: number): number {
  const key = randomBytes(32);
  const message = randomBytes(120);
  const signature = signDigest(key, sha256(message));
  const verifying = verifyingKey(publicKeyOf(key));
  const started = performance.now();
  for (let i = 0; i < count; i += 1) if (!verifying.verify(message, signature)) throw new Error("a right signature was refused");
  return (1000 * count) / (performance.now() - started);
}

interface Rates {
  readonly own: number[];
  readonly bare: number[];
  readonly verifies: number[];
}

/** Rounds of a fleet through its own way in and the bare one, turn by turn. */
async function rounds(form: Form, { load }: Fleet, per: number, messages: number): Promise<Rates> {
  const rates: Rates = { own: [], bare: [], verifies: [] };
  for (let round = 0; round <= form.rounds; round += 1) {
    await load.do({ prepare: messages, per });
    const order = ["own", "bare"] as const;
    for (const target of round % 2 === 0 ? order : order.toReversed()) {
      const seconds = await load.do({ publish: target });
      if (round > 0) rates[target].push((Math.max(1, Math.round(messages / form.cars)) * form.cars * per) / seconds);
    }
    if (round > 0) rates.verifies.push(rawVerifies(form.name === "quick" ? 50 : 1000));
  }
  return rates;
}

async function measure(site: Site, form: Form, laps: readonly Lap[], signed: boolean): Promise<Row[]> {
  const prefix = signed ? "signed" : "token";
  const fleet = await site.fleet(prefix, laps, { cars: form.cars, signed, name: prefix });
  const own = await site.gateway(prefix, fleet);
  const bare = await startBroker(site.world.redisEngine.socket, prefix);
  await fleet.load.do({ connect: bare.url, target: "bare", logins: own.logins });
  const many = await rounds(form, fleet, 50, form.messages.many);
  const single = await rounds(form, fleet, 1, form.messages.single);
  await own.worker.stop();
  bare.stop();
  fleet.load.stop();
  const how = signed ? "signature a message" : "session token";
  const row = (rates: Rates, per: number, goal: boolean): Row => {
    const { measured, peer, ratio } = paired(rates.own, rates.bare);
    return {
      ...{ what: `accepted, ${per} a message, ${how}`, measured, unit: "records/s", beside: { name: "bare broker and XADD", value: peer }, ratio },
      ...(goal ? { goal: { ratio: 0.5, side: "at least" as const } } : {}),
    };
  };
  const found = [row(many, 50, !signed), row(single, 1, false)];
  if (!signed) return found;
  const { measured, peer, ratio } = paired(single.own, single.verifies);
  return [...found, { what: "  the same, 1 a message", measured, unit: "messages/s", beside: { name: "raw secp256k1 verifies/s", value: peer }, ratio, note: "one thread alone for the raw figure" }];
}

/** Rows of this room. */
export async function acceptRows(form: Form, laps: readonly Lap[], site: Site): Promise<Row[]> {
  return [...(await measure(site, form, laps, false)), ...(await measure(site, form, laps, true))];
}
