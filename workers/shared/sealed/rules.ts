import type { Header } from "@qoodblock/sdk/formats";
import { decodeFlags } from "@qoodblock/sdk/formats";
import { ensure } from "@qoodblock/sdk/errors";
import type { SealedPackage } from "@qoodblock/sdk/sealing";
import type { StreamConfig } from "../queue/index.ts";
import type { SealingPosition } from "./position.ts";

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/**
 * What a device's batch must say so that it can stand next in its stream. Whether the files are what the header says is for
 * `checkBatch`; whether the key that it commits to opens it only its key holder can know, who opens it before it is sold.
 * @throws QoodError SEALED_* with what differs
 */
export function checkPlace({ header: { words, rest }, envelope }: Pick<SealedPackage, "header" | "envelope">, config: StreamConfig, at: SealingPosition): void {
  const flags = decodeFlags(words.flags);
  const agrees = (fits: boolean, code: string, what: string): void => ensure(fits, code, `the batch of stream ${config.handle} ${what}`);
  agrees(flags.origin === "DEVICE_SEALED", "SEALED_ORIGIN", `says origin ${flags.origin}, not DEVICE_SEALED`);
  agrees(flags.exclusive === config.exclusive, "SEALED_EXCLUSIVE", `is ${config.exclusive ? "not marked" : "marked"} exclusive, unlike its stream`);
  agrees(same(words.tsp, at.tsp), "SEALED_TSP", `names ${words.tsp} as its TSP, not ${at.tsp}`);
  agrees(same(rest.schema, config.schema) && rest.dictionaryVersion === config.dictionaryVersion, "SEALED_SCHEMA", "is of another schema or dictionary version");
  agrees(rest.keyEpoch === config.keyEpoch, "SEALED_KEY_EPOCH", `is of key epoch ${rest.keyEpoch}; the stream is in ${config.keyEpoch}`);
  agrees(config.devicePublicKey !== null && same(envelope.publicKey, config.devicePublicKey), "SEALED_DEVICE", "is signed by another device key than the stream's");
  checkOrder({ words, rest }, at, agrees);
}

function checkOrder({ words, rest }: Header, at: SealingPosition, agrees: (fits: boolean, code: string, what: string) => void): void {
  agrees(words.sequence === at.sequence, "SEALED_SEQUENCE", `has sequence ${words.sequence}; ${at.sequence} comes next`);
  agrees(same(rest.previousHeader, at.previousHeader), "SEALED_PREVIOUS", `follows header ${rest.previousHeader}, not ${at.previousHeader}`);
  agrees(rest.firstCounter === at.nextCounter && same(rest.chainBefore, at.chain), "SEALED_CHAIN", `begins at message ${rest.firstCounter}, which does not continue the device's chain at ${at.nextCounter}`);
}
