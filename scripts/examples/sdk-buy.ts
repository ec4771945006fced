/** Buys a dataset: checks everything, pays into escrow, waits for the key, opens and verifies, gives the receipt. `qood buyer buy` also goes on where it was stopped. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Wallet } from "ethers";
import { createClient, openProvider, parseDeployment } from "../../sdk/client/index.ts";
import { buy } from "../../sdk/purchase/index.ts";

const [rpc, deploymentFile, offer, folder] = process.argv.slice(2) as [string, string, string, string];
const deployment = parseDeployment(JSON.parse(readFileSync(deploymentFile, "utf8")));
const provider = openProvider(rpc, deployment.chainId);
const client = createClient(deployment, provider);
const signer = new Wallet(process.env.PRIVATE_KEY!, provider);
// Whatever has files by their CIDs: here a folder in which they lie, so that there is nobody to connect to.
const storage = { get: (cid: string) => readFile(join(folder, cid)), connect: () => Promise.resolve() };
const { columns, rows, settled } = await buy({ client, provider, signer, storage, say: console.error }, offer);
for (const line of [columns, ...rows]) console.log(line.join(","));
console.error(`paid: ${settled.map(({ split }) => split.owner).join(" + ")} credited to the owner`);
provider.destroy();
