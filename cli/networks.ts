/** Networks by name, and where the contracts are on each. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { BEACON_SOURCES, addressesSchema, parseDeployment } from "@qoodblock/sdk/client";
import type { Deployment } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { NETWORKS, TWO_DAYS } from "../scripts/deploy/networks.ts";
import type { Network } from "../scripts/deploy/networks.ts";

const root = join(import.meta.dirname, "..");

/** The network of a name, or of a node's URL. @throws QoodError NETWORK_UNKNOWN */
export function networkOf(text: string): Network {
  const found = NETWORKS.find(({ name }) => name === text);
  if (found !== undefined) return found;
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return { name: text, rpc: text, leastWindow: TWO_DAYS };
  throw new QoodError("NETWORK_UNKNOWN", `--network ${text} is none of ${NETWORKS.map(({ name }) => name).join(", ")} and no http URL of a node`);
}

/** Where `qood deploy` keeps what belongs to a chain, unless `--out` names another folder. */
export const stateOfChain = (chainId: number): string => join(root, ".state", "deployments", String(chainId));

/** The file that says where the contracts are on a chain: of a deployment from this checkout, else the committed one. @throws QoodError DEPLOYMENT_UNKNOWN */
export function deploymentFile(chainId: number): string {
  const files = [join(stateOfChain(chainId), "deployment.json"), join(root, "deployments", `${chainId}.json`)];
  const found = files.find((file) => existsSync(file));
  if (found === undefined) throw new QoodError("DEPLOYMENT_UNKNOWN", `no deployment on chain ${chainId} is known here: name its file with --deployment, or deploy with \`qood deploy\``);
  return found;
}

const record = z.object({
  format: z.literal("qood/deployment-record/v1"),
  chainId: z.int().positive(),
  startBlock: z.int().min(0),
  contracts: z.record(z.string(), z.object({ address: z.string(), constructorArguments: z.array(z.unknown()) })),
});

/** A deployment.json, or the record of one as it stands in `deployments/`. @throws QoodError BAD_DEPLOYMENT */
export function parseDeploymentOrRecord(value: unknown): Deployment {
  if ((value as { format?: unknown } | null)?.format !== "qood/deployment-record/v1") return parseDeployment(value);
  const parsed = record.safeParse(value);
  if (!parsed.success) throw new QoodError("BAD_DEPLOYMENT", `deployment record: ${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`);
  const { chainId, startBlock, contracts } = parsed.data;
  const addresses = Object.fromEntries(Object.keys(addressesSchema.shape).map((key) => [key, contracts[key]?.address as Hex | undefined]));
  const [, source, showWithin, distance] = contracts.sampleBeacon?.constructorArguments.map(Number) ?? [];
  const beacon = source === undefined ? {} : { beacon: { source: BEACON_SOURCES[source], showWithin, distance } };
  return parseDeployment({ format: "qood/deployment/v1", chainId, startBlock, addresses, ...beacon, ...(contracts.faucet === undefined ? {} : { faucet: contracts.faucet.address }) });
}
