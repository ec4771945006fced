import { readFileSync } from "node:fs";
import { parseDeployment } from "@qoodblock/sdk/client";
import type { Deployment } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";

/**
 * Reads a deployment file, as the deploy script writes it.
 * @throws QoodError DEPLOYMENT_FILE, BAD_DEPLOYMENT, or CHAIN_ID when it is of another chain.
 */
export function readDeployment(file: string, chainId: number): Deployment {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new QoodError("DEPLOYMENT_FILE", `the deployment file ${file} cannot be read: ${(error as Error).message}`);
  }
  const deployment = parseDeployment(value);
  if (deployment.chainId !== chainId) throw new QoodError("CHAIN_ID", `the deployment in ${file} is on chain ${deployment.chainId}, the settings say ${chainId}`);
  return deployment;
}
