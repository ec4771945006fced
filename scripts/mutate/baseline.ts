/** Of which test files it is known that they are green without any mutant, and how long their tests take: remembered while contracts, SDK and tests are the same. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { sha256 } from "./mutants.ts";
import { type Compiled, hashOf, stateFolder } from "./workspace.ts";

const greenSchema = z.strictObject({ durations: z.record(z.string(), z.number()), ms: z.number() });
type Green = z.infer<typeof greenSchema>;

export class Baseline {
  /** Milliseconds that tests took, by full title. */
  readonly durations: Record<string, number> = {};
  readonly #ms = new Map<string, number>();
  #sdk: string | undefined;

  /** Whether a file was green before. */
  isKnown(compiled: Compiled, file: string): boolean {
    const path = this.#path(compiled, file);
    const parsed = existsSync(path) ? greenSchema.safeParse(JSON.parse(readFileSync(path, "utf8"))) : undefined;
    if (parsed?.success !== true) return false;
    this.#take(file, parsed.data);
    return true;
  }

  /** Notes that a file is green. */
  note(compiled: Compiled, file: string, green: Green): void {
    this.#take(file, green);
    const path = this.#path(compiled, file);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(green));
    renameSync(`${path}.${process.pid}`, path);
  }

  /** Milliseconds that files take together, as far as known. */
  ms(files: readonly string[]): number {
    return files.reduce((sum, file) => sum + (this.#ms.get(file) ?? 0), 0);
  }

  #take(file: string, { durations, ms }: Green): void {
    Object.assign(this.durations, durations);
    this.#ms.set(file, ms);
  }

  #path(compiled: Compiled, file: string): string {
    this.#sdk ??= hashOf(["sdk", "scripts/deploy"]);
    return join(stateFolder, "green", `${sha256(basename(compiled.folder), this.#sdk, hashOf([file, "test/contracts/support"]))}.json`);
  }
}
