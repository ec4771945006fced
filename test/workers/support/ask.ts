import { request } from "node:http";

/** What a server has answered. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks a server at an http URL or the path of a unix socket; unlike `fetch` with any Host that is wanted. */
export function ask(address: string, path: string, options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Answered> {
  const where = address.startsWith("http") ? { hostname: new URL(address).hostname, port: new URL(address).port } : { socketPath: address };
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, path, method: options.method ?? "GET", headers: { ...options.headers }, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() }));
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** A metric's samples in Prometheus' text, by their labels as written: `{"": 1}` or `{'queue="seal"': 0}` without the label `worker`. */
export function samples(text: string, name: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const match = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const labels = (match[2] ?? "").split(",").filter((label) => !label.startsWith("worker="));
    found[labels.join(",")] = Number(match[3]);
  }
  return found;
}
