import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import { renderConfigSchema } from "../../scripts/config/render.ts";
import { programs } from "../../workers/programs.ts";
import { loadSettings } from "../../workers/shared/config/index.ts";

const workers = join(import.meta.dirname, "../../workers");
const example = join(workers, "operations/config.example.json");
const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

describe("the configuration file of all workers", () => {
  it("has the JSON Schema that the settings say (else: node scripts/config/main.ts)", () => {
    assert.equal(readFileSync(join(workers, "config.schema.json"), "utf8"), renderConfigSchema());
  });

  it("has an example that each worker starts from, and that the schema takes", () => {
    for (const { name, schema } of programs) {
      const loaded = loadSettings({ name, summary: "", schema }, ["--config", example], {});
      assert.ok("settings" in loaded);
      const section = read(example)[name] as Record<string, unknown>;
      assert.notEqual(section, undefined, `no section for ${name}`);
      for (const [key, value] of Object.entries(section)) assert.deepEqual(loaded.settings[key], value, `${name}.${key}`);
    }
    const settings = (name: string): Record<string, unknown> => {
      const { schema } = programs.find((each) => each.name === name)!;
      return (loadSettings({ name, summary: "", schema }, ["--config", example], {}) as { settings: Record<string, unknown> }).settings;
    };
    // The same name, two meanings: the top level's is the chain's.
    assert.equal(settings("qood-storage").rpc, "/run/qood/storage.sock");
    assert.equal(settings("qood-ingest").rpc, "http://127.0.0.1:8545");
  });

  it("is checked by the schema as by the programs", () => {
    const schema = z.fromJSONSchema(read(join(workers, "config.schema.json")));
    const good = read(example);
    assert.equal(schema.safeParse(good).success, true, JSON.stringify(schema.safeParse(good).error));
    for (const wrong of [{ ...good, batchRecords: 5 }, { ...good, "qood-ingest": { batchRecord: 5 } }, { ...good, "qood-ingest": { batchRecords: -1 } }, { ...good, finality: "soon" }, { ...good, "qood-nobody": {} }]) {
      assert.equal(schema.safeParse(wrong).success, false, JSON.stringify(wrong));
    }
  });

  it("has a section for every worker that there is", () => {
    const folders = readdirSync(workers).filter((folder) => existsSync(join(workers, folder, "main.ts")));
    assert.deepEqual(programs.map(({ folder }) => folder).sort(), folders.sort());
    for (const { folder, name } of programs) assert.ok(readFileSync(join(workers, folder, "main.ts"), "utf8").includes(`name: "${name}"`), folder);
  });
});
