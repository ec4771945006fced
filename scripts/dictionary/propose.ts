/** Proposes the shipped schemas to a deployed dictionary; `--help` tells the options. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { JsonRpcProvider, Wallet } from "ethers";
import { parseDeployment } from "../../sdk/client/index.ts";
import { shippedSchemas } from "../../sdk/dictionary/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { publishDictionary } from "./publish.ts";

const usage = `Proposes the shipped schemas to a deployed dictionary; those that stand in it are left alone.

usage: node scripts/dictionary/propose.ts --rpc URL --deployment FILE [OPTION ...]
  --rpc URL            JSON-RPC node of the chain
  --deployment FILE    deployment.json of the contracts
  --accept             accept them too: the account must be a curator
  --files FOLDER       also write the files in the form that is to be stored on IPFS, each under its CID
  --help               this text
The proposer's private key stands in the environment as QOOD_PROPOSER_KEY.`;

function wallet(): Wallet {
  try {
    return new Wallet(process.env.QOOD_PROPOSER_KEY ?? "");
  } catch {
    // Without the cause: it could carry the key.
    throw new QoodError("USAGE", "the environment variable QOOD_PROPOSER_KEY must hold the proposer's private key: 0x and 64 hexadecimal digits");
  }
}

function readArguments() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({ options: { rpc: text, deployment: text, files: text, accept: flag, help: flag } }).values;
  } catch (error) {
    throw new QoodError("USAGE", `${(error as Error).message.split("\n")[0]!} (--help tells the options)`);
  }
}

async function main(): Promise<void> {
  const given = readArguments();
  if (given.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  if (given.files !== undefined) {
    mkdirSync(given.files, { recursive: true });
    for (const { cid, bytes } of shippedSchemas()) writeFileSync(join(given.files, cid), bytes);
  }
  if (given.rpc === undefined || given.deployment === undefined) throw new QoodError("USAGE", "--rpc and --deployment are needed (--help tells the options)");
  const deployment = parseDeployment(JSON.parse(readFileSync(given.deployment, "utf8")));
  const provider = new JsonRpcProvider(given.rpc, undefined, { cacheTimeout: -1 });
  try {
    const proposer = wallet().connect(provider);
    const { proposed, accepted } = await publishDictionary({ deployment, proposer, ...(given.accept ? { curator: proposer } : {}), onProgress: (line) => process.stderr.write(`${line}\n`) });
    const list = shippedSchemas().map(({ words, id, cid }) => ({ schema: `${words.name}@${words.version}`, id, cid }));
    process.stdout.write(`${JSON.stringify({ proposed: proposed.length, accepted: accepted.length, schemas: list }, null, 2)}\n`);
  } finally {
    provider.destroy();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(error instanceof QoodError ? `propose: ${error.message}\n` : `propose: unforeseen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = error instanceof QoodError ? 1 : 2;
});
