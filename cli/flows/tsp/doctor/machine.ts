import { accessSync, constants, existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { dirname, resolve } from "node:path";
import { parseListenAt } from "@qoodblock/workers/shared/metrics/index.ts";
import { check } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";

const LEAST_NODE = 24;
const GIB = 2 ** 30;

/** This program runs on the Node that workers need. */
export const checkNode = (version = process.versions.node): Promise<Finding[]> =>
  check("node", (said) => {
    if (Number(version.split(".")[0]) >= LEAST_NODE) said.ok(`Node ${version}`);
    else said.fault(`Node ${version}: the workers need ${LEAST_NODE} or newer; install it or take the checkout's (npm ci, then node_modules/.bin first on the PATH)`);
  });

/** Settings that name a folder which grows. */
const FOLDERS = ["artefacts", "repo", "backup"] as const;

/** There is room, and the right to write, where sealed files and blocks are kept. */
export async function checkDisk({ settings }: Subject, free = statfs): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [program, values] of settings) {
    for (const name of FOLDERS) {
      const folder = values[name];
      if (typeof folder !== "string") continue;
      findings.push(
        ...(await check(`disk ${program} ${name}`, async (said) => {
          let there = resolve(folder);
          while (!existsSync(there)) there = dirname(there);
          try {
            accessSync(there, constants.W_OK);
          } catch {
            said.fault(`${there} cannot be written: give the worker's user the right to`);
          }
          const { bavail, bsize } = await free(there);
          const room = `${((bavail * bsize) / GIB).toFixed(1)} GiB free at ${there}`;
          if (bavail * bsize < GIB) said.fault(`${room}: make room before the workers stop for it`);
          else if (bavail * bsize < 10 * GIB) said.warning(`${room}: plan for more`);
          else said.ok(room);
        })),
      );
    }
  }
  return findings;
}

/** Settings at which a program listens. */
const LISTENS = ["http", "mqtt", "listen", "handoverListen", "metricsListen"] as const;

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host: host === "0.0.0.0" || host === "::" ? "localhost" : host, port, timeout: 2000 });
    const end = (there: boolean) => () => {
      socket.destroy();
      settle(there);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}

/** Why a port cannot be taken, or undefined. */
function refusal(host: string, port: number): Promise<string | undefined> {
  return new Promise((settle) => {
    const server = createServer();
    server.once("error", (error) => settle(error.message));
    server.listen({ host, port }, () => server.close(() => settle(undefined)));
  });
}

/** No two programs want one port, and each is served already or can be taken. */
export async function checkPorts({ settings }: Subject): Promise<Finding[]> {
  const wanted = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [program, values] of settings) {
    for (const name of LISTENS) {
      const text = values[name];
      if (typeof text !== "string" || text === "off") continue;
      const at = parseListenAt(text);
      if ("path" in at || at.port === 0) continue;
      const [who, where] = [`${program} ${name}`, `${at.host}:${at.port}`];
      findings.push(
        ...(await check(`port ${who}`, async (said) => {
          const other = wanted.get(where);
          wanted.set(where, who);
          if (other !== undefined) { said.fault(`${where} is wanted by ${other} too: give each a port of its own`); return; }
          if (await answers(at.host, at.port)) { said.ok(`${where} is served`); return; }
          const why = await refusal(at.host, at.port);
          if (why === undefined) said.ok(`${where} is free`);
          else said.fault(`${where} cannot be taken: ${why}`);
        })),
      );
    }
  }
  return findings;
}
