import type { Redis } from "ioredis";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { parseDeployment } from "@qoodblock/sdk/client";
import { DICTIONARY_VERSION, SCHEMAS, schemaId } from "@qoodblock/sdk/dictionary";
import type { Schema } from "@qoodblock/sdk/dictionary";
import { QoodError } from "@qoodblock/sdk/errors";
import { schemaHash, streamHandle } from "@qoodblock/sdk/formats";
import { deviceName, keys, readStatus, readStream, registerStream, schemaOf, streamConfigSchema } from "@qoodblock/workers/shared/queue/index.ts";
import type { StreamConfig } from "@qoodblock/workers/shared/queue/index.ts";
import { readJsonFile } from "../../context.ts";

/** A stream for people: what it is and where it stands. */
export interface StreamView {
  readonly handle: Hex;
  readonly vehicle: string;
  readonly class: string;
  readonly schema: string;
  /** Name of the device within the stream, `tsp` where the TSP attests. */
  readonly device: string;
  readonly status: string;
  /** Counter of the next message. */
  readonly next: number;
  /** Messages that are in no batch yet. */
  readonly waiting: number;
  /** Sequence of the next batch. */
  readonly sequence: number;
  /** The batch under way, with how far it is; null where there is none. */
  readonly openBatch: string | null;
}

/** A registered schema by its `name@version`. @throws QoodError SCHEMA_UNKNOWN */
export function schemaNamed(id: string): Schema {
  const found = SCHEMAS.find((schema) => schemaId(schema) === id);
  if (found === undefined) throw new QoodError("SCHEMA_UNKNOWN", `there is no schema ${id}: known are ${SCHEMAS.map(schemaId).join(", ")}`);
  return found;
}

/** What a stream takes at present; nobody has looked at it yet: it is active. */
async function statusOf(redis: Redis, prefix: string, handle: string): Promise<string> {
  const status = await readStatus(redis, prefix, handle);
  return status === undefined ? "active" : `${status.state}, since ${status.since}, ${status.reason}`;
}

async function view(redis: Redis, prefix: string, config: StreamConfig): Promise<StreamView> {
  const { handle } = config;
  const device = deviceName(config.devicePublicKey);
  const [next, state, status] = await Promise.all([redis.hget(keys.chain(prefix, handle, device), "next"), redis.hgetall(keys.sequence(prefix, handle)), statusOf(redis, prefix, handle)]);
  const open = state.open === undefined || state.open === "" ? undefined : Number(state.open);
  const progress = open === undefined ? null : await redis.hget(keys.batch(prefix, handle, open), "status");
  return {
    ...{ handle, vehicle: config.vehicle, class: `${config.dataClass}/${config.privacy}`, schema: schemaId(schemaOf(config)), device, status },
    ...{ next: Number(next ?? 0), waiting: Number(next ?? 0) - Number(state[`planned:${device}`] ?? 0), sequence: Number(state.next ?? 0) },
    openBatch: open === undefined ? null : `${open} ${progress ?? ""}`.trim(),
  };
}

/** Every registered stream, by handle. */
export async function listStreams(redis: Redis, prefix: string): Promise<StreamView[]> {
  const configs = Object.values(await redis.hgetall(keys.streams(prefix))).map((text) => streamConfigSchema.parse(JSON.parse(text)));
  configs.sort((a, b) => (a.handle < b.handle ? -1 : 1));
  return Promise.all(configs.map((config) => view(redis, prefix, config)));
}

/** A registered stream by its handle, or by enough of its beginning. @throws QoodError STREAM_UNKNOWN, STREAM_AMBIGUOUS */
export async function findStream(redis: Redis, prefix: string, text: string): Promise<StreamConfig> {
  const wanted = text.toLowerCase();
  const found = /^0x[0-9a-f]{64}$/.test(wanted) ? [wanted] : (await redis.hkeys(keys.streams(prefix))).filter((handle) => /^0x[0-9a-f]{4,}$/.test(wanted) && handle.startsWith(wanted));
  if (found.length > 1) throw new QoodError("STREAM_AMBIGUOUS", `${text} begins the handles of ${found.length} streams: give more of it`);
  const config = found[0] === undefined ? undefined : await readStream(redis, prefix, found[0]);
  if (config === undefined) throw new QoodError("STREAM_UNKNOWN", `stream ${text} is not registered: \`qood tsp streams add\` does that, \`qood tsp streams list\` shows those that are`);
  return config;
}

/** One stream with all that is known of it. @throws as {@link findStream} */
export async function showStream(redis: Redis, prefix: string, handle: string): Promise<StreamView & Omit<StreamConfig, "schema">> {
  const config = await findStream(redis, prefix, handle);
  return { ...config, ...(await view(redis, prefix, config)) };
}

/** What is given on the command line. */
export interface AddOptions {
  readonly file?: string;
  readonly vehicle?: string;
  readonly epoch: string;
  readonly class: string;
  readonly privacy: string;
  readonly schema?: string;
  readonly keyEpoch: string;
  readonly deviceKey?: string;
  readonly attested?: boolean;
  readonly exclusive?: boolean;
  readonly deviceSealed?: boolean;
  readonly account?: string;
  readonly h3?: string;
  readonly registry?: string;
  readonly chainId?: string;
}

type StreamInput = z.input<typeof streamConfigSchema>;

/** A stream in a file: its handle, dictionary version and class may be left out, and its schema may be a name. */
const fileSchema = z.looseObject({ schema: z.string(), chainId: z.int(), registry: z.string(), vehicle: z.coerce.string().regex(/^\d{1,78}$/, "must be a token id in decimal"), epoch: z.int(), dataClass: z.enum(["OEM", "USER", "DISPUTED"]), privacy: z.enum(["ORDINARY", "PRIVATE"]).default("ORDINARY") });

function complete(given: unknown, where: string): StreamInput {
  const parsed = fileSchema.safeParse(given);
  if (!parsed.success) throw new QoodError("STREAM_CONFIG", `${where}: ${parsed.error.issues[0]!.path.join(".")} ${parsed.error.issues[0]!.message}`);
  const stream = parsed.data;
  const named = stream.schema.startsWith("0x") ? undefined : schemaNamed(stream.schema);
  const schema = named === undefined ? (stream.schema as Hex) : schemaHash(named.name, named.version);
  const registry = stream.registry.toLowerCase() as Hex;
  const handle = streamHandle({ chainId: BigInt(stream.chainId), registry, vehicle: BigInt(stream.vehicle), epoch: stream.epoch, dataClass: stream.dataClass, privacy: stream.privacy, schema });
  return { dictionaryVersion: DICTIONARY_VERSION, keyEpoch: 0, handle, ...stream, registry, schema } as unknown as StreamInput;
}

function fromFlags(given: AddOptions, deployment: string | undefined): unknown {
  const contracts = deployment === undefined ? undefined : parseDeployment(readJsonFile(deployment));
  const need = (value: string | undefined, flag: string): string => {
    if (value === undefined) throw new QoodError("OPTION_MISSING", `${flag} is needed, or a JSON file with the stream: --file`);
    return value;
  };
  if (given.attested !== true && given.deviceKey === undefined) throw new QoodError("OPTION_MISSING", "--device-key is needed, 64 bytes x ‖ y; or --attested for a stream without a device's signatures");
  if (given.attested === true && given.deviceSealed === true) throw new QoodError("USAGE", "--attested and --device-sealed exclude each other: who seals signs");
  if (given.attested === true && given.deviceKey !== undefined) throw new QoodError("USAGE", "--attested and --device-key exclude each other");
  return {
    chainId: Number(given.chainId ?? need(contracts?.chainId.toString(), "--chain-id (or --deployment)")),
    registry: given.registry ?? need(contracts?.addresses.vehicleRegistry, "--registry (or --deployment)"),
    ...{ vehicle: need(given.vehicle, "--vehicle"), epoch: Number(given.epoch), dataClass: given.class, privacy: given.privacy, schema: need(given.schema, "--schema") },
    ...{ keyEpoch: Number(given.keyEpoch), devicePublicKey: given.deviceKey?.toLowerCase() ?? null, exclusive: given.exclusive === true },
    ...{ deviceSealed: given.deviceSealed === true, account: given.account ?? "" },
    h3: given.h3 === undefined ? [] : given.h3.split(",").map((cell) => cell.trim()),
  };
}

/**
 * Registers streams: one from flags, or one or many from a file.
 * @param deployment - the deployment file, which says chain and registry where the flags do not.
 * @throws QoodError STREAM_CONFIG, SCHEMA_UNKNOWN, OPTION_MISSING, USAGE
 */
export async function addStreams(redis: Redis, prefix: string, given: AddOptions, deployment: string | undefined): Promise<StreamView[]> {
  const inputs = given.file === undefined ? [complete(fromFlags(given, deployment), "the stream")] : [readJsonFile(given.file)].flat().map((each, i) => complete(each, `${given.file!}, stream ${i + 1}`));
  const added: StreamView[] = [];
  for (const input of inputs) added.push(await view(redis, prefix, await registerStream(redis, prefix, input)));
  return added;
}
