// The device in the car, as a process of its own: it reads the drive, judges its rows, signs them in messages and hands
// them to the telemetry queue by the function that the gateway uses.
import { randomBytes } from "node:crypto";
import { SigningKey, Wallet } from "ethers";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { MessageSigner } from "@qoodblock/sdk/device";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { openDrive } from "@qoodblock/sdk/drive";
import type { Drive, DriveFormat } from "@qoodblock/sdk/drive";
import { deviceSetupData, signTypedData } from "@qoodblock/sdk/eip712";
import type { DeviceSetup, Domain } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { encodeRow } from "@qoodblock/sdk/formats";
import { serveCalls } from "@qoodblock/workers/shared/process/calls.ts";
import type { Say } from "@qoodblock/workers/shared/process/calls.ts";
import { closeRedis, connectRedis, createAppender } from "@qoodblock/workers/shared/queue/index.ts";

/** Rows of a message: what a device sends at once. */
const MESSAGE_ROWS = 50;
/** Messages that are appended in one go. */
const GROUP = 32;
const DAY_MS = 86_400_000;

/** Which drive. */
export interface DriveChoice {
  readonly path: string;
  readonly format: DriveFormat | "auto";
  readonly startMs: number | undefined;
}

/** Where the messages go. */
export interface ReplayTarget {
  readonly redis: string;
  readonly prefix: string;
  readonly stream: Hex;
}

const privateKey = randomBytes(32);
const devicePublicKey = toHex(Buffer.from(SigningKey.computePublicKey(privateKey, false).slice(4), "hex"));

function open(choice: DriveChoice): Promise<Drive> {
  return openDrive(choice.path, { format: choice.format, ...(choice.startMs === undefined ? {} : { startMs: choice.startMs }) });
}

/** Rows in messages: full ones, and a shorter one before midnight UTC and at the end. */
async function* messages(drive: Drive, signer: MessageSigner): AsyncGenerator<DeviceMessage> {
  let rows: Uint8Array[] = [];
  let day = -1;
  for await (const event of drive.events()) {
    if (event.kind === "rejected") continue;
    const today = Math.floor(event.values[0]! / DAY_MS);
    if (rows.length > 0 && (rows.length === MESSAGE_ROWS || today !== day)) {
      yield signer.sign(rows);
      rows = [];
    }
    day = today;
    rows.push(encodeRow(event.values));
  }
  if (rows.length > 0) yield signer.sign(rows);
}

async function replay({ choice, target }: { choice: DriveChoice; target: ReplayTarget }, say: Say): Promise<{ messages: number }> {
  const drive = await open(choice);
  const signer = new MessageSigner({ privateKey, stream: target.stream });
  const redis = connectRedis(target.redis);
  try {
    const appender = createAppender(redis, target.prefix);
    let group: DeviceMessage[] = [];
    let sent = 0;
    const flush = async (): Promise<void> => {
      const answers = await appender.append(group, "device");
      const bad = answers.find(({ status }) => status !== "stored");
      if (bad !== undefined) throw new QoodError("MESSAGE_REFUSED", `a message of the drive was not taken: ${"reason" in bad ? bad.reason : bad.status}`);
      sent += group.length;
      group = [];
      say(`${sent} messages sent`);
    };
    for await (const message of messages(drive, signer)) {
      group.push(message);
      if (group.length === GROUP) await flush();
    }
    if (group.length > 0) await flush();
    await appender.endTrip(target.stream);
    return { messages: sent };
  } finally {
    await closeRedis(redis);
  }
}

serveCalls({
  publicKey: () => Promise.resolve(devicePublicKey),
  signSetup: ({ domain, setup }: { domain: Domain; setup: DeviceSetup }) => signTypedData(new Wallet(toHex(privateKey)), deviceSetupData(domain, setup)),
  replay,
});
