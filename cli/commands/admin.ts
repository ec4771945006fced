import type { Command } from "commander";
import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { shippedSchemas } from "@qoodblock/sdk/dictionary";
import type { SchemaWords } from "@qoodblock/sdk/dictionary";
import { QoodError } from "@qoodblock/sdk/errors";
import { digestToCid } from "@qoodblock/sdk/formats";
import { fromHex } from "@qoodblock/sdk/bytes";
import { wmiBytes } from "@qoodblock/sdk/identity";
import { z } from "zod";
import { bigArgument, schemaArgument } from "../arguments.ts";
import { addressArgument, readJsonFile, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { printTable } from "../output.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

const word = z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value), "expected 32 bytes");
const wordsSchema = z.strictObject({ name: z.string().min(1), version: z.string().min(1), digest: word, fileHash: word, fields: z.int().min(0).max(255) });

/** A schema by its name@version where it is shipped, else what a JSON file proposes. @throws QoodError SCHEMA_UNKNOWN, SCHEMA_FORM, those of files */
function schemaWords(text: string): SchemaWords {
  const shipped = shippedSchemas().find(({ words }) => `${words.name}@${words.version}` === text);
  if (shipped !== undefined) return shipped.words;
  if (!text.endsWith(".json")) throw new QoodError("SCHEMA_UNKNOWN", `${text} is none of the shipped schemas and no .json file: ${shippedSchemas().map(({ words }) => `${words.name}@${words.version}`).join(", ")}`);
  const parsed = wordsSchema.safeParse(readJsonFile(text));
  if (parsed.success) return parsed.data;
  throw new QoodError("SCHEMA_FORM", `${text}: ${parsed.error.issues[0]!.path.join(".") || "file"}: ${parsed.error.issues[0]!.message}`);
}

/** The open proposer of a schema, where there is one and no other. @throws QoodError SCHEMA_NOT_PROPOSED, USAGE */
async function proposerOf({ deployment, reads }: Client, provider: JsonRpcProvider, words: SchemaWords, given: string | undefined): Promise<Hex> {
  if (given !== undefined) return addressArgument(given, "--proposer");
  const id = schemaArgument(`${words.name}@${words.version}`);
  const proposed = await readEvents(deployment, provider, "SchemaProposed", { fromBlock: deployment.startBlock, toBlock: "latest", indexed: [id] });
  const proposers = [...new Set(proposed.map(({ proposer }) => proposer))];
  const open = (await Promise.all(proposers.map(async (proposer) => ({ proposer, at: (await reads.schemaProposalOf(words, proposer)).proposedAt })))).filter(({ at }) => at > 0);
  if (open.length === 0) throw new QoodError("SCHEMA_NOT_PROPOSED", `nobody proposes ${words.name}@${words.version} with this content`);
  if (open.length > 1) throw new QoodError("USAGE", `several accounts propose it: name one with --proposer: ${open.map(({ proposer }) => proposer).join(", ")}`);
  return open[0]!.proposer;
}

async function schemasOf({ deployment, reads }: Client, provider: JsonRpcProvider): Promise<object[]> {
  const proposed = await readEvents(deployment, provider, "SchemaProposed", { fromBlock: deployment.startBlock, toBlock: "latest" });
  const byKey = new Map(proposed.map((each) => [each.key, each]));
  const time = (seconds: number): string | null => (seconds === 0 ? null : new Date(seconds * 1000).toISOString());
  return Promise.all(
    [...byKey.values()].map(async ({ id, proposer, schema }) => {
      const [entry, { proposedAt }] = await Promise.all([reads.schemaOf(id), reads.schemaProposalOf(schema, proposer)]);
      const accepted = entry.acceptedAt !== 0 && entry.digest === schema.digest;
      const state = accepted ? (entry.deprecatedAt === 0 ? "accepted" : "deprecated") : proposedAt === 0 ? "closed" : "proposed";
      return { schema: `${schema.name}@${schema.version}`, state, at: time(accepted ? entry.acceptedAt : proposedAt), proposer, cid: digestToCid(fromHex(schema.digest, 32)) };
    }),
  );
}

/** `qood admin …`: accreditations and the dictionary. Who has a role that waits schedules the act elsewhere first. */
export function registerAdmin(program: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const admin = program.command("admin").description("for registrars, curators and those who propose schemas");
  for (const [name, description, accredited] of [["accredit-oem", "let an OEM vouch for vehicles under a world manufacturer identifier; by a registrar", true], ["revoke-oem", "end that; vehicles that are minted stay", false]] as const) {
    sending(admin, name, description)
      .requiredOption("--oem <address>", "the OEM's account")
      .requiredOption("--wmi <wmi>", "the first three characters of its VINs, six of a small maker")
      .action(async (given: Sending & { oem: string; wmi: string }) => {
        const [oem, wmi] = [addressArgument(given.oem, "--oem"), wmiBytes(given.wmi)];
        await carryOut(options(), given, ({ client: { calls, reads } }) => ({
          ...{ calls: [accredited ? calls.accreditOem(oem, wmi) : calls.revokeOem(oem, wmi)], about: { wmi: given.wmi } },
          after: async () => ({ oem: BigInt(await reads.oemOfWmi(wmi)) === 0n ? null : await reads.oemOfWmi(wmi) }),
        }));
      });
  }
  for (const [name, description, accredited] of [["accredit-tsp", "let a TSP mint vehicles and be an agreement's agent; by a registrar", true], ["revoke-tsp", "end that", false]] as const) {
    sending(admin, name, description)
      .requiredOption("--tsp <address>", "the TSP's account")
      .action(async (given: Sending & { tsp: string }) => {
        const tsp = addressArgument(given.tsp, "--tsp");
        await carryOut(options(), given, ({ client: { calls, reads } }) => ({ calls: [calls.accreditTsp(tsp, accredited)], about: { tsp }, after: async () => ({ accredited: await reads.isTsp(tsp) }) }));
      });
  }

  const schemas = admin.command("schemas").description("the dictionary: what is proposed and what counts");
  schemas
    .command("list")
    .description("every schema that was proposed, and how it stands")
    .action(async () => {
      printTable(await withChain(options(), ({ client, provider }) => schemasOf(client, provider)), options().json);
    });
  const named = (name: string, description: string): Command => sending(schemas, name, description).argument("<schema>", "name@version of a shipped schema, or a JSON file with name, version, digest, fileHash and fields");
  named("propose", "propose a schema; the deposit comes back whatever is decided").action(async (text: string, given: Sending) => {
    const words = schemaWords(text);
    await carryOut(options(), given, async ({ client: { calls, reads } }) => {
      const deposit = await reads.schemaDeposit();
      return { calls: [calls.proposeSchema(words, deposit)], about: { schema: `${words.name}@${words.version}`, deposit } };
    });
  });
  for (const [name, description, call] of [["retract", "take an own proposal back", "retractSchema"], ["reclaim", "have the deposit of an own proposal back that no curator has decided on in time", "reclaimSchemaDeposit"]] as const) {
    named(name, description).action(async (text: string, given: Sending) => {
      const words = schemaWords(text);
      await carryOut(options(), given, ({ client }) => ({ calls: [client.calls[call](words)], about: { schema: `${words.name}@${words.version}` } }));
    });
  }
  for (const [name, description, call] of [["accept", "take a proposed schema into the dictionary, for good; by a curator", "acceptSchema"], ["reject", "refuse a proposed schema; by a curator", "rejectSchema"]] as const) {
    named(name, description)
      .option("--proposer <address>", "whose proposal, where several propose the same")
      .action(async (text: string, given: Sending & { proposer?: string }) => {
        const words = schemaWords(text);
        await carryOut(options(), given, async ({ client, provider }) => ({ calls: [client.calls[call](words, await proposerOf(client, provider, words, given.proposer))], about: { schema: `${words.name}@${words.version}` } }));
      });
  }
  sending(schemas, "deprecate", "mark an accepted schema as no longer to be used; by a curator")
    .argument("<schema>", "name@version")
    .action(async (text: string, given: Sending) => {
      const id = schemaArgument(text);
      await carryOut(options(), given, ({ client }) => ({ calls: [client.calls.deprecateSchema(id)], about: { schema: text } }));
    });
  sending(schemas, "withdraw", "pay out what the dictionary owes the account: deposits that came back")
    .option("--to <address>", "where to; the account itself by default")
    .option("--amount <wei>", "all of it without this")
    .action(async (given: Sending & { to?: string; amount?: string }) => {
      const [to, asked] = [given.to === undefined ? undefined : addressArgument(given.to, "--to"), given.amount === undefined ? undefined : bigArgument(given.amount, "--amount")];
      await carryOut(options(), given, async ({ client: { calls, reads }, account }) => {
        const amount = asked ?? (await reads.schemaCreditOf(account));
        if (amount === 0n) throw new QoodError("NO_CREDIT", `the dictionary owes ${account} nothing`);
        return { calls: [calls.withdrawSchemaCredit(to ?? account, amount)], about: { amount, to: to ?? account } };
      });
    });
}
