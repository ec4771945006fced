/** The ceremony of a production key: all of it by command, killed anywhere, tampered with anywhere. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isQoodError } from "@qoodblock/sdk/errors";
import { intervalKey, keyCommitment, segmentKey } from "@qoodblock/sdk/keys";
import { fromSnarkjs, loadProofArtifacts } from "@qoodblock/sdk/proof";
import { groth16, wtns, zKey } from "snarkjs";
import { readCeremonyArguments } from "../../scripts/ceremony/arguments.ts";
import { beaconKey, closeEngine, contributedKey } from "../../scripts/ceremony/engine.ts";
import { CeremonyFolder, type CeremonyRecord, hashOf } from "../../scripts/ceremony/record.ts";
import { verify } from "../../scripts/ceremony/verify.ts";
import { readHistory } from "../../scripts/ceremony/zkey.ts";
import { deployContract } from "../circuits/support/chain.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ceremony, CIRCUIT, needsPtau, PTAU, ptauHash } from "./support.ts";

const { path } = temporaryFolder();
const quiet = (): void => undefined;
const recordIn = (folder: string): CeremonyRecord => new CeremonyFolder(folder).record();
const check = (folder: string): Promise<CeremonyRecord> => verify(new CeremonyFolder(folder), PTAU, quiet, quiet);
const TEXT = "dice 4 2 6 6 1, a line that nobody may find again";

/** A copy of a folder as the whole ceremony below has left it after so many steps. */
function copyOf(steps: number, name: string): string {
  const to = path(name);
  cpSync(path("whole"), to, { recursive: true });
  rmSync(join(to, "export"), { recursive: true, force: true });
  const { exported: _, ...record } = recordIn(to);
  for (const step of record.steps.slice(steps)) rmSync(join(to, step.key.file));
  new CeremonyFolder(to).save({ ...record, steps: record.steps.slice(0, steps) as CeremonyRecord["steps"] });
  return to;
}

/** A file with one byte of a section of the key changed. */
function tamper(file: string, wanted: number): Buffer {
  const bytes = readFileSync(file);
  let at = 12;
  while (bytes.readUInt32LE(at) !== wanted) at += 12 + Number(bytes.readBigUInt64LE(at + 4));
  bytes[at + 12 + 40]! ^= 1;
  writeFileSync(file, bytes);
  return bytes;
}

before(async () => {
  if (needsPtau.skip !== false) return;
  const folder = path("whole");
  const begun = await ceremony(["init", "--folder", folder, "--circuit", CIRCUIT, "--ptau", PTAU, "--ptau-hash", ptauHash("blake2b512")]);
  assert.equal(begun.code, 0, begun.stderr);
});
after(closeEngine);

test("a whole ceremony by command gives a production key whose proofs its verifier contract accepts", needsPtau, async () => {
  const folder = path("whole");
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await ceremony(args, input === undefined ? {} : { input });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout + stderr, /dice/);
    return stdout;
  };
  const first = await run(["contribute", "--folder", folder, "--name", "Ada"]);
  const sent = await run(["contribute", "--from", join(folder, `${CIRCUIT}_0001.zkey`), "--to", path("grace.zkey"), "--name", "Grace Ł", "--stdin"], TEXT);
  const taken = await run(["add", "--folder", folder, "--file", path("grace.zkey"), "--ptau", PTAU]);
  await run(["beacon", "--folder", folder, "--value", "f00d5eed", "--source", "draw 12 of 1 May", "--iterations-exponent", "10"]);
  const exported = await run(["export", "--folder", folder, "--ptau", PTAU]);

  const { steps } = recordIn(folder);
  assert.deepEqual(steps.map((step) => [step.step, "name" in step ? step.name : ""]), [["initial", ""], ["contribution", "Ada"], ["contribution", "Grace Ł"], ["beacon", ""]]);
  const [ada, grace] = steps.flatMap((step) => (step.step === "contribution" ? [step.hash] : []));
  assert.match(first, new RegExp(`contribution by Ada: ${CIRCUIT}_0001.zkey, sha256 [0-9a-f]{64}\nhash ${ada!}\n`));
  for (const said of [sent, taken]) assert.match(said, new RegExp(`hash ${grace!}\n`));
  assert.match(exported, /^right: contribution 1 by Ada, .*\nright: contribution 2 by Grace Ł, .*\nright: the beacon: draw 12 of 1 May, f00d5eed\nwritten: /m);
  assert.equal(exported.match(/^written: /gm)!.length, 6);

  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (file !== "export") assert.equal(readFileSync(join(folder, file)).includes("dice"), false, `${file} holds the text`);
  }

  const { metadata, zkey, wasm, verificationKey } = loadProofArtifacts(join(folder, "export"), CIRCUIT);
  assert.equal(metadata.purpose, "production");
  assert.equal(metadata.beacon.sha256, hashOf("sha256", metadata.beacon.text));
  assert.deepEqual(metadata.publicSignals, ["commitment[0]", "commitment[1]", "interval", "segment", "segmentKey"]);
  assert.equal(metadata.note.includes(hashOf("sha256", readFileSync(join(folder, "export", `${CIRCUIT}.ceremony.json`)))), true);

  const signals = [keyCommitment(5n), keyCommitment(0n), 3n, 4n, segmentKey(intervalKey(5n, 3), 4)];
  const [c0, c1, interval, segment, key] = signals as [bigint, bigint, bigint, bigint, bigint];
  const witness = { type: "mem" as const, data: new Uint8Array() };
  await wtns.calculate({ commitment: [c0, c1], interval, segment, segmentKey: key, k: [5n, 0n] }, wasm, witness);
  const { proof, publicSignals } = await groth16.prove(zkey, witness);
  assert.deepEqual(publicSignals.map(BigInt), signals);
  assert.equal(await groth16.verify(verificationKey, publicSignals, proof), true);
  const source = readFileSync(join(folder, "export", `${CIRCUIT}Verifier.sol`), "utf8");
  assert.match(source, /a production key/);
  const verifier = await deployContract(source, `${CIRCUIT}Verifier`);
  try {
    assert.equal(await verifier.verifyProof(fromSnarkjs(proof), signals), true);
    assert.equal(await verifier.verifyProof(fromSnarkjs(proof), signals.with(3, 5n)), false);
  } finally {
    await verifier.close();
  }
});

test("a key's history is read as snarkjs writes it", needsPtau, async () => {
  const initial = readFileSync(join(path("whole"), `${CIRCUIT}_0000.zkey`));
  assert.deepEqual(readHistory(initial, "it").contributions, []);
  const into = { type: "mem" as const, data: new Uint8Array() };
  const hash = await zKey.contribute(initial, into, "Élodie", "any text");
  const closed = await beaconKey(into.data, "beacon", "ab".repeat(32), 10, quiet);
  const { circuitHash, contributions } = readHistory(closed, "it");
  assert.equal(circuitHash, readHistory(initial, "it").circuitHash);
  assert.deepEqual(contributions[0], { type: "contribution", name: "Élodie", hash: Buffer.from(hash).toString("hex") });
  assert.deepEqual([contributions[1]!.type, contributions[1]!.beacon], ["beacon", { value: "ab".repeat(32), iterationsExponent: 10 }]);
});

test("two contributions by the same name and text share no secret", needsPtau, async () => {
  const initial = readFileSync(join(path("whole"), `${CIRCUIT}_0000.zkey`));
  const made = await Promise.all([1, 2].map(() => contributedKey(initial, "Ada", "", quiet)));
  assert.equal(made[0]!.equals(made[1]!), false);
});

/** Kills a command when it first writes a file of that kind. Returns whether it died of that: one that is quick may have ended. */
async function killedAtFirst(folder: string, wanted: (file: string) => boolean, args: readonly string[]): Promise<boolean> {
  mkdirSync(folder, { recursive: true });
  const { signal, code } = await ceremony(args, {
    during: (child) => {
      const watching = watch(folder, (_, file) => {
        if (file !== null && wanted(file)) child.kill("SIGKILL");
      });
      child.on("close", () => watching.close());
    },
  });
  assert.ok(signal === "SIGKILL" || code === 0);
  return signal !== null;
}

test("a command that was killed is given again and the ceremony is right", needsPtau, async () => {
  const folder = path("killed");
  const init = ["init", "--folder", folder, "--circuit", CIRCUIT, "--ptau", PTAU, "--ptau-hash", ptauHash("sha256")];
  const again = async (args: readonly string[], steps: number): Promise<void> => {
    const { code, stderr } = await ceremony(args);
    assert.equal(code, 0, stderr);
    assert.equal(recordIn(folder).steps.length, steps);
  };
  assert.ok(await killedAtFirst(folder, (file) => file.startsWith(CIRCUIT), init));
  assert.equal(existsSync(join(folder, "ceremony.json")), false);
  await again(init, 1);

  const contribute = ["contribute", "--folder", folder, "--name", "Ada"];
  assert.ok(await killedAtFirst(folder, (file) => file === "ceremony.lock", contribute));
  await again(contribute, 2);

  // What a kill leaves at the worst moments: a key half written, and one that is whole and not recorded.
  for (const left of [`${CIRCUIT}_0002.zkey.part`, `${CIRCUIT}_0002.zkey`, "ceremony.json.part"]) writeFileSync(join(folder, left), "half of i");
  writeFileSync(join(folder, "ceremony.lock"), JSON.stringify({ pid: 2 ** 22 - 1, started: "long ago" }));
  const beacon = ["beacon", "--folder", folder, "--value", "beacon of the test", "--source", "here", "--iterations-exponent", "10"];
  await killedAtFirst(folder, (file) => file === `${CIRCUIT}_0002.zkey.part`, beacon);
  if (recordIn(folder).steps.length === 2) await again(beacon, 3);
  const verified = await ceremony(["verify", "--folder", folder, "--ptau", PTAU]);
  assert.match(verified.stdout, /^right: contribution 1 by Ada, .*\nright: the beacon: here, beacon of the test\nthe ceremony is right: 1 contribution and the beacon\n$/m);
  // A step is never made twice, whichever was killed.
  const { said, code } = await ceremony(beacon);
  assert.equal(code, 1);
  assert.match(said, /^ceremony: the ceremony in .* was closed by its beacon: nothing can be added$/);
});

test("init given again does nothing, and refuses another ceremony's folder", needsPtau, async () => {
  const folder = path("whole");
  const before_ = readFileSync(join(folder, "ceremony.json"), "utf8");
  const given = (circuit: string): string[] => ["init", "--folder", folder, "--circuit", circuit, "--ptau", PTAU, "--ptau-hash", ptauHash("sha256")];
  assert.equal((await ceremony(given(CIRCUIT))).code, 0);
  assert.match((await ceremony(given("KeyDelivery1"))).said, /^ceremony: in .* a ceremony of SegmentKey with .* has begun: take another folder$/);
  assert.equal(readFileSync(join(folder, "ceremony.json"), "utf8"), before_);
});

test("verify finds a changed contribution, wherever it was changed", needsPtau, async () => {
  const key = `${CIRCUIT}_0001.zkey`;
  const cases: [string, (folder: string, record: CeremonyRecord) => void, RegExp][] = [
    ["file", (folder) => tamper(join(folder, key), 8), /SegmentKey_0001\.zkey is not what was recorded: sha256/],
    [
      "points",
      (folder, record) => {
        // With the hash in the record changed too, only the curve tells. Section 9 is divided by the secret.
        record.steps[1]!.key.sha256 = hashOf("sha256", tamper(join(folder, key), 9));
      },
      /^contribution 1 by Ada: SegmentKey_0001\.zkey is wrong: H section does not match$/,
    ],
    [
      "name",
      (_, record) => {
        Object.assign(record.steps[1]!, { name: "Mallory" });
      },
      /^contribution 1 by Mallory: .* carries other contributions than are recorded up to it$/,
    ],
    [
      "beacon",
      (_, record) => {
        Object.assign(record.steps[3]!, { value: "chosen", sha256: hashOf("sha256", "chosen") });
      },
      /^the beacon: .* carries other contributions/,
    ],
    [
      "order",
      (_, record) => {
        record.steps.splice(1, 2, record.steps[2]!, record.steps[1]!);
      },
      /is not the name of its key$/,
    ],
    [
      "left out",
      (_, record) => {
        record.steps.splice(1, 1);
      },
      /is not the name of its key$/,
    ],
  ];
  for (const [name, change, message] of cases) {
    const folder = copyOf(4, `tampered ${name}`);
    const record = structuredClone(recordIn(folder));
    change(folder, record);
    new CeremonyFolder(folder).save(record);
    await assert.rejects(check(folder), { message }, name);
  }
});

test("add refuses a wrong contribution, one that is not the next, and one without an honest name", needsPtau, async () => {
  const folder = copyOf(2, "adding");
  const last = readFileSync(join(folder, `${CIRCUIT}_0001.zkey`));
  const add = async (bytes: Uint8Array): Promise<string> => {
    writeFileSync(path("sent.zkey"), bytes);
    const { code, said } = await ceremony(["add", "--folder", folder, "--file", path("sent.zkey"), "--ptau", PTAU]);
    assert.equal(code, 1);
    return said;
  };
  writeFileSync(path("bad.zkey"), await contributedKey(last, "Mallory", "", quiet));
  assert.match(await add(tamper(path("bad.zkey"), 9)), /^ceremony: the contribution in .* is wrong: H section does not match$/);
  assert.match(await add(last), /is not SegmentKey_0001\.zkey with one contribution more/);
  assert.match(await add(await contributedKey(readFileSync(join(folder, `${CIRCUIT}_0000.zkey`)), "Mallory", "", quiet)), /with one contribution more/);
  assert.match(await add(await beaconKey(last, "beacon", "ab".repeat(32), 10, quiet)), /with one contribution more/);
  assert.match(await add(await contributedKey(last, "\u001b[2J", "", quiet)), /bears no name that can be printed$/);
  assert.match(await add(last.subarray(0, last.length - 9)), /is no Groth16 key of snarkjs, or not all of it$/);
  assert.equal(recordIn(folder).steps.length, 2);
});

/** What the reading of the command line refuses, or undefined. */
function refusal(args: readonly string[]): string | undefined {
  try {
    readCeremonyArguments(args);
    return undefined;
  } catch (error) {
    assert.ok(isQoodError(error, "USAGE"));
    return error.message;
  }
}

test("bad input is one clear line and changes nothing", needsPtau, async () => {
  const folder = copyOf(1, "bad input");
  const fresh = path("never made");
  writeFileSync(path("noise.ptau"), "these are no powers of tau");
  const noise = hashOf("sha256", "these are no powers of tau");
  const cases: [string[], RegExp][] = [
    [[], /^ceremony: a command is needed: choose from init, contribute, add, beacon, verify, export/],
    [["begin"], /^ceremony: no command begin: choose from/],
    [["init", "--folder", fresh], /^ceremony: --circuit is needed/],
    [["verify", "--folder", folder, "--ptau", PTAU, "--name", "x"], /^ceremony: verify has no option --name/],
    [["init", "--folder", fresh, "--circuit", "Nothing", "--ptau", PTAU, "--ptau-hash", ptauHash("sha256")], /^ceremony: no circuit instance named Nothing/],
    [["init", "--folder", fresh, "--circuit", CIRCUIT, "--ptau", path("nowhere"), "--ptau-hash", noise], /^ceremony: the powers-of-tau file .*nowhere cannot be read$/],
    [["init", "--folder", fresh, "--circuit", CIRCUIT, "--ptau", PTAU, "--ptau-hash", noise], /^ceremony: .* has another hash than was published: sha256 [0-9a-f]{64} expected, [0-9a-f]{64} found$/],
    [["init", "--folder", fresh, "--circuit", CIRCUIT, "--ptau", path("noise.ptau"), "--ptau-hash", noise], /^ceremony: the initial key cannot be made: /],
    [["contribute", "--folder", path("empty"), "--name", "Ada"], /^ceremony: there is no ceremony in .*: begin one with init$/],
    [["contribute", "--folder", folder, "--name", "Ada\nhash 00"], /^ceremony: --name must be one line of ordinary characters/],
    [["contribute", "--folder", folder, "--name", "a".repeat(65)], /^ceremony: --name has at most 64 characters/],
    [["contribute", "--name", "Ada"], /^ceremony: --folder stands alone; without it --from and --to are needed/],
    [["contribute", "--from", path("noise.ptau"), "--to", path("out.zkey"), "--name", "Ada"], /^ceremony: .* is no Groth16 key of snarkjs, or not all of it$/],
    [["contribute", "--from", join(folder, `${CIRCUIT}_0000.zkey`), "--to", path("noise.ptau"), "--name", "Ada"], /^ceremony: .* is there already/],
    [["beacon", "--folder", folder, "--value", "x", "--source", "y"], /^ceremony: there is no contribution yet: a key by a beacon alone is a development key$/],
    [["beacon", "--folder", folder, "--value", "x", "--source", "y", "--iterations-exponent", "9"], /^ceremony: --iterations-exponent must be 10 or more/],
    [["export", "--folder", folder, "--ptau", PTAU], /^ceremony: the ceremony in .* was not closed by a beacon yet$/],
  ];
  const before_ = readFileSync(join(folder, "ceremony.json"), "utf8");
  for (const [args, message] of cases) {
    // What the command line alone shows to be wrong needs no process each.
    const refused = refusal(args);
    if (refused !== undefined) assert.match(`ceremony: ${refused}`, message);
    else assert.deepEqual(await ceremony(args).then(({ code, stdout, said }) => [code, stdout, message.test(said) || said]), [1, "", true], args.join(" "));
  }
  const { code, stdout, stderr } = await ceremony(["begin"]);
  assert.deepEqual([code, stdout, stderr.split("\n").length], [1, "", 2]);
  assert.equal(existsSync(join(fresh, "ceremony.json")), false);
  assert.equal(readFileSync(join(folder, "ceremony.json"), "utf8"), before_);
});
