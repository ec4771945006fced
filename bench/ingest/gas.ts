/** Gas of a record in a full interval's anchor beside that of one record in a transaction of its own, as CarChain does it. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, send } from "@qoodblock/sdk/client";
import { anchorTree } from "@qoodblock/sdk/formats";
import { deploy } from "../../scripts/deploy/deploy.ts";
import { testAccount, testChain, testProvider } from "../../test/workers/support/engines.ts";
import type { Row } from "../table.ts";
import type { Form } from "./form.ts";

const artifacts = fileURLToPath(new URL("../../artifacts", import.meta.url));

/** Rows of this room. */
export async function gasRows(form: Form): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), "qood-bench-"));
  const chain = await testChain(dir);
  const provider = testProvider(chain.url);
  try {
    const [foundation, oem, tsp] = [0, 1, 2].map((i) => testAccount(i).connect(provider)) as [ReturnType<typeof testAccount>, ReturnType<typeof testAccount>, ReturnType<typeof testAccount>];
    const deployment = await deploy({
      ...{ foundation, oems: [{ account: oem.address as Hex, wmis: ["WDB"] }], tsps: [tsp.address as Hex], leastWindow: 2 },
      ...{ artifacts, folder: dir, developmentKey: true },
    });
    const { calls } = createClient(deployment, provider);
    let sequence = 0;
    const anchor = async (headers: number): Promise<number> => {
      const tree = anchorTree(Array.from({ length: headers }, (_, i) => toHex(createHash("sha256").update(`header ${sequence} ${i}`).digest())));
      const receipt = await send(tsp, calls.anchor(tree.root, sequence, tree.listHash, tree.listDigest));
      sequence += 1;
      return Number(receipt.gasUsed);
    };
    // The first anchor of a TSP pays for more storage than every later one: neither row counts it.
    await anchor(1);
    const all = await anchor(form.cars);
    const alone = await anchor(1);
    return [
      {
        ...{ what: "gas a record", measured: all / form.anchored, unit: "gas", beside: { name: "one record a transaction", value: alone } },
        // The goal is a gas a record, whatever the other way costs.
        goal: { ratio: 1 / alone, side: "at most" },
        note: `${form.anchored.toLocaleString("en")} records of ${form.cars.toLocaleString("en")} cars under one anchor of ${all.toLocaleString("en")} gas, on anvil`,
      },
    ];
  } finally {
    provider.destroy();
    await chain.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
