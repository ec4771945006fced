/** The reference, from the TSDoc of the sources. */
import { join } from "node:path";
import { Application } from "typedoc";
import { DIST, entriesOf, rooms, SDK } from "./rooms.ts";

/** Writes dist/reference (HTML). @returns how many exports it tells of, and those that have no words */
export async function writeReference(): Promise<{ readonly exports: number; readonly silent: readonly string[] }> {
  const app = await Application.bootstrap({
    ...{ name: "@qoodblock/sdk", entryPoints: Object.values(entriesOf(rooms())), tsconfig: join(SDK, "../tsconfig.json"), out: join(DIST, "reference"), readme: join(SDK, "../docs/sdk.md") },
    ...{ skipErrorChecking: true, excludeExternals: true, excludePrivate: true, logLevel: "Error", disableGit: true, sourceLinkTemplate: "{path}", hideGenerator: true, validation: { notExported: false, invalidLink: false } },
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("typedoc could not read the sources");
  await app.generateDocs(project, join(DIST, "reference"));
  const exports = (project.children ?? []).flatMap((room) => (room.children ?? []).map((child) => ({ name: `${room.name}.${child.name}`, child })));
  const spoken = exports.filter(({ child }) => child.hasComment() || (child.signatures ?? []).some((signature) => signature.hasComment()));
  return { exports: exports.length, silent: exports.filter((each) => !spoken.includes(each)).map(({ name }) => name) };
}
