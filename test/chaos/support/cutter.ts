import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Chance } from "./chance.ts";

/** A line between devices and a broker: each connection breaks after some bytes of what the device sends, or of what it is sent. */
export interface Cutter {
  readonly url: string;
  /** Connections that were broken. */
  readonly broken: number;
  close(): Promise<void>;
}

/** Beyond the login: within one of the first publishes, or among their acknowledgements. */
const LEAST = { up: 500, down: 4 } as const;
const SPAN = { up: 4000, down: 12 } as const;

/** @param port - where the broker listens on this machine */
export async function startCutter(port: () => number, chance: Chance): Promise<Cutter> {
  let broken = 0;
  const sockets = new Set<Socket>();
  const server = createServer((device) => {
    const broker = connect(port(), "127.0.0.1");
    const end = (): void => {
      device.destroy();
      broker.destroy();
    };
    for (const socket of [device, broker]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    const way = chance.pick(["up", "down"] as const);
    const left = { up: Infinity, down: Infinity, [way]: LEAST[way] + chance.below(SPAN[way]) };
    const pass = (from: Socket, to: Socket, name: "up" | "down"): void => {
      from.on("data", (bytes: Buffer) => {
        to.write(bytes.subarray(0, left[name]));
        left[name] -= bytes.length;
        if (left[name] > 0 || from.destroyed) return;
        broken += 1;
        // What was let through arrives; what comes after it does not.
        to.end();
        from.destroy();
      });
    };
    pass(device, broker, "up");
    pass(broker, device, "down");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get broken() {
      return broken;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
