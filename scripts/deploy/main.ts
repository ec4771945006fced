/** The deploy script; `--help` tells its options. */
import { join } from "node:path";
import { JsonRpcProvider, Wallet } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { readKeyMetadata } from "../../sdk/proof/index.ts";
import { readDeployArguments, usage } from "./arguments.ts";
import { deploy, LOCAL_CHAIN } from "./deploy.ts";
import { saveRecord } from "./state.ts";

const root = join(import.meta.dirname, "../..");

function deployer(): Wallet {
  const key = process.env.QOOD_DEPLOYER_KEY;
  if (key === undefined) throw new QoodError("USAGE", "the environment variable QOOD_DEPLOYER_KEY must hold the deployer's private key");
  try {
    return new Wallet(key);
  } catch {
    // Without the cause: it could carry the key.
    throw new QoodError("USAGE", "QOOD_DEPLOYER_KEY is no private key: 0x and 64 hexadecimal digits");
  }
}

async function main(): Promise<void> {
  const given = readDeployArguments(process.argv.slice(2));
  if (given === undefined) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const provider = new JsonRpcProvider(given.rpc, undefined, { cacheTimeout: -1 });
  try {
    const wallet = deployer();
    const options = {
      roles: given.roles,
      oems: given.oems,
      tsps: given.tsps,
      ...(given.leastWindow === undefined ? {} : { leastWindow: given.leastWindow }),
      ...(given.beacon === undefined ? {} : { beacon: given.beacon }),
      ...(given.faucet === undefined ? {} : { faucet: given.faucet }),
      allowFaucet: given.allowFaucet,
      artifacts: given.artifacts,
      developmentKey: readKeyMetadata(join(root, "circuits/keys"), "KeyDelivery1").purpose === "development",
      allowDevelopmentKey: given.allowDevelopmentKey,
    };
    if (given.dryRun) {
      const { describeDryRun, dryRun } = await import("./dry-run.ts");
      process.stdout.write(`${describeDryRun(await dryRun(provider, wallet.address as Hex, options)).join("\n")}\n`);
      return;
    }
    const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
    const { chainId, addresses, startBlock, record } = await deploy({ ...options, foundation: wallet.connect(provider), folder: given.out, onProgress });
    if (chainId !== LOCAL_CHAIN && record !== undefined) saveRecord(join(root, "deployments"), `${chainId}.json`, record);
    process.stdout.write(`${JSON.stringify({ startBlock, addresses }, null, 2)}\n`);
  } finally {
    provider.destroy();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(error instanceof QoodError ? `deploy: ${error.message}\n` : `deploy: unforeseen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = error instanceof QoodError ? 1 : 2;
});
