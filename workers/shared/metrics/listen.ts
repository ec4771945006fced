import { QoodError } from "@qoodblock/sdk/errors";

/** Where a server listens. */
export type ListenAt = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * Reads `host:port`, a port of 127.0.0.1, or the path of a unix socket (a text with a slash).
 * @throws QoodError LISTEN
 */
export function parseListenAt(text: string): ListenAt {
  if (text.includes("/")) return { path: text };
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw new QoodError("LISTEN", `${JSON.stringify(text)} is nothing to listen at: host:port, a port of 127.0.0.1, or the path of a unix socket`);
  return { host: (match[1] ?? "127.0.0.1").replace(/^\[(.*)\]$/, "$1"), port };
}
