import { createHash } from "node:crypto";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { publicKeyOf } from "@qoodblock/sdk/crypto";
import { MessageSigner } from "@qoodblock/sdk/device";
import { CAROBD, integerRange, schemaHash } from "@qoodblock/sdk/dictionary";
import { encodeRow, streamHandle } from "@qoodblock/sdk/formats";
import type { StreamConfig } from "../../../workers/shared/queue/index.ts";

/** 2026-03-01 08:00 UTC. */
export const START = Date.UTC(2026, 2, 1, 8);
export const CHAIN_ID = 31337;

/** 32 repeatable bytes. */
export const bytes32 = (label: string): Uint8Array => new Uint8Array(createHash("sha256").update(label).digest());

/** A car of the test fleet: its stream, its device and the rows that it makes. */
export interface Car {
  readonly config: StreamConfig;
  readonly signer: MessageSigner;
  /** A message of `count` rows, one a second, the first at second `at` of the drive. */
  message(at: number, count: number): ReturnType<MessageSigner["sign"]>;
}

/** A good row: the time and a value within each column's range. */
export function goodRow(time: number): (number | null)[] {
  return CAROBD.columns.map((column, i) => {
    if (i === 0) return time;
    const { min, max } = integerRange(column);
    return Math.floor(min + ((time / 1000 + i * 7) % 50) * ((max - min) / 100));
  });
}

/** Car number `n`, always the same. */
export function makeCar(n: number, registry: Hex = toHex(bytes32("registry").subarray(0, 20)), vehicle = String(1000 + n), chainId = CHAIN_ID): Car {
  const schema = toHex(schemaHash(CAROBD));
  const privateKey = bytes32(`device ${n}`);
  const handle = streamHandle({ chainId: BigInt(chainId), registry, vehicle: BigInt(vehicle), epoch: 1, dataClass: "USER", privacy: "ORDINARY", schema });
  const config: StreamConfig = {
    ...{ handle, chainId, registry, vehicle, epoch: 1, dataClass: "USER", privacy: "ORDINARY", schema, dictionaryVersion: 1, keyEpoch: 0 },
    ...{ devicePublicKey: toHex(publicKeyOf(privateKey)), exclusive: false, h3: [], account: "", deviceSealed: false },
  };
  const signer = new MessageSigner({ privateKey, stream: handle });
  return {
    config,
    signer,
    message(at, count) {
      const rows = Array.from({ length: count }, (_, i) => encodeRow(goodRow(START + (at + i) * 1000)));
      return signer.sign(rows, bytes32(`salt ${n} ${signer.state.nextCounter}`).subarray(0, 16));
    },
  };
}
