/**
 * `node scripts/deploy/main.ts --rpc URL --out FOLDER [--registrar A]… [--oem A]… [--tsp A]… [--least-window SECONDS]
 * [--allow-unfinished-escrow] [--allow-development-key]`. The deployer's key stands in the environment as QOOD_DEPLOYER_KEY.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { JsonRpcProvider, Wallet } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { readKeyMetadata } from "../../sdk/proof/index.ts";
import { deploy } from "./deploy.ts";

const root = join(import.meta.dirname, "../..");
const list = { type: "string", multiple: true } as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rpc: { type: "string" },
      out: { type: "string" },
      artifacts: { type: "string", default: join(root, "artifacts") },
      registrar: list,
      guardian: list,
      issuer: list,
      auditor: list,
      treasurer: list,
      oem: list,
      tsp: list,
      "least-window": { type: "string" },
      "allow-unfinished-escrow": { type: "boolean", default: false },
      "allow-development-key": { type: "boolean", default: false },
    },
  });
  const key = process.env.QOOD_DEPLOYER_KEY;
  if (values.rpc === undefined || values.out === undefined) throw new QoodError("USAGE", "--rpc URL and --out FOLDER are needed");
  if (key === undefined) throw new QoodError("USAGE", "the environment variable QOOD_DEPLOYER_KEY must hold the deployer's private key");

  const provider = new JsonRpcProvider(values.rpc);
  const accounts = (given: string[] | undefined): Hex[] => (given ?? []) as Hex[];
  const roles = Object.fromEntries(
    (["registrar", "guardian", "issuer", "auditor", "treasurer"] as const).flatMap((role) => (values[role] === undefined ? [] : [[role, accounts(values[role])]])),
  );
  try {
    const { addresses, startBlock } = await deploy({
      foundation: new Wallet(key, provider),
      roles,
      oems: accounts(values.oem),
      tsps: accounts(values.tsp),
      ...(values["least-window"] === undefined ? {} : { leastWindow: Number(values["least-window"]) }),
      artifacts: values.artifacts,
      folder: values.out,
      developmentKey: readKeyMetadata(join(root, "circuits/keys"), "KeyDelivery1").purpose === "development",
      allowUnfinishedEscrow: values["allow-unfinished-escrow"],
      allowDevelopmentKey: values["allow-development-key"],
      onProgress: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(`${JSON.stringify({ startBlock, addresses }, null, 2)}\n`);
  } finally {
    provider.destroy();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
