/** What the workers of one state folder are told: ports, and one file of settings. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { PortClaims } from "@qoodblock/workers/shared/engines/ports.ts";
import { writeAtomically } from "@qoodblock/workers/shared/process/state.ts";

const portsSchema = z.object({ rpc: z.int(), storage: z.int(), storageListen: z.int(), http: z.int(), mqtt: z.int() }).partial();

/** Ports of the embedded parts. */
export type Ports = Readonly<Record<"rpc" | "storage" | "storageListen" | "http" | "mqtt", number>>;

/** Where devices look for a gateway unless they are told another port. */
const USUAL = { http: 8080, mqtt: 1883 };

/** Ports of an earlier run: an address that somebody has written down stays right. @param rpcPort - a port given by hand. */
export async function choosePorts(state: string, claims: PortClaims, rpcPort: number | undefined): Promise<Ports> {
  const file = join(state, "ports.json");
  const before = { ...USUAL, ...(existsSync(file) ? portsSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data : {}) };
  const ports = {
    ...{ rpc: rpcPort ?? (await claims.claim(before.rpc)), storage: await claims.claim(before.storage), storageListen: await claims.claim(before.storageListen) },
    ...{ http: await claims.claim(before.http), mqtt: await claims.claim(before.mqtt) },
  };
  writeAtomically(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

/** The secret that the gateway's tokens are signed with, made at the first start. */
function tokenSecret(state: string): string {
  const file = join(state, "tsp", "token-secret");
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  return file;
}

/** Settings of secrets: they come from this program's own options, and go to the workers over their environment. */
const SECRETS = ["keystorePassphraseFile", "vaultPassphraseFile", "vaultKeyfile"];

/**
 * Writes the one file of settings that all workers are started with.
 * @param given - the file of `--config`; what is common to all follows from what was started, the rest is the user's.
 * @param ports - `catalog` where one is served: offers are sent to it.
 * @param isLocal - the chain is embedded: anchors cost nothing there, and nobody wants to wait for one.
 * @returns its path.
 */
export function saveSettings(state: string, given: Readonly<Record<string, unknown>>, ports: Ports & { readonly catalog: number | undefined }, isLocal: boolean, common: Readonly<Record<string, unknown>>): string {
  const artefacts = join(state, "tsp", "artefacts");
  const repo = join(state, "tsp", "ipfs");
  const store = join(state, "index");
  for (const folder of [artefacts, repo]) mkdirSync(folder, { recursive: true });
  const own: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "qood-ingest": { artefacts, ...(isLocal ? { anchorSeconds: 1 } : {}) },
    "qood-prover": {},
    "qood-delivery": ports.catalog === undefined ? {} : { catalogs: [`http://127.0.0.1:${ports.catalog}`] },
    ...(ports.catalog === undefined ? {} : { "qood-indexer": { store }, "qood-catalog": { store, listen: `127.0.0.1:${ports.catalog}` } }),
    "qood-gateway": { chainId: common.chainId, http: `127.0.0.1:${ports.http}`, mqtt: `127.0.0.1:${ports.mqtt}`, tokenSecretFile: tokenSecret(state) },
    "qood-storage": { repo, rpc: String(ports.storage), listen: [`/ip4/127.0.0.1/tcp/${ports.storageListen}`] },
  };
  const sections = Object.fromEntries(Object.entries(own).map(([name, section]) => [name, { ...section, ...(given[name] as Record<string, unknown> | undefined) }]));
  const top = Object.fromEntries(Object.entries(given).filter(([name]) => !SECRETS.includes(name)));
  const file = join(state, "config.json");
  writeAtomically(file, `${JSON.stringify({ ...top, ...common, ...sections }, null, 2)}\n`);
  return file;
}
