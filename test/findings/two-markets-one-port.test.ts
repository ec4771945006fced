/**
 * Found: two markets that were started at the same moment both found the usual ports free and chose them, long before their gateways bound
 * them; the second gateway never came up. A port that is chosen is claimed now until its market has ended.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { it } from "node:test";
import { createPortClaims, freePort } from "../../workers/shared/engines/ports.ts";
import { temporaryFolder } from "../support/folder.ts";

const temporary = temporaryFolder();

it("a port that one market has chosen is not chosen by another, though nothing listens there yet", async () => {
  const folder = temporary.path("");
  const usual = await freePort();
  const [first, second] = [createPortClaims(folder), createPortClaims(folder)];
  assert.equal(await first.claim(usual), usual);
  const other = await second.claim(usual);
  assert.notEqual(other, usual);
  assert.notEqual(await first.claim(other), other);
  first.release();
  assert.equal(await second.claim(usual), usual);
  second.release();
});

it("nor one that another program listens at", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const claims = createPortClaims(temporary.path(""));
  assert.notEqual(await claims.claim(port), port);
  server.close();
  await once(server, "close");
  assert.equal(await claims.claim(port), port);
  claims.release();
});

it("a folder in which nothing can be claimed is named, not tried for ever", { timeout: 60_000 }, async () => {
  await assert.rejects(createPortClaims(temporary.path("nowhere")).claim(), { code: "PORT_CLAIM", message: /nowhere: make this folder writable/ });
});

it("and the claims of a market that was killed hold nobody up", { timeout: 60_000 }, async () => {
  const folder = temporary.path("");
  const usual = await freePort();
  const ports = new URL("../../workers/shared/engines/ports.ts", import.meta.url).href;
  const script = `import { createPortClaims } from ${JSON.stringify(ports)}; console.log(await createPortClaims(${JSON.stringify(folder)}).claim(${usual})); setInterval(() => {}, 1000);`;
  const market = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(market.stdout, "data")) as [Buffer];
  assert.equal(Number(line.toString()), usual);
  const claims = createPortClaims(folder);
  assert.notEqual(await claims.claim(usual), usual);
  const ended = once(market, "exit");
  market.kill("SIGKILL");
  await ended;
  assert.equal(await claims.claim(usual), usual);
  claims.release();
});
