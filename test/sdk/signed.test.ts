import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Wallet } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { hasSigned, together } from "@qoodblock/sdk/client";
import { receiptData, signTypedData } from "@qoodblock/sdk/eip712";

const address = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;

describe("a signature", () => {
  it("is of an account by its key, or of a contract as the contract says", async () => {
    const wallet = Wallet.createRandom();
    const data = receiptData({ chainId: 31337, verifyingContract: address(9) }, { dealId: `0x${"07".repeat(32)}`, page: 0n });
    const signature = await signTypedData(wallet, data);
    const chainWith = (code: string, answer: () => Promise<string>): Parameters<typeof hasSigned>[0] => ({ getCode: () => Promise.resolve(code), call: answer });
    const silent = (): Promise<string> => Promise.reject(new Error("nobody was to be asked"));
    assert.equal(await hasSigned(chainWith("0x", silent), wallet.address as Hex, data, signature), true);
    // An account that delegates to code (EIP-7702) keeps its key, here and in the contracts.
    assert.equal(await hasSigned(chainWith("0xef0100", silent), wallet.address as Hex, data, signature), true);
    assert.equal(await hasSigned(chainWith("0x", silent), address(3), data, signature), false);
    assert.equal(await hasSigned(chainWith("0x", silent), address(3), data, "0x1234"), false);
    const yes = `0x1626ba7e${"0".repeat(56)}`;
    assert.equal(await hasSigned(chainWith("0x60", () => Promise.resolve(yes)), address(3), data, "0x1234"), true);
    for (const answer of ["0x", "0x1626ba7e", `0x${"0".repeat(64)}`, `0x${"f".repeat(64)}`]) assert.equal(await hasSigned(chainWith("0x60", () => Promise.resolve(answer)), address(3), data, signature), false);
    const reverts = (): Promise<string> => Promise.reject(Object.assign(new Error("reverted"), { code: "CALL_EXCEPTION" }));
    assert.equal(await hasSigned(chainWith("0x60", reverts), address(3), data, signature), false);
    await assert.rejects(hasSigned(chainWith("0x60", silent), address(3), data, signature), /nobody/);
  });
});

describe("checks that ask at the same time", () => {
  it("give their answers in their order, and the fault of the first in that order, once all have ended", async () => {
    const [slow, quick] = [Promise.withResolvers<number>(), Promise.withResolvers<string>()];
    const both = together([slow.promise, undefined, quick.promise]);
    quick.resolve("b");
    slow.resolve(1);
    assert.deepEqual(await both, [1, undefined, "b"]);

    const [first, second] = [Promise.withResolvers<never>(), Promise.withResolvers<never>()];
    let ended = false;
    const faulty = assert.rejects(together([first.promise, second.promise]), /the first/).then(() => (ended = true));
    second.reject(new Error("the second, which came first"));
    await new Promise(setImmediate);
    assert.equal(ended, false);
    first.reject(new Error("the first"));
    await faulty;
  });
});
