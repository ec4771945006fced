import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { JsonRpcProvider } from "ethers";
import { z } from "zod";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { agreementData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { DATA_CLASS, PRIVACY, agreementId, offerSchema, pairIndex, sixPairs } from "@qoodblock/sdk/market";
import type { Agreement } from "@qoodblock/sdk/market";
import { bigArgument, bytesArgument, classArgument, hexArgument, privacyArgument, timeArgument, wholeArgument } from "../arguments.ts";
import { addressArgument, readJsonFile, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { printResult, toJson } from "../output.ts";
import { several } from "./several.ts";
import { epochOf } from "./stream-options.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

const textSchema = offerSchema.shape.agreement.shape.text;

/** An agreement's text as `agreements draft` writes it. @throws QoodError FILE_UNREADABLE, FILE_NOT_JSON, AGREEMENT_FORM */
function textFile(path: string): Agreement {
  const parsed = z.safeDecode(textSchema, readJsonFile(path) as z.input<typeof textSchema>);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new QoodError("AGREEMENT_FORM", `${path} is no agreement: ${issue.path.map(String).join(".") || "file"}: ${issue.message}`);
}

/** `user/ordinary=6000,1000,2500,500`: a pair with the shares of owner, OEM, agent and storage. */
function pairOf(text: string): Parameters<typeof sixPairs>[0][number] {
  const found = /^(\w+)\/(\w+)=(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})$/.exec(text);
  if (found === null) throw new QoodError("USAGE", `--pair ${text} must be class/privacy= and the shares of owner, OEM, agent and storage in basis points: user/ordinary=6000,1000,2500,500`);
  const [ownerBps, oemBps, agentBps, storageBps] = found.slice(3).map(Number) as [number, number, number, number];
  return { dataClass: DATA_CLASS[classArgument(found[1]!)], privacy: PRIVACY[privacyArgument(found[2]!)], ownerBps, oemBps, agentBps, storageBps };
}

/** `0x…=0,2000000,0`: a token with the floors per batch of OEM, USER and DISPUTED data. */
function tokenOf(text: string): Agreement["tokens"][number] {
  const [token = "", list = ""] = text.split("=");
  const floors = list.split(",");
  if (floors.length !== 3) throw new QoodError("USAGE", `--token ${text} must be an address, = and the floors of OEM, USER and DISPUTED data: 0x…=0,2000000,0`);
  const [oemFloor, userFloor, disputedFloor] = floors.map((floor) => bigArgument(floor, "--token")) as [bigint, bigint, bigint];
  return { token: addressArgument(token, "--token"), oemFloor, userFloor, disputedFloor };
}

interface Draft {
  readonly vehicle: string;
  readonly agent: string;
  readonly storagePayee: string;
  readonly pair: readonly string[];
  readonly token?: readonly string[];
  readonly notice: string;
  readonly legalHash: string;
  readonly deadline: string;
  readonly out: string;
}

async function draft({ reads, deployment }: Client, given: Draft): Promise<Agreement> {
  const vehicle = bigArgument(given.vehicle, "--vehicle");
  const epoch = await reads.epochOf(vehicle);
  const [owner, oem, { nonce }] = await Promise.all([reads.ownerOf(vehicle), reads.oemOf(vehicle), reads.headOf(agreementId(vehicle, epoch))]);
  return {
    ...{ vehicle, epoch, owner, oem, agent: addressArgument(given.agent, "--agent"), storagePayee: addressArgument(given.storagePayee, "--storage-payee") },
    pairs: sixPairs(given.pair.map(pairOf)),
    tokens: given.token?.map(tokenOf) ?? [{ token: deployment.addresses.qdd, oemFloor: 0n, userFloor: 0n, disputedFloor: 0n }],
    ...{ noticePeriod: wholeArgument(given.notice, "--notice"), legalHash: hexArgument(32, given.legalHash, "--legal-hash"), nonce, deadline: timeArgument(given.deadline, "--deadline") },
  };
}

async function shown(client: Client, provider: JsonRpcProvider, given: { vehicle: string; epoch?: string }): Promise<object> {
  const { deployment, reads } = client;
  const vehicle = bigArgument(given.vehicle, "--vehicle");
  const epoch = await epochOf(client, vehicle, given.epoch);
  const id = agreementId(vehicle, epoch);
  const [{ nonce }, { version, denied, start }, agreed] = await Promise.all([
    ...[reads.headOf(id), reads.currentVersion(id)] as const,
    readEvents(deployment, provider, "Agreed", { fromBlock: deployment.startBlock, toBlock: "latest", indexed: [id] }),
  ]);
  // The last that both have signed; its end is a version of its own, without a text.
  const last = agreed.at(-1);
  if (last === undefined) throw new QoodError("AGREEMENT_NONE", `there is no agreement for vehicle ${vehicle} in ownership epoch ${epoch}`);
  const { text } = last;
  const pairs = text.pairs.filter(({ authorised }) => authorised).map(({ dataClass, privacy, ownerBps, oemBps, agentBps, storageBps }) => {
    const name = `${Object.keys(DATA_CLASS)[dataClass - 1]!}/${Object.keys(PRIVACY)[privacy - 1]!}`.toLowerCase();
    return `${name}=${[ownerBps, oemBps, agentBps, storageBps].join(",")}${((denied >> pairIndex(dataClass, privacy)) & 1) === 1 ? " (denied)" : ""}`;
  });
  const { owner, oem, agent, storagePayee, noticePeriod, legalHash } = text;
  return {
    ...{ vehicle, epoch, inForce: version !== 0, version: last.version, from: version === 0 ? null : new Date(start * 1000).toISOString(), owner, oem, agent, storagePayee },
    ...{ pairs, tokens: text.tokens, noticePeriod, legalHash, nonce },
  };
}

/** `agreements …`, of owners and OEMs alike. */
export function registerAgreements(program: Command, group: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const agreements = group.command("agreements").description("QoodShares: who may sell which data of a vehicle, and who gets which share");
  agreements
    .command("show")
    .description("the agreement of a vehicle: what is in force, what is denied")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .option("--epoch <number>", "ownership epoch; the present one without it")
    .action(async (given: { vehicle: string; epoch?: string }) => {
      printResult(await withChain(options(), ({ client, provider }) => shown(client, provider, given)), options().json);
    });
  agreements
    .command("draft")
    .description("write an agreement's text into a file, for both principals to sign; owner, OEM, epoch and nonce come from the chain")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .requiredOption("--agent <address>", "the TSP that sells")
    .requiredOption("--storage-payee <address>", "who is paid for storage")
    .requiredOption("--pair <pair>", "what may be sold, and the shares: user/ordinary=6000,1000,2500,500; may be given several times", several)
    .option("--token <token>", "an accepted token with the floors of OEM, USER and DISPUTED data: 0x…=0,2000000,0; may be given several times; QDD without floors by default", several)
    .option("--notice <seconds>", "how long it stays in force when one of the two ends it", "0")
    .requiredOption("--legal-hash <hex>", "hash of the paper contract, 32 bytes")
    .requiredOption("--deadline <time>", "until when the signatures count")
    .requiredOption("--out <file>", "the file to write; not overwritten")
    .action(async (given: Draft) => {
      const text = await withChain(options(), ({ client }) => draft(client, given));
      try {
        writeFileSync(given.out, `${JSON.stringify(JSON.parse(toJson(text)), null, 2)}\n`, { flag: "wx" });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw code === "EEXIST" ? new QoodError("FILE_EXISTS", `${given.out} exists already: choose another name`) : new QoodError("FILE_UNWRITABLE", `${given.out} cannot be written (${code ?? "error"})`);
      }
      printResult({ file: given.out, vehicle: text.vehicle, epoch: text.epoch, owner: text.owner, oem: text.oem, nonce: text.nonce }, options().json);
    });
  agreements
    .command("sign")
    .description("sign an agreement's text that names the account; nothing is sent")
    .requiredOption("--account <name>", "your account")
    .requiredOption("--text <file>", "the file of `agreements draft`")
    .action(async (given: Sending & { text: string }) => {
      const text = textFile(given.text);
      await carryOut(options(), given, async ({ client: { deployment }, account, signer }) => {
        const role = (["owner", "oem"] as const).find((each) => text[each].toLowerCase() === account.toLowerCase());
        if (role === undefined) throw new QoodError("AGREEMENT_PARTY", `the agreement names ${text.owner} and ${text.oem}; account ${account} is neither`);
        const domain = { chainId: deployment.chainId, verifyingContract: deployment.addresses.qoodShares };
        return { calls: [], about: { role, signature: await signTypedData(await signer(), agreementData(domain, text)) } };
      });
    });
  sending(agreements, "submit", "put an agreement in force that both have signed; by anyone")
    .requiredOption("--text <file>", "the file of `agreements draft`")
    .requiredOption("--owner-signature <hex>", "of `agreements sign`")
    .requiredOption("--oem-signature <hex>", "of `agreements sign`")
    .action(async (given: Sending & { text: string; ownerSignature: string; oemSignature: string }) => {
      const text = textFile(given.text);
      const [owner, oem] = [bytesArgument(given.ownerSignature, "--owner-signature"), bytesArgument(given.oemSignature, "--oem-signature")];
      await carryOut(options(), given, ({ client }) => ({
        ...{ calls: [client.calls.agree(text, owner, oem)], about: { vehicle: text.vehicle, epoch: text.epoch } },
        after: async () => ({ version: (await client.reads.currentVersion(agreementId(text.vehicle, text.epoch))).version }),
      }));
    });
  sending(agreements, "deny", "stop the sale of a class and privacy grade at once; by either principal")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .requiredOption("--class <class>", "oem, user or disputed")
    .requiredOption("--privacy <grade>", "ordinary or private")
    .option("--epoch <number>", "ownership epoch; the present one without it")
    .action(async (given: Sending & { vehicle: string; class: string; privacy: string; epoch?: string }) => {
      const [vehicle, dataClass, privacy] = [bigArgument(given.vehicle, "--vehicle"), DATA_CLASS[classArgument(given.class)], PRIVACY[privacyArgument(given.privacy)]];
      await carryOut(options(), given, async ({ client }) => {
        const epoch = await epochOf(client, vehicle, given.epoch);
        return { calls: [client.calls.deny(vehicle, epoch, dataClass, privacy)], about: { vehicle, epoch, denied: `${given.class}/${given.privacy}`.toLowerCase() } };
      });
    });
  sending(agreements, "end", "end the agreement, with the notice that it says; by either principal")
    .requiredOption("--vehicle <id>", "the vehicle's token")
    .option("--epoch <number>", "ownership epoch; the present one without it")
    .action(async (given: Sending & { vehicle: string; epoch?: string }) => {
      const vehicle = bigArgument(given.vehicle, "--vehicle");
      await carryOut(options(), given, async ({ client }) => {
        const epoch = await epochOf(client, vehicle, given.epoch);
        return { calls: [client.calls.end(vehicle, epoch)], about: { vehicle, epoch } };
      });
    });
}
