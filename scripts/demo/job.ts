/** The main job, from nothing running to the summary. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import type { StateFolder } from "@qoodblock/workers/shared/process/state.ts";
import { deploy } from "../deploy/deploy.ts";
import type { DeployResult } from "../deploy/deploy.ts";
import { enterChain, gatherCast } from "./accounts.ts";
import type { Cast } from "./accounts.ts";
import type { DemoArguments } from "./arguments.ts";
import { contractsHash } from "../bootstrap/compile.ts";
import { checkDrive } from "./check.ts";
import type { ChosenDrive } from "./drive.ts";
import type { AnnouncedBatch } from "@qoodblock/workers/shared/queue/index.ts";
import { startEngines } from "./engines.ts";
import { noteContracts } from "@qoodblock/workers/shared/engines/head.ts";
import { DEMO_WMI, enrol } from "./enrol.ts";
import { fundBuyer, payInBonds } from "./money.ts";
import { statePassphrase } from "./passphrase.ts";
import type { Progress } from "./progress.ts";
import type { Stack } from "@qoodblock/workers/shared/process/stack.ts";
import { STEPS } from "./summary.ts";
import type { Summary, SummaryExtras } from "./summary.ts";
import { awaitOffers, buyAll, earnedBy, gasOf, provingTime, replay, withdrawAll } from "./trade.ts";
import { prepareVault, startTspWorkers, takeStream, withTspLane } from "./tsp.ts";

const root = new URL("../..", import.meta.url).pathname;
/** Shortest window of the local deployment, seconds: there is no censorship to outlast. */
const LEAST_WINDOW = 5;

/** What the job is done with. */
export interface JobContext {
  readonly args: DemoArguments;
  readonly state: StateFolder;
  readonly stack: Stack;
  readonly progress: Progress;
  readonly chosen: ChosenDrive;
}

function deployAll(cast: Cast, folder: string, onProgress: (line: string) => void): Promise<DeployResult> {
  const { foundation, auditor, oem, tsp } = cast.addresses;
  return deploy({
    foundation: cast.wallets.foundation,
    roles: { registrar: [foundation], guardian: [foundation], issuer: [foundation], treasurer: [foundation], auditor: [auditor] },
    oems: [{ account: oem, wmis: [DEMO_WMI] }],
    tsps: [tsp],
    leastWindow: LEAST_WINDOW,
    artifacts: join(root, "artifacts"),
    folder,
    developmentKey: true,
    onProgress,
  });
}

/** Does the job. Everything that it starts is on the stack. */
export async function doMainJob({ args, state, stack, progress, chosen }: JobContext): Promise<{ summary: Summary; extras: SummaryExtras }> {
  const { step } = progress;
  const logs = join(state.path, "logs");
  const results = join(state.path, "results");
  mkdirSync(logs, { recursive: true });
  mkdirSync(results, { recursive: true });
  const passphrase = statePassphrase(state.path);

  const [engines, gathered] = await step("start", "starting chain, queue and storage nodes; the parties gather", () =>
    Promise.all([
      startEngines({ state, stack, cache: process.env.QOOD_CACHE ?? join(root, ".cache"), contracts: contractsHash(), logs, rpcPort: args.rpcPort, say: progress.say }),
      gatherCast({ state, stack, logs, passphrase }),
    ]),
  );
  const cast = await enterChain(gathered, engines.provider);
  const deploymentFolder = join(state.path, "deployment");
  const deployment = await step("deploy", "deploying the contracts", (update) => deployAll(cast, deploymentFolder, update));

  noteContracts(state.path, contractsHash());

  const vault = await prepareVault(state.path, passphrase);
  const deploymentFile = join(deploymentFolder, "deployment.json");
  const [enrolled] = await Promise.all([
    step("deploy", "a new car joins: minted, device set up, owner and OEM agreed", () =>
      withTspLane(cast, engines, (sendAsTsp) => enrol({ cast, engines, deployment, schema: chosen.schema, vaultKey: vault.publicKey, sendAsTsp })),
    ),
    step("start", "starting ingest, prover and delivery", () => startTspWorkers({ state, stack, logs, passphrase, cast, engines, vault: vault.file, deploymentFile })),
  ]);
  const standing = await step("deploy", "the TSP pays in the standing balance that its bonds are locked from", () => payInBonds(cast, engines, enrolled.client));
  progress.say(`the TSP has ${standing / 1_000_000n} QDD in the exchange; a delivery locks 2 of them until the deal ends`);
  await takeStream({ engines, vault: vault.file, passphrase, enrolled, schema: chosen.schema, cells: chosen.survey.cells ?? [] });

  await step("replay", "the car drives: its device signs and sends", (update) => replay(cast, engines, chosen, enrolled, update));
  const offered = await step("offers", "sealing, storing, anchoring, offering", (update) => awaitOffers(engines, chosen, enrolled, update));
  const prices = await step("fund", "the buyer gets QDD within the attested reserve", async () => {
    const total = 100_000_000n;
    await fundBuyer(cast, engines, enrolled.client, total);
    return total;
  });
  progress.say(`the buyer holds ${prices / 1_000_000n} QDD or more`);
  const bought = await step("purchase", "the buyer checks, pays, waits for the key, opens, verifies", (update) =>
    buyAll({ cast, engines, enrolled, offered, results, receipt: args.receipt }, (line) => {
      update(line);
      progress.say(`  ${line}`);
    }),
  );
  const earned = earnedBy(bought);
  const withdrawGas = await step("settle", "owner, OEM, TSP and storage withdraw", () => withdrawAll(cast, engines, enrolled, earned));
  const csv = join(results, "records.csv");
  const checked = await step("check", "an independent checker compares input and output", () =>
    checkDrive({ input: chosen.choice.path, output: csv, ...(chosen.choice.startMs === undefined ? {} : { startMs: chosen.choice.startMs }) }),
  );

  const batches = offered.map(({ batch }) => batch);
  const [first] = batches;
  if (first === undefined) throw new QoodError("NOTHING_SEALED", "no batch was made of the drive");
  const sum = (pick: (batch: AnnouncedBatch) => number): number => batches.reduce((total, batch) => total + pick(batch), 0);
  const anchorGas = Number(await gasOf(engines, batches.map(({ transaction }) => transaction.hash)));
  const accepted = chosen.survey.accepted;
  const rejected = Object.fromEntries(Object.entries(chosen.survey.rejected).filter(([, count]) => count > 0));
  const deliverGas = Number(await gasOf(engines, bought.deals.flatMap(({ deliveries }) => deliveries)));
  const prove = await provingTime(engines, bought);
  const times: Record<string, number> = {
    ...progress.ms,
    seal: sum(({ ms }) => ms.seal),
    upload: sum(({ ms }) => ms.upload),
    anchor: Math.max(...batches.map(({ ms }) => ms.anchor)),
    ...{ buy: bought.ms.check + bought.ms.buy, deliver: bought.ms.deliver, decrypt: bought.ms.decrypt, prove },
    settle: bought.ms.settle + (progress.ms.settle ?? 0),
    total: performance.now(),
  };
  const summary: Summary = {
    records: { in: chosen.survey.total, accepted, rejected },
    bytes: { raw: sum(({ bytes }) => bytes.raw), compressed: sum(({ bytes }) => bytes.compressed), sealed: sum(({ bytes }) => bytes.stored) },
    cid: first.lot.cids.ciphertext,
    gas: {
      ...{ mint: Number(enrolled.gas.mint), agree: Number(enrolled.gas.agree), anchor: anchorGas, buy: Number(bought.gas.buy), deliver: deliverGas },
      ...{ settle: Number(bought.gas.settle), withdraw: Number(withdrawGas), perRecord: anchorGas / accepted },
    },
    ms: Object.fromEntries(STEPS.map((name) => [name, Math.round(times[name] ?? 0)])) as Summary["ms"],
    payouts: { owner: String(earned.owner), oem: String(earned.oem), tsp: String(earned.tsp), storage: String(earned.storage) },
    verified: checked.verified && bought.records === accepted,
  };
  const extras: SummaryExtras = {
    ...{ format: chosen.drive.format, batches: batches.length, notes: chosen.drive.notes, reason: checked.reason, csv },
    geoJson: bought.geoJson ? join(results, "records.geojson") : undefined,
  };
  return { summary, extras };
}
