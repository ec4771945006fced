/** Declarations of the package, by TypeScript's own compiler, with `.js` in their imports. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { DIST, entriesOf, rooms, SDK } from "./rooms.ts";

/** TypeScript leaves `.ts` in the imports of declarations, which another project may not allow. */
const plain = (text: string): string => text.replaceAll(/(from |import\()"(\.{1,2}\/[^"]+)\.ts"/g, '$1"$2.js"');

/** Writes dist/types. @throws Error with TypeScript's words where a source has a fault */
export function writeDeclarations(): void {
  const config = ts.parseConfigFileTextToJson("tsconfig.json", readFileSync(join(SDK, "../tsconfig.json"), "utf8")).config as { compilerOptions: Record<string, unknown> };
  const outDir = join(DIST, "types");
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, incremental: false, tsBuildInfoFile: undefined, types: ["node"] }, join(SDK, ".."));
  const program = ts.createProgram([...Object.values(entriesOf(rooms())), join(SDK, "proof/snarkjs.d.ts")], { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true, outDir, rootDir: SDK });
  const { diagnostics } = program.emit();
  const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (faults.length > 0) throw new Error(ts.formatDiagnostics(faults.slice(0, 5), { getCanonicalFileName: (name) => name, getCurrentDirectory: () => SDK, getNewLine: () => "\n" }));
  for (const name of readdirSync(outDir, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts"))) {
    const file = join(outDir, name);
    writeFileSync(file, plain(readFileSync(file, "utf8")));
  }
}
