/** Gas of a record in a full interval's anchor beside that of one record in a transaction of its own, as CarChain does it. */
import { createHash } from "node:crypto";
import { toHex } from "@qoodblock/sdk/bytes";
import { send } from "@qoodblock/sdk/client";
import { anchorTree } from "@qoodblock/sdk/formats";
import type { Row } from "../table.ts";
import type { Lap } from "./fleet.ts";
import type { Form } from "./form.ts";
import type { Site } from "./site.ts";

/** Rows of this room. */
export async function gasRows(form: Form, _: readonly Lap[], { world }: Site): Promise<Row[]> {
  const tsp = world.accounts.tsp.connect(world.provider);
  let sequence = 0;
  const anchor = async (headers: number): Promise<number> => {
    const tree = anchorTree(Array.from({ length: headers }, (_, i) => toHex(createHash("sha256").update(`header ${sequence} ${i}`).digest())));
    const receipt = await send(tsp, world.client.calls.anchor(tree.root, sequence, tree.listHash, tree.listDigest));
    sequence += 1;
    return Number(receipt.gasUsed);
  };
  // The first anchor of a TSP pays for more storage than every later one: neither figure counts it.
  await anchor(1);
  const all = await anchor(form.cars);
  const alone = await anchor(1);
  return [
    {
      ...{ what: "gas a record", measured: all / form.anchored, unit: "gas", beside: { name: "one record a transaction", value: alone } },
      // The goal is one gas a record, whatever the other way costs.
      goal: { ratio: 1 / alone, side: "at most" },
      note: `${form.anchored.toLocaleString("en")} records of ${form.cars.toLocaleString("en")} cars under one anchor of ${all.toLocaleString("en")} gas, on anvil; the goal is 1 gas`,
    },
  ];
}
