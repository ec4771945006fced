/** A fleet that replays recorded drives: car n drives drive n modulo their number, over and over, its clock running on. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { publicKeyOf } from "@qoodblock/sdk/crypto";
import { encodeMessage, MessageSigner } from "@qoodblock/sdk/device";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { schemaHash } from "@qoodblock/sdk/dictionary";
import type { Schema } from "@qoodblock/sdk/dictionary";
import { readDrive, writeGeneratedDrive } from "@qoodblock/sdk/drive";
import { encodeRow, streamHandle } from "@qoodblock/sdk/formats";
import { dataPath, RECORDED } from "../../test/support/data.ts";
import type { StreamConfig } from "../../workers/shared/queue/index.ts";

/** 2026-03-01 00:00 UTC: a fleet's first record. */
export const START = Date.UTC(2026, 2, 1);
/** Chain of the engines that the bench starts. */
export const CHAIN_ID = 31337;

/** A drive that cars repeat: rows on the wire, whose time alone changes from car to car and from lap to lap. */
export interface Lap {
  readonly name: string;
  readonly schema: Schema;
  /** Rows as integers in schema order. */
  readonly values: readonly (readonly (number | null)[])[];
  /** Canonical bytes of each row, the time anywhere. */
  readonly rows: readonly Uint8Array[];
  /** Milliseconds of each row since the first. */
  readonly offsets: readonly number[];
  /** Milliseconds until the drive begins again. */
  readonly period: number;
}

async function readLap(path: string, name: string): Promise<Lap> {
  const { drive, rows } = await readDrive(path);
  const values = rows.map((row) => row.values);
  const first = values[0]![0]!;
  const offsets = values.map((row) => row[0]! - first);
  return { name, schema: drive.schema, values, rows: values.map((row) => encodeRow(row)), offsets, period: offsets.at(-1)! + 500 };
}

/** The recorded drives, or a generated one where they do not lie beside the project. */
export async function readLaps(): Promise<Lap[]> {
  const names = [...RECORDED.obd, ...RECORDED.gps];
  if (names.every((name) => existsSync(dataPath(name)))) return Promise.all(names.map((name) => readLap(dataPath(name), name)));
  const folder = mkdtempSync(join(tmpdir(), "qood-bench-"));
  try {
    const path = join(folder, "drive.csv");
    await writeGeneratedDrive(path, { hours: 1, startMs: START });
    return [await readLap(path, "a generated drive")];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** 32 repeatable bytes. */
const bytes32 = (label: string): Buffer => createHash("sha256").update(label).digest();

/** A car of the fleet. */
export interface BenchCar {
  readonly number: number;
  readonly config: StreamConfig;
  readonly privateKey: Uint8Array;
  /** Where the eight bytes of a row's time lie. */
  readonly timeAt: number;
  /** The drive that it repeats. */
  readonly lap: Lap;
  /** Its next message, of `count` records. */
  message(count: number): DeviceMessage;
  /** {@link BenchCar.message} as it goes over the wire. */
  wire(count: number): Uint8Array;
}

/** What a fleet is made of. Equal settings give equal cars, keys and messages. */
export interface FleetOptions {
  readonly cars: number;
  /** With a device key each, which signs every message; else the TSP attests. */
  readonly signed: boolean;
  /** Address of the VehicleRegistry. */
  readonly registry: Hex;
  /** Cars of two fleets with different names have nothing in common. */
  readonly name: string;
  /** Unix milliseconds of the first record; {@link START} by default. */
  readonly start?: number;
}

/** Where the eight bytes of the time lie in a row: behind the array's head and the integer's. */
const timeAt = (columns: number): number => (columns < 24 ? 2 : 3);

function makeCar(lap: Lap, number: number, { name, signed, registry, start = START }: FleetOptions): BenchCar {
  const privateKey = bytes32(`${name} device ${number}`);
  const schema = toHex(schemaHash(lap.schema));
  const vehicle = BigInt(`0x${bytes32(`${name} vehicle ${number}`).toString("hex").slice(0, 12)}`);
  const handle = streamHandle({ chainId: BigInt(CHAIN_ID), registry, vehicle, epoch: 1, dataClass: "USER", privacy: "ORDINARY", schema });
  const config: StreamConfig = {
    ...{ handle, chainId: CHAIN_ID, registry, vehicle: vehicle.toString(), epoch: 1, dataClass: "USER", privacy: "ORDINARY", schema, dictionaryVersion: 1, keyEpoch: 0 },
    ...{ devicePublicKey: signed ? toHex(publicKeyOf(privateKey)) : null, exclusive: false, h3: [], account: "", deviceSealed: false },
  };
  const signer = signed ? new MessageSigner({ privateKey, stream: handle }) : undefined;
  const at = timeAt(lap.schema.columns.length);
  let next = 0;
  let counter = 0;

  function rows(count: number): Uint8Array[] {
    return Array.from({ length: count }, () => {
      const index = next % lap.rows.length;
      const time = start + Math.floor(next / lap.rows.length) * lap.period + lap.offsets[index]!;
      next += 1;
      const row = Buffer.from(lap.rows[index]!);
      row.writeBigUInt64BE(BigInt(time), at);
      return row;
    });
  }
  function message(count: number): DeviceMessage {
    const salt16 = bytes32(`${name} salt ${number} ${counter}`).subarray(0, 16);
    counter += 1;
    if (signer !== undefined) return signer.sign(rows(count), salt16);
    return { stream: handle, counter: counter - 1, salt16, rows: rows(count), signature: null };
  }
  return { number, config, privateKey, timeAt: at, lap, message, wire: (count) => encodeMessage(message(count)) };
}

/** Makes a fleet out of laps. */
export function makeFleet(laps: readonly Lap[], options: FleetOptions): BenchCar[] {
  return Array.from({ length: options.cars }, (_, number) => makeCar(laps[number % laps.length]!, number, options));
}
