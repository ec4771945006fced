import { createReadStream } from "node:fs";

/** The lines of a file, ended by `\n` or `\r\n`, without their ends; a last line without end counts. */
export async function* lines(path: string): AsyncGenerator<string, void, undefined> {
  let rest = "";
  let first = true;
  for await (const chunk of createReadStream(path, { encoding: "utf8" }) as AsyncIterable<string>) {
    const text = first ? chunk.replace(/^\uFEFF/, "") : chunk;
    first = false;
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield part.endsWith("\r") ? part.slice(0, -1) : part;
  }
  if (rest !== "") yield rest;
}
