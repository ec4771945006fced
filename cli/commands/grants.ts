import type { Command } from "commander";
import type { JsonRpcProvider, Result } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { INTERFACES } from "@qoodblock/sdk/client";
import type { Client, GrantRange } from "@qoodblock/sdk/client";
import { hexArgument, lotArgument, timeArgument, wholeArgument } from "../arguments.ts";
import { addressArgument, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { printTable } from "../output.ts";
import { ofStream, streamOf } from "./stream-options.ts";
import type { NamedStream, StreamOptions } from "./stream-options.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

interface RangeOptions extends StreamOptions {
  readonly party: string;
  readonly first: string;
  readonly last: string;
  readonly until: string;
}

const ofRange = (command: Command): Command =>
  ofStream(command)
    .requiredOption("--party <address>", "who may read")
    .requiredOption("--first <number>", "first sequence")
    .requiredOption("--last <number>", "last sequence")
    .requiredOption("--until <time>", "last second of the grant: Unix seconds or a date");

const rangeOf = ({ stream }: NamedStream, given: RangeOptions, paid: boolean): GrantRange => ({
  ...{ stream, party: addressArgument(given.party, "--party"), first: wholeArgument(given.first, "--first"), last: wholeArgument(given.last, "--last") },
  ...{ expiry: timeArgument(given.until, "--until"), paid },
});

/** `grants list|free|paid` and `revoke`, of principals: the owner of USER data, the OEM of its own, both of DISPUTED data. */
export function registerGrants(program: Command, group: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const grants = group.command("grants").description("who may read a stream besides buyers: free grants end with the key epoch and can be revoked, paid ones stay");
  ofStream(grants.command("list").description("the grants of a stream, and which of them hold now")).action(async (given: StreamOptions) => {
    printTable(await withChain(options(), async ({ client, provider }) => grantsOf(client, provider, await streamOf(client, given))), options().json);
  });
  ofRange(sending(grants, "free", "let a party read a range of sequences; a principal's word, of DISPUTED data both must give it"))
    .requiredOption("--service <hex>", "hash of the service that is given in return, 32 bytes")
    .action(async (given: Sending & RangeOptions & { service: string }) => {
      const service = hexArgument(32, given.service, "--service");
      await carryOut(options(), given, async ({ client }) => {
        const named = await streamOf(client, given);
        const range = rangeOf(named, given, false);
        return { calls: [client.calls.grantFree(range, named.proof, service)], about: { stream: named.stream }, after: async () => ({ holds: await client.reads.isGranted(range, named.proof, range.first) }) };
      });
    });
  ofRange(sending(grants, "paid", "let a party read a range of anchored sequences for good: it outlives new key epochs and the sale of the car"))
    .requiredOption("--payment <hex>", "hash of the payment's terms, 32 bytes")
    .requiredOption("--header <file>", "the range's last batch: an offer file that has it, FILE or FILE#LOT")
    .action(async (given: Sending & RangeOptions & { payment: string; header: string }) => {
      const payment = hexArgument(32, given.payment, "--payment");
      const { lot } = lotArgument(given.header, "--header");
      await carryOut(options(), given, async ({ client }) => {
        const named = await streamOf(client, given);
        const range = rangeOf(named, given, true);
        const call = client.calls.grantPaid(range, named.proof, payment, { header: lot.header.words, path: lot.anchor.path });
        return { calls: [call], about: { stream: named.stream }, after: async () => ({ holds: await client.reads.isGranted(range, named.proof, range.first) }) };
      });
    });
  ofRange(sending(group, "revoke", "end a free grant: the same range as it was given for")).action(async (given: Sending & RangeOptions) => {
    await carryOut(options(), given, async ({ client }) => {
      const named = await streamOf(client, given);
      return { calls: [client.calls.revokeGrant(rangeOf(named, given, false), named.proof)], about: { stream: named.stream } };
    });
  });
}

async function grantsOf({ deployment, reads }: Client, provider: JsonRpcProvider, { stream, proof }: NamedStream): Promise<object[]> {
  const face = INTERFACES.dataRegistry;
  const logs = await provider.getLogs({ address: deployment.addresses.dataRegistry, topics: face.encodeFilterTopics("Granted", [stream]), fromBlock: deployment.startBlock, toBlock: "latest" });
  const found = new Map<string, GrantRange>();
  for (const log of logs) {
    const range = face.parseLog(log)!.args.range as Result;
    const words: GrantRange = {
      ...{ stream: range.stream as Hex, party: range.party as Hex, first: Number(range.first), last: Number(range.last) },
      ...{ expiry: Number(range.expiry), paid: range.paid as boolean },
    };
    found.set(JSON.stringify(words), words);
  }
  return Promise.all(
    [...found.values()].map(async (range) => {
      const { party, first, last, expiry, paid } = range;
      return { party, first, last, until: new Date(expiry * 1000).toISOString(), paid, holds: await reads.isGranted(range, proof, first) };
    }),
  );
}
