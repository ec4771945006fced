/**
 * Found: `qood` ended with a stack trace and exit code 2, as for a fault of its own, where a key file was damaged, where
 * the deployment was another chain's of the same id, and where the node went away between two questions. And it waited
 * for five minutes for a node that takes connections and never answers.
 */
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { after, before, describe, it } from "node:test";
import { mkdirSync } from "node:fs";
import { addressesSchema } from "@qoodblock/sdk/client";
import { mistake } from "../cli/support.ts";
import { temporaryFolder } from "../support/folder.ts";

describe("qood tells in a line, and with exit code 1,", { concurrency: 4 }, () => {
  const temporary = temporaryFolder();
  const address = `0x${"5c".repeat(20)}`;
  const deployment = temporary.file("deployment.json", JSON.stringify({ format: "qood/deployment/v1", chainId: 31337, startBlock: 0, addresses: Object.fromEntries(Object.keys(addressesSchema.shape).map((name) => [name, address])) }));
  const deal = `0x${"11".repeat(32)}`;

  /** Answers of a node; a method that is not among them ends the connection, or in a mute node nothing happens at all. */
  const nodes = new Map<string, { answers: Readonly<Record<string, string>>; mute?: boolean }>([
    ["/empty", { answers: { eth_chainId: "0x7a69", eth_getCode: "0x", eth_call: "0x" } }],
    ["/leaving", { answers: { eth_chainId: "0x7a69", eth_getCode: "0x60" } }],
    ["/mute", { answers: {}, mute: true }],
  ]);
  interface Question {
    readonly id: number;
    readonly method: string;
  }
  function answer(response: ServerResponse, path: string, body: string): void {
    const node = nodes.get(path)!;
    if (node.mute === true) return;
    const asked = JSON.parse(body) as Question | Question[];
    const reply = ({ id, method }: Question): object => ({ jsonrpc: "2.0", id, result: node.answers[method] });
    const all = Array.isArray(asked) ? asked : [asked];
    if (all.some(({ method }) => node.answers[method] === undefined)) response.destroy();
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(Array.isArray(asked) ? all.map(reply) : reply(asked)));
  }
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => answer(response, request.url!, body));
  });
  let base = "";
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const show = (path: string): string[] => ["--deployment", deployment, "--rpc", `${base}${path}`, "deal", "show", deal];

  it("that a key file is damaged", async () => {
    const keystores = temporary.path("keystores");
    mkdirSync(keystores);
    temporary.file("keystores/cut.json", '{"address": "14e7');
    await mistake(["--keystores", keystores, "account", "list"], "ACCOUNT_DAMAGED", /cut\.json is no key file/);
    await mistake(["--keystores", keystores, "--deployment", deployment, "--rpc", base, "income", "show", "--account", "cut"], "ACCOUNT_DAMAGED", /cut\.json is no key file/);
  });
  it("that the contracts are not on this chain", async () => {
    mkdirSync(temporary.path("accounts"));
    temporary.file("accounts/owner.json", JSON.stringify({ address }));
    const income = ["--keystores", temporary.path("accounts"), "--deployment", deployment, "--rpc", `${base}/empty`, "income", "show", "--account", "owner"];
    await mistake(income, "NO_CONTRACTS", /no contract at 0x5c.*another chain/);
  });
  it("that the node went away", () => mistake(show("/leaving"), "CHAIN_CALL_FAILED", /the node at http/));
  // It used to wait for 300 seconds.
  it("that the node does not answer", { timeout: 240_000 }, () => mistake(show("/mute"), "RPC_UNREACHABLE", /no node answers at/));
});
