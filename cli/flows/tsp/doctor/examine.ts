import { checkBalances } from "./balances.ts";
import { checkChain } from "./chain.ts";
import type { Finding } from "./finding.ts";
import { checkDisk, checkNode, checkPorts } from "./machine.ts";
import { checkRedis } from "./redis.ts";
import { checkKeystores, checkVault } from "./secrets.ts";
import { checkStorage } from "./storage.ts";
import { loadSubject } from "./subject.ts";
import type { Environment } from "./subject.ts";

/** What is to be looked at. */
export interface Examination {
  /** The configuration file; else QOOD_CONFIG, else the environment alone. */
  readonly config?: string;
  /** Names of workers; empty for those that the file has sections for. */
  readonly programs: readonly string[];
  readonly env: Environment;
}

/**
 * Looks at everything that a TSP's workers lean on. Changes nothing but for a small file that it stores and lets go.
 * @throws QoodError PROGRAM_UNKNOWN
 */
export async function examine({ config, programs, env }: Examination): Promise<Finding[]> {
  const { subject, findings } = await loadSubject(config, programs, env);
  const keystores = await checkKeystores(subject);
  const rest = await Promise.all([checkRedis(subject), checkChain(subject), checkStorage(subject), checkVault(subject)]);
  const chainIsWell = !rest[1].some(({ state }) => state === "fault");
  return [
    ...(await checkNode()),
    ...findings,
    ...rest.flat(),
    ...keystores.findings,
    // Of a chain that is not the right one no balance says anything.
    ...(chainIsWell ? await checkBalances(subject, keystores.opened) : []),
    ...(await checkDisk(subject)),
    ...(await checkPorts(subject)),
  ];
}
