import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { Transaction, Wallet } from "ethers";
import type { TransactionLike } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { toHex } from "@qoodblock/sdk/bytes";
import { CAROBD, schemaHash } from "@qoodblock/sdk/dictionary";
import { streamHandle } from "@qoodblock/sdk/formats";
import { RemoteSigner } from "../../cli/signer.ts";
import { keyOf } from "../contracts/support/device-keys.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startGround } from "./ground.ts";
import type { Ground } from "./ground.ts";
import { answerOf, mistake, qood } from "./support.ts";

const temporary = temporaryFolder();
type Answer = Record<string, unknown>;

describe("qood owner", { concurrency: 1 }, () => {
  let ground: Ground;
  let vehicle: string;
  const run = async (...args: string[]): Promise<Answer> => (await answerOf([...ground.at, "owner", ...args])) as Answer;
  const rows = async (...args: string[]): Promise<Answer[]> => (await answerOf([...ground.at, "owner", ...args])) as Answer[];
  const refused = (args: string[], code: string, words: RegExp): Promise<void> => mistake([...ground.at, "owner", ...args], code, words);

  before(async () => {
    ground = await startGround(temporary);
    vehicle = ground.vehicle.toString();
  });
  after(async () => {
    await ground.stop();
  });

  describe("vehicles and streams", { concurrency: 1 }, () => {
    it("lists the account's vehicles, as a table for people", async () => {
      assert.deepEqual(await rows("vehicles", "list", "--account", "owner"), [{ vehicle, oem: ground.accounts.oem.address, confirmed: true, epoch: 1, devices: 0 }]);
      assert.deepEqual(await rows("vehicles", "list", "--account", "buyer"), []);
      const people = await qood([...ground.at, "owner", "vehicles", "list", "--account", "owner"]);
      const [heading, row, ...rest] = people.stdout.trimEnd().split("\n");
      assert.deepEqual([heading!.split(/ +/), row!.split(/ +/), rest], [["vehicle", "oem", "confirmed", "epoch", "devices"], [vehicle, ground.accounts.oem.address, "true", "1", "0"], []]);
      assert.equal((await qood([...ground.at, "owner", "vehicles", "list", "--account", "buyer"])).stdout, "none\n");
    });

    it("tells the handle of each stream that the agreement authorises", async () => {
      const listed = await rows("streams", "list", "--vehicle", vehicle);
      const { chainId, addresses } = ground.client.deployment;
      const handle = streamHandle({ chainId: BigInt(chainId), registry: addresses.vehicleRegistry, vehicle: ground.vehicle, epoch: 1, dataClass: "USER", privacy: "ORDINARY", schema: toHex(schemaHash(CAROBD)) });
      const own = listed.find(({ schema }) => schema === "carobd@1")!;
      assert.deepEqual([own.handle, own.class, own.privacy, own.authorised, own.keyEpoch], [handle, "USER", "ORDINARY", true, 0]);
      assert.ok(listed.every(({ class: dataClass }) => dataClass === "USER"));
      assert.equal((await rows("streams", "list", "--vehicle", vehicle, "--all")).length, 6 * listed.length);
    });
  });

  describe("devices", { concurrency: 1 }, () => {
    const [first, second, third] = [keyOf("first"), keyOf("second"), keyOf("third", "P-256")];
    const FAR = "2090-01-01";
    const device = ["--device", first.deviceKey];

    it("registers a device: first what it has to sign, then both signatures", async () => {
      const args = ["devices", "setup", "--account", "owner", "--vehicle", vehicle, "--key", first.publicKey, "--agent", ground.accounts.tsp.address, "--deadline", FAR];
      const asked = await run(...args);
      assert.equal(asked.deviceKey, first.deviceKey);
      const done = await run(...args, "--signature", first.signDigest(asked.sign as Hex));
      assert.match(String(done.transaction), /^0x/);
      const [row] = await rows("devices", "list", "--vehicle", vehicle);
      assert.deepEqual([row!.device, row!.agent, row!.until, row!.of], [first.deviceKey, ground.accounts.tsp.address, null, null]);
      await refused([...args, "--signature", second.signDigest(asked.sign as Hex)], "REVERT", /device/i);
    });

    it("adds a key, and recovers a lost device in time, contested once", async () => {
      const further = ["devices", "add-key", "--account", "keeper", "--first", first.publicKey, "--key", third.publicKey, "--deadline", FAR];
      const { sign } = await run(...further);
      await run(...further, "--first-signature", first.signDigest(sign as Hex), "--signature", third.signDigest(sign as Hex));
      assert.equal((await run("devices", "show", "--device", third.deviceKey)).of, first.deviceKey);

      const recover = ["devices", "recover", "--account", "owner", ...device, "--key", second.publicKey];
      const asked = await run(...recover);
      const { readyAt } = await run(...recover, "--signature", second.signDigest(asked.sign as Hex));
      const contested = await run("devices", "contest", "--account", "tsp", ...device);
      assert.ok(Date.parse(String(contested.readyAt)) > Date.parse(String(readyAt)));
      await refused(["devices", "contest", "--account", "tsp", ...device], "REVERT", /contest/i);
      await refused(["devices", "finish", "--account", "keeper", ...device, "--key", second.publicKey], "REVERT", /20\d\d-/);
      assert.equal(((await run("devices", "show", ...device)).recovery as Answer).contested, true);
      await ground.later(40 * 86400);
      await run("devices", "finish", "--account", "keeper", ...device, "--key", second.publicKey);
      assert.notEqual((await run("devices", "show", ...device)).until, null);
      assert.equal((await run("devices", "show", "--device", second.deviceKey)).until, null);
    });

    it("calls a recovery off, resets and retires", async () => {
      const recover = ["devices", "recover", "--account", "owner", "--device", second.deviceKey, "--key", keyOf("fourth").publicKey];
      const asked = await run(...recover);
      await run(...recover, "--signature", keyOf("fourth").signDigest(asked.sign as Hex));
      await run("devices", "cancel", "--account", "owner", "--device", second.deviceKey);
      assert.equal((await run("devices", "show", "--device", second.deviceKey)).recovery, null);
      const next = keyOf("fifth");
      const reset = ["devices", "reset", "--account", "keeper", "--first", second.publicKey, "--key", next.publicKey, "--deadline", FAR];
      const { sign } = await run(...reset);
      await run(...reset, "--first-signature", second.signDigest(sign as Hex), "--signature", next.signDigest(sign as Hex));
      await refused(["devices", "retire", "--account", "buyer", "--device", next.deviceKey], "REVERT", /./);
      await run("devices", "retire", "--account", "owner", "--device", next.deviceKey);
      assert.notEqual((await run("devices", "show", "--device", next.deviceKey)).until, null);
    });

    it("says what is wrong in one line", async () => {
      await refused(["devices", "show", "--device", `0x${"11".repeat(32)}`], "DEVICE_UNKNOWN", /no device/);
      await refused(["devices", "retire", "--account", "owner", "--device", "0x12"], "USAGE", /--device must be 0x and 64 hexadecimal digits/);
    });
  });

  describe("grants", { concurrency: 1 }, () => {
    const service = `0x${"5e".repeat(32)}`;
    const range = (): string[] => ["--vehicle", vehicle, "--schema", "carobd@1", "--party", ground.accounts.buyer.address, "--first", "3", "--last", "9", "--until", "2089-12-31"];
    const stream = (): string[] => range().slice(0, 4);

    it("tells what a grant would cost and sends nothing", async () => {
      const nonce = await ground.provider.getTransactionCount(ground.accounts.owner.address);
      // A dry run needs no passphrase.
      const tried = (await answerOf([...ground.at, "owner", "grants", "free", "--account", "owner", ...range(), "--service", service, "--dry-run"], {})) as Answer;
      assert.equal(tried.dryRun, "dataRegistry.grantFree");
      assert.ok(Number(tried.gas) > 21_000 && Number(tried.cost) > 0);
      assert.equal(await ground.provider.getTransactionCount(ground.accounts.owner.address), nonce);
      assert.deepEqual(await rows("grants", "list", ...stream()), []);
      await refused(["grants", "free", "--account", "buyer", ...range(), "--service", service, "--dry-run"], "REVERT", /dataRegistry\.grantFree/);
    });

    it("gives, lists and revokes a free grant", async () => {
      assert.equal((await run("grants", "free", "--account", "owner", ...range(), "--service", service)).holds, true);
      const grant = { party: ground.accounts.buyer.address, first: 3, last: 9, until: "2089-12-31T00:00:00.000Z", paid: false };
      assert.deepEqual(await rows("grants", "list", ...stream()), [{ ...grant, holds: true }]);
      await run("revoke", "--account", "owner", ...range());
      assert.deepEqual(await rows("grants", "list", ...stream()), [{ ...grant, holds: false }]);
      await refused(["revoke", "--account", "owner", ...range()], "REVERT", /./);
    });

    it("ends all free grants with a new key", async () => {
      await run("grants", "free", "--account", "owner", ...range(), "--service", service);
      assert.equal((await run("streams", "new-key", "--account", "owner", ...stream())).keyEpoch, 1);
      assert.deepEqual((await rows("grants", "list", ...stream())).map(({ holds }) => holds), [false]);
    });

    it("refuses what is no stream and no time", async () => {
      const change = (from: string, to: string): string[] => ["revoke", "--account", "owner", ...range().map((arg) => (arg === from ? to : arg))];
      await refused(change("carobd@1", "carobd"), "USAGE", /--schema carobd must be name@version/);
      await refused(change("2089-12-31", "soon"), "USAGE", /--until soon is no time/);
      await refused(change(vehicle, "one"), "USAGE", /--vehicle must be a whole number/);
      await refused([...change("3", "3"), "--class", "mine"], "USAGE", /--class mine must be one of oem, user, disputed/);
    });
  });

  describe("with a signer by JSON-RPC", { concurrency: 1 }, () => {
    // The development chain signs for its accounts, as a signer's program does.
    const remote = (account: string): string[] => ["--signer", ground.url, ...ground.at, "owner", "streams", "new-key", "--account", account, "--vehicle", vehicle, "--schema", "trip-gps@1"];

    it("sends what it has signed, with no passphrase", async () => {
      assert.equal(((await answerOf(remote(ground.accounts.owner.address), {})) as Answer).keyEpoch, 1);
      assert.equal(((await answerOf(remote("owner"), {})) as Answer).keyEpoch, 2);
    });

    it("sends nothing that the signer has changed, and takes no other account's word", async () => {
      const { owner, keeper } = ground.accounts;
      const text = { domain: { name: "x" }, types: { T: [{ name: "a", type: "uint256" }] }, value: { a: 1 } };
      const wrongs: Record<string, (params: unknown[]) => Promise<unknown>> = {
        eth_signTransaction: async ([wanted]) => owner.signTransaction({ ...Transaction.from(rest(wanted as Answer)).toJSON(), to: keeper.address } as TransactionLike),
        eth_signTypedData_v4: () => keeper.signTypedData(text.domain, text.types, text.value),
        personal_sign: () => Promise.resolve("0x12"),
      };
      const rest = ({ to, data, nonce, chainId, gas, maxFeePerGas }: Answer): TransactionLike => ({ type: 2, to, data, nonce: Number(nonce), chainId, gasLimit: gas, maxFeePerGas, maxPriorityFeePerGas: 0 }) as TransactionLike;
      const server = createServer((request, response) => {
        void (async () => {
          const { method, params } = (await json(request)) as { method: string; params: unknown[] };
          response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: await wrongs[method]!(params) }));
        })();
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      try {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const signer = new RemoteSigner(url, owner.address, ground.provider);
        const nonce = await ground.provider.getTransactionCount(owner.address);
        await assert.rejects(signer.sendTransaction({ to: owner.address, value: 0n }), { code: "SIGNER_WRONG", message: /changed the transaction's to/ });
        await assert.rejects(signer.signTypedData(text.domain, text.types, text.value), { code: "SIGNER_WRONG", message: /signed by 0x/ });
        await assert.rejects(signer.signMessage("m"), { code: "SIGNER_WRONG", message: /gave no signature/ });
        assert.equal(await ground.provider.getTransactionCount(owner.address), nonce);
      } finally {
        server.close();
      }
    });

    it("says when the signer is not there, or does not hold the account", async () => {
      const gone = remote(ground.accounts.owner.address);
      await mistake(["--signer", "http://127.0.0.1:9", ...gone.slice(2)], "SIGNER_UNREACHABLE", /no signer answers/, {});
      await mistake(["--signer", "signer", ...gone.slice(2)], "USAGE", /no http URL/, {});
      const stranger = Wallet.createRandom();
      await ground.provider.send("anvil_setBalance", [stranger.address, "0xde0b6b3a7640000"]);
      await mistake(["--signer", ground.url, ...ground.at, "income", "withdraw", "--account", stranger.address], "NO_CREDIT", /no credit/, {});
      await mistake(["--signer", ground.url, ...ground.at, "owner", "vehicles", "transfer", "--account", "owner", "--vehicle", "99", "--to", stranger.address], "REVERT", /./, {});
    });
  });

  it("gives the vehicle to its next owner: a new epoch, without an agreement", async () => {
    assert.equal((await run("vehicles", "transfer", "--account", "owner", "--vehicle", vehicle, "--to", ground.accounts.keeper.address)).epoch, 2);
    assert.deepEqual((await rows("vehicles", "list", "--account", "owner")), []);
    assert.deepEqual((await rows("vehicles", "list", "--account", "keeper")).map(({ epoch }) => epoch), [2]);
    await refused(["agreements", "show", "--vehicle", vehicle], "AGREEMENT_NONE", /no agreement for vehicle \d+ in ownership epoch 2/);
  });
});
