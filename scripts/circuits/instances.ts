/** The circuits of this project and where they lie: circuits/circuits.json, checked. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { QoodError } from "@qoodblock/sdk/errors";
import { z } from "zod";

/** The checkout's folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Sources, instances and committed keys. */
export const circuitsFolder = join(root, "circuits");
/** Proving keys, verification keys, witness programs and their hashes, all committed. */
export const keysFolder = join(circuitsFolder, "keys");
/** Build outputs that nobody commits. */
export const cacheFolder = join(root, ".cache", "circuits");

const Instance = z.strictObject({
  file: z.string().endsWith(".circom"),
  template: z.string(),
  parameters: z.array(z.int().nonnegative()),
  public: z.array(z.string()),
  build: z.boolean(),
});

/** One template with its parameters: what a key is made for. `build` says whether its key is made and committed now. */
export type Instance = z.infer<typeof Instance> & { readonly name: string };

/** All instances, or the named one. @throws QoodError `UNKNOWN_CIRCUIT` */
export function readInstances(): Instance[] {
  const parsed = z.record(z.string(), Instance).parse(JSON.parse(readFileSync(join(circuitsFolder, "circuits.json"), "utf8")));
  return Object.entries(parsed).map(([name, instance]) => ({ name, ...instance }));
}

/** The instance of that name. @throws QoodError `UNKNOWN_CIRCUIT` */
export function readInstance(name: string): Instance {
  const found = readInstances().find((instance) => instance.name === name);
  if (found === undefined) throw new QoodError("UNKNOWN_CIRCUIT", `no circuit instance named ${name} in circuits/circuits.json`);
  return found;
}

/** The text of a main component for an instance; `file` as the compiler shall find it. */
export function mainComponent(instance: Instance): string {
  return [
    "pragma circom 2.1.0;",
    `include "${instance.file}";`,
    `component main {public [${instance.public.join(", ")}]} = ${instance.template}(${instance.parameters.join(", ")});`,
    "",
  ].join("\n");
}
