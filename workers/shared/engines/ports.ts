import { createServer } from "node:net";
import { QoodError } from "@qoodblock/sdk/errors";

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A port on the loopback interface that is free now. */
export function freePort(): Promise<number> {
  return listen(0);
}

/**
 * Makes sure that a port given by hand is free.
 * @throws QoodError PORT_TAKEN.
 */
export async function requirePort(port: number, flag: string): Promise<number> {
  try {
    return await listen(port);
  } catch (error) {
    throw new QoodError("PORT_TAKEN", `port ${port} cannot be used (${(error as NodeJS.ErrnoException).code ?? "error"}): give another with ${flag}, or leave it out for a free one`);
  }
}
