import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { DICTIONARY_VERSION } from "@qoodblock/sdk/dictionary";
import { CARCHAIN_EXAMPLE, readDrive, writeGeneratedDrive, writeRecords } from "@qoodblock/sdk/drive";
import type { RejectionCounts } from "@qoodblock/sdk/drive";
import { checkDrive } from "../../scripts/demo/check.ts";
import type { CheckResult } from "../../scripts/demo/check.ts";
import { randomOf } from "../../sdk/drive/generate/random.ts";
import { RECORDED, dataPath, needsData } from "../support/data.ts";
import { temporaryFolder } from "../support/folder.ts";
import { GPS_HEADER, gpsRow, trip } from "./samples.ts";

const folder = temporaryFolder();
const SCRIPTS = fileURLToPath(new URL("../../scripts/demo/", import.meta.url));
const output = folder.path("bought.csv");

/** What the main job does to an input, without what lies between: read, write, check. */
async function throughAll(input: string, startMs?: number): Promise<CheckResult & { counts: RejectionCounts }> {
  const { drive, rows, counts } = await readDrive(input, startMs === undefined ? {} : { startMs });
  await writeRecords(
    rows.map(({ values }) => values),
    { schema: drive.schema, dictionaryVersion: DICTIONARY_VERSION, csvPath: output },
  );
  return { ...(await checkDrive({ input, output, ...(startMs === undefined ? {} : { startMs }) })), counts };
}

describe("the checker", () => {
  it("imports nothing but node's own modules and its own folder", () => {
    const files = [`${SCRIPTS}check.ts`, ...readdirSync(`${SCRIPTS}check`).map((name) => `${SCRIPTS}check/${name}`)];
    assert.ok(files.length > 4);
    for (const file of files) {
      const text = readFileSync(file, "utf8");
      const specifiers = [...text.matchAll(/(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1]!);
      for (const specifier of specifiers) {
        const allowed = specifier.startsWith("node:") || (basename(file) === "check.ts" ? /^\.\/check\/[a-z]+\.ts$/ : /^\.\/[a-z]+\.ts$/).test(specifier);
        assert.ok(allowed, `${file} imports ${specifier}`);
      }
      assert.ok(!/import\s*\(|createRequire|getBuiltinModule/.test(text), file);
    }
  });

  for (const name of [...RECORDED.obd, ...RECORDED.gps]) {
    it(`verifies ${name}`, needsData(name), async () => {
      const { verified, reason, records } = await throughAll(dataPath(name));
      assert.deepEqual([verified, reason], [true, undefined]);
      assert.equal(records, readFileSync(dataPath(name), "utf8").trim().split("\n").length - 1);
    });
  }

  it("verifies CarChain's trip and a generated drive across midnight", async () => {
    assert.equal((await throughAll(CARCHAIN_EXAMPLE)).records, 10);
    const generated = folder.path("generated.csv");
    await writeGeneratedDrive(generated, { hours: 13, seed: 3 });
    const { verified, records } = await throughAll(generated);
    assert.deepEqual([verified, records], [true, 13 * 3600]);
  });

  it("runs as a program", async () => {
    await throughAll(CARCHAIN_EXAMPLE);
    const run = (...args: string[]): { status: number | null; stdout: string } => spawnSync(process.execPath, [`${SCRIPTS}check.ts`, ...args], { encoding: "utf8" });
    const good = run(CARCHAIN_EXAMPLE, output);
    assert.equal(good.status, 0);
    assert.equal((JSON.parse(good.stdout) as CheckResult).verified, true);
    const bad = run(CARCHAIN_EXAMPLE, folder.path("nowhere.csv"));
    assert.equal(bad.status, 1);
    assert.match((JSON.parse(bad.stdout) as CheckResult).reason!, /cannot be checked/);
    assert.equal(run(CARCHAIN_EXAMPLE).status, 2);
    assert.equal(run(CARCHAIN_EXAMPLE, output, "--start", "soon").status, 2);
  });
});

describe("the checker says false", () => {
  let input = "";
  let lines: string[] = [];

  before(async () => {
    input = folder.file("drive.csv", `${GPS_HEADER}\n${Array.from({ length: 30 }, (_, i) => gpsRow({ Time: `2018-04-08 10:31:${10 + i}`, Speed: String(61.5 + i / 8), Throttle: i === 7 ? "" : "13" })).join("\n")}\n`);
    const { verified } = await throughAll(input);
    assert.equal(verified, true);
    lines = readFileSync(output, "utf8").trimEnd().split("\n");
  });

  const verdict = async (changed: string[]): Promise<CheckResult> => checkDrive({ input, output: folder.file("changed.csv", `${changed.join("\n")}\n`) });

  async function refuses(changed: string[], reason: RegExp): Promise<void> {
    const result = await verdict(changed);
    assert.equal(result.verified, false);
    assert.match(result.reason!, reason);
  }

  function withCell(line: number, cell: number, change: (text: string) => string): string[] {
    return lines.map((text, i) => (i === line ? text.split(",").map((value, j) => (j === cell ? change(value) : value)).join() : text));
  }

  it("for one value of any column moved by one declared step, either way", async () => {
    // Declared step in the output's unit, column by column after the time.
    const steps = [1e-6, 1e-6, 1e-6, 0.01 * 1.609344, 0.001 * 1.609344, 0.1, 1, 1, 0.01 * 9.80665, 0.01 * 9.80665];
    for (const [i, step] of steps.entries()) {
      for (const sign of [-1, 1]) await refuses(withCell(12, i + 1, (text) => (Number(text) + sign * step).toFixed(12)), /^record 12 /);
    }
  });

  it("but not within half a step: that is what the declaration allows", async () => {
    const step = 0.001 * 1.609344;
    assert.equal((await verdict(withCell(12, 5, (text) => (Number(text) + 0.49 * step).toFixed(12)))).verified, true);
    await refuses(withCell(12, 5, (text) => (Number(text) + 0.51 * step).toFixed(12)), /Vehicle\.Speed/);
  });

  it("for a time moved by a millisecond, or without its zone", async () => {
    await refuses(withCell(3, 0, (text) => text.replace(".000Z", ".001Z")), /^record 3 .*time/);
    await refuses(withCell(3, 0, (text) => text.replace("Z", "")), /time/);
  });

  it("for a value left out, and for one put where there was none", async () => {
    await refuses(withCell(3, 5, () => ""), /missing/);
    await refuses(withCell(8, 7, () => "13"), /the input has none/);
    await refuses(withCell(3, 5, () => "fast"), /Vehicle\.Speed/);
  });

  it("for a row dropped, at the start, in the middle, at the end", async () => {
    for (const dropped of [1, 15, 30]) await refuses(lines.toSpliced(dropped, 1), dropped === 30 ? /ends after 29/ : new RegExp(`^record ${dropped} `));
  });

  it("for a row too many, anywhere", async () => {
    await refuses([...lines, lines.at(-1)!], /more than the 30/);
    await refuses([...lines, ""], /more than the 30/);
    await refuses(lines.toSpliced(10, 0, lines[10]!), /^record 11 /);
  });

  it("for two rows swapped", async () => {
    await refuses(lines.toSpliced(10, 2, lines[11]!, lines[10]!), /^record 10 /);
  });

  it("for a column dropped, added or renamed", async () => {
    await refuses(withCell(4, 3, (text) => `${text},0`), /12 cells/);
    await refuses(withCell(0, 5, () => "Vehicle.Speed [mph]"), /header/);
    await refuses(
      lines.map((line) => line.split(",").slice(0, -1).join()),
      /header/,
    );
  });

  it("for an empty output, and for an input that is none", async () => {
    await refuses([""], /header/);
    assert.equal((await checkDrive({ input: folder.file("other.csv", "a,b\n1,2\n"), output })).verified, false);
    assert.equal((await checkDrive({ input: folder.file("none.csv", `${GPS_HEADER}\n1,2\n`), output: folder.file("head.csv", `${lines[0]!}\n`) })).reason, "the input has no good row");
    assert.equal((await checkDrive({ input: folder.path("nowhere"), output })).verified, false);
  });

  it("for a row in the output that the rules reject", async () => {
    const dirty = folder.file("dirty.csv", `${readFileSync(input, "utf8")}${gpsRow({ Time: "2018-04-08 10:31:40", Latitude: "31" })}\n`);
    const clean = await throughAll(dirty);
    assert.deepEqual([clean.verified, clean.rejected.jump], [true, 1]);
    const forged = `${lines.join("\n")}\n${lines.at(-1)!.replace("30.", "31.")}\n`;
    assert.equal((await checkDrive({ input: dirty, output: folder.file("forged.csv", forged) })).verified, false);
  });

  it("draws the line of a jump where the reader draws it: 100 m and 100 m a second", async () => {
    // A degree of latitude is 111,195 m on the sphere: 899 steps of 10^-6 are 99.96 m, 1798 are 199.93 m.
    for (const [second, steps, jumps] of [
      ["37", 899, 0],
      ["37", 900, 1],
      ["38", 1798, 0],
      ["38", 1799, 1],
    ] as const) {
      const latitude = (30 + steps / 1e6).toFixed(6);
      const path = folder.file("edge.csv", `${GPS_HEADER}\n${gpsRow({})}\n${gpsRow({ Time: `2018-04-08 10:31:${second}`, Latitude: latitude })}\n`);
      const { verified, rejected, counts } = await throughAll(path);
      assert.deepEqual([verified, rejected.jump, counts.jump], [true, jumps, jumps]);
    }
  });

  it("for another start than the one that the drive was read with", needsData("carobd-ufpe3.csv"), async () => {
    const path = dataPath("carobd-ufpe3.csv");
    const startMs = Date.UTC(2023, 2, 4, 5, 6, 7);
    assert.equal((await throughAll(path, startMs)).verified, true);
    assert.equal((await checkDrive({ input: path, output })).verified, false);
    assert.equal((await checkDrive({ input: path, output, startMs })).verified, true);
  });
});

describe("reader and checker, each with its own rules, agree on damaged files", () => {
  const SPOILERS = ["", " ", "x", "-1", "1e3", "1e-3", "NaN", "99999999999999999999", "0.0000005", "89.9999999", '"', "2018-04-08 10:31:41", "1,2", "180", "-180.0000004", "30.32", "٣"];

  /** Damages about one line in eight of a text: a cell replaced, dropped, two lines swapped, a line repeated or cut. */
  function damage(lines: string[], random: () => number): string[] {
    const out = [...lines];
    const pick = (below: number): number => Math.floor(random() * below);
    for (let n = lines.length / 8; n > 0; n--) {
      const i = 1 + pick(out.length - 1);
      const cells = out[i]!.split(",");
      const kind = random();
      if (kind < 0.6) out[i] = cells.with(pick(cells.length), SPOILERS[pick(SPOILERS.length)]!).join();
      else if (kind < 0.7) out[i] = cells.slice(0, -1).join();
      else if (kind < 0.85) [out[i], out[1 + pick(out.length - 1)]] = [out[1 + pick(out.length - 1)]!, out[i]!];
      else if (kind < 0.9) out[i] = out[i]!.slice(0, pick(out[i]!.length));
      else out.splice(i, 0, out[i]!);
    }
    return out;
  }

  const total: RejectionCounts = { unparsable: 0, columns: 0, range: 0, backwards: 0, jump: 0 };

  async function agree(path: string): Promise<void> {
    const { verified, reason, rejected, counts } = await throughAll(path);
    assert.deepEqual([verified, reason], [true, undefined], path);
    assert.deepEqual(rejected, counts);
    for (const key of Object.keys(total) as (keyof RejectionCounts)[]) total[key] += counts[key];
  }

  it("recordings", needsData("austin-bmw-can-10hz.csv", "carobd-ufpe3.csv"), async () => {
    for (const name of ["austin-bmw-can-10hz.csv", "carobd-ufpe3.csv"]) {
      const lines = readFileSync(dataPath(name), "utf8").split("\n").slice(0, 500);
      for (let seed = 1; seed <= 12; seed++) await agree(folder.file(`damaged-${seed}-${name}`, damage(lines, randomOf(seed)).join("\n")));
    }
  });

  it("generated drives", async () => {
    const path = folder.path("whole.csv");
    await writeGeneratedDrive(path, { hours: 0.2, seed: 9 });
    const lines = readFileSync(path, "utf8").split("\n");
    for (let seed = 1; seed <= 12; seed++) await agree(folder.file(`damaged-${seed}.csv`, damage(lines, randomOf(seed)).join("\n")));
    for (const [reason, count] of Object.entries(total)) assert.ok(count > 5, `${reason} was tried ${count} times`);
  });

  it("CarChain trips", async () => {
    const good = { lat: 31.25, lng: 121.44 };
    const cells = [31.25, 31.2500005, 95, -180.1, null, "31.26", "", "x", true, 1e-7, 121.44];
    for (let seed = 1; seed <= 40; seed++) {
      const random = randomOf(seed);
      const pick = (): unknown => cells[Math.floor(random() * cells.length)];
      const points = Array.from({ length: 8 }, () => (random() < 0.6 ? good : random() < 0.8 ? { lat: pick(), lng: pick() } : pick()));
      const speeds = Array.from({ length: 7 + Math.floor(random() * 3) }, () => (random() < 0.8 ? "50" : String(pick())));
      await agree(folder.file("damaged.json", JSON.stringify(trip({ GPS: [good, ...points], SPEED: ["1", ...speeds].join() }))));
    }
  });
});
