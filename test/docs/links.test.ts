// The pages for people name files, commands, options, tests and error codes. What they name must be there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { before, describe, it } from "node:test";
import { promisify } from "node:util";
import { registerAll } from "../../cli/commands/index.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const pages = ["README.md", ...readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];

/** Lines of a page, those that end in a backslash joined with the next. */
const linesOf = (page: string): string[] => read(page).replaceAll(/\\\n\s*/g, "").split("\n");

/** What a link to a heading calls it. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

/** All matches of the first group of a pattern, each with its page. */
function named(pattern: RegExp, of = pages): { page: string; what: string }[] {
  return of.flatMap((page) => linesOf(page).flatMap((line) => [...line.matchAll(pattern)].map((match) => ({ page, what: match[1]! }))));
}

/** The name of every page's finding that has a fault; none is what a test wants. */
function faults<T extends { page: string; what: string }>(found: readonly T[], isRight: (item: T) => boolean): string[] {
  return found.filter((item) => !isRight(item)).map(({ page, what }) => `${page}: ${what}`);
}

describe("pages", () => {
  it("link to files and headings that exist", () => {
    const links = named(/\]\(([^)\s]+)\)/g).filter(({ what }) => !/^[a-z]+:/.test(what));
    assert.ok(links.length > 5);
    assert.deepEqual(
      faults(links, ({ page, what }) => {
        const [path = "", heading] = what.split("#");
        const target = path === "" ? page : relative(root, join(root, dirname(page), path));
        if (!existsSync(join(root, target))) return false;
        return heading === undefined || linesOf(target).some((line) => /^#+ /.test(line) && slug(line.replace(/^#+ /, "")) === heading);
      }),
      [],
    );
  });

  it("name folders and files of the project that exist", () => {
    const paths = named(/`((?:bench|circuits|cli|contracts|deployments|scripts|sdk|test|workers)\/[\w./-]*)`/g).filter(({ what }) => !what.endsWith(".test.ts"));
    assert.ok(paths.length > 10);
    assert.deepEqual(faults(paths, ({ what }) => existsSync(join(root, what))), []);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const commands = named(/npm run (?:--\w+ )?([\w:-]+)/g);
    assert.ok(commands.length > 5);
    assert.deepEqual(faults(commands, ({ what }) => what in scripts), []);
  });

  it("name tests that exist, in the file that they name", () => {
    const tests = pages.flatMap((page) =>
      linesOf(page).flatMap((line) => {
        let file = "";
        return [...line.matchAll(/`(?:test\/)?(\w+\/[\w/-]+\.test\.ts)`|"([^"]{12,})"/g)].flatMap(([, path, name]) => {
          if (path !== undefined) file = path;
          return [{ page, file, what: name ?? path! }].filter(() => file !== "");
        });
      }),
    );
    assert.ok(tests.length > 60);
    assert.deepEqual(
      faults(tests, ({ file, what }) => {
        const path = join("test", file);
        if (!existsSync(join(root, path))) return false;
        // A name that ends in an ellipsis stands for a series of tests.
        return what === file || read(path).includes(what.endsWith("…") ? what.slice(0, -1) : `"${what}"`);
      }),
      [],
    );
  });

  it("name error codes that the programs give", () => {
    const sources = ["sdk", "cli", "workers"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
        .map((name) => read(join(folder, name))),
    );
    const text = sources.join("\n");
    const codes = named(/`([A-Z][A-Z]+_[A-Z_]*)(?:…)?`/g, ["docs/buyer.md", "docs/tsp.md", "docs/operations.md"]).filter(({ what }) => !/^QOOD_|_URL$/.test(what));
    // Codes of rows are made of the reason.
    const isCode = (what: string): boolean => text.includes(`"${what}"`) || (what.startsWith("ROW_") && text.includes(`reason: "${what.slice(4).toLowerCase()}"`));
    assert.ok(codes.length > 40);
    assert.deepEqual(faults(codes, ({ what }) => (what.endsWith("_") ? text.includes(`"${what}`) : isCode(what))), []);
  });
});

/** Programs of this project by what a command line calls them; where one has no help, its source is read. */
const programs: readonly { readonly call: RegExp; readonly main: string; readonly help: boolean }[] = [
  ...["storage", "gateway", "ingest", "prover", "delivery", "board", "indexer", "catalog", "kv"].map((name) => ({ call: new RegExp(`workers/${name}/main\\.ts`), main: `workers/${name}/main.ts`, help: true })),
  { call: /npm run demo|scripts\/demo\/main\.ts/, main: "scripts/demo/main.ts", help: true },
  { call: /npm run (?:--silent )?qood --|(?:^|\s)qood |^\s*q /, main: "cli/main.ts", help: true },
  { call: /npm run build:keys/, main: "scripts/circuits/build.ts", help: false },
  { call: /npm run ceremony --/, main: "scripts/ceremony/main.ts", help: true },
  { call: /npm run bench:catalog/, main: "bench/catalog/main.ts", help: true },
  { call: /scripts\/dictionary\/propose\.ts/, main: "scripts/dictionary/propose.ts", help: true },
  { call: /scripts\/deploy\/main\.ts/, main: "scripts/deploy/main.ts", help: true },
];
/** Programs of others, whose options are theirs. */
const FOREIGN = /\b(anvil|redis-server|npx)\b|--input-type=module|scripts\/demo\/check\.ts|npm run test/;
const QOOD = "cli/main.ts";
const FLAG = /(?<![\w-])--([a-z][a-z0-9-]+)/g;

/** The commands of `qood`, in this process: starting it once for each of them would take long. */
const { Command } = createRequire(join(root, QOOD))("commander") as { Command: new (name: string) => Parameters<typeof registerAll>[0] };
const qood = new Command("qood");
registerAll(qood);
/** Every command by its words, with its help and that of the groups that it stands in: their options count for it too. */
const commandsOf = (group: typeof qood, words: readonly string[], above: string): [string, string][] =>
  group.commands.flatMap((command) => {
    const [path, help] = [[...words, command.name()], `${above}\n${command.helpInformation()}`];
    return command.commands.length > 0 ? commandsOf(command, path, help) : [[path.join(" "), help]];
  });
const commands = new Map(commandsOf(qood, [], ""));

const helps = new Map<string, Promise<string>>();
function helpOf(main: string): Promise<string> {
  const help = helps.get(main) ?? promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", main, "--help"], { cwd: root }).then(({ stdout }) => stdout);
  helps.set(main, help);
  return help;
}

/** Options that a program knows; commands of `qood` know their own and those that stand before them. */
async function known(program: (typeof programs)[number], line: string): Promise<Set<string>> {
  if (!program.help) {
    const source = read(program.main);
    const body = source.slice(source.indexOf("options: {"));
    return new Set([...body.matchAll(/"?([a-z][a-z-]+)"?: (?:list|\{ type: )/g)].map(([, name]) => name!));
  }
  const named = program.main === QOOD ? [...commands].filter(([name]) => line.includes(` ${name}`)).map(([, help]) => help) : [];
  const flags = [...[await helpOf(program.main), ...named].join("\n").matchAll(FLAG)].map(([, name]) => name!);
  // parseArgs takes --no-x for every switch of the workers.
  return new Set([...flags, ...(program.main.startsWith("workers/") ? flags.map((name) => `no-${name}`) : [])]);
}

describe("options named in the pages", () => {
  const all = new Set<string>(["input-type", "disable-warning"]);
  before(async () => {
    const every = [...commands.keys()].map((name) => ` ${name}`).join();
    const sets = await Promise.all(programs.map((program) => known(program, every)));
    for (const name of sets.flatMap((set) => [...set])) all.add(name);
  });

  it("are known to some program, where a text names them", () => {
    const flags = named(/`(--[a-z][a-z0-9-]+)/g).map(({ page, what }) => ({ page, what: what.slice(2) }));
    assert.ok(flags.length > 60);
    assert.deepEqual(faults(flags, ({ what }) => all.has(what)), []);
  });

  it("are known to the very program, where a command line gives them", async () => {
    const wrong: string[] = [];
    let seen = 0;
    for (const page of pages) {
      for (const line of linesOf(page).filter((text) => /^ {4,}/.test(text) && !FOREIGN.test(text))) {
        const program = programs.find(({ call }) => call.test(line));
        const flags = [...line.matchAll(FLAG)].map(([, name]) => name!).filter((name) => name !== "disable-warning" && name !== "silent");
        if (program === undefined || flags.length === 0) continue;
        const options = await known(program, line);
        seen += 1;
        wrong.push(...flags.filter((name) => !options.has(name)).map((name) => `${page}: ${program.main} --${name}`));
      }
    }
    assert.ok(seen > 10);
    assert.deepEqual(wrong, []);
  });
});
