/** ERC-3009 by its own text, which stands in quotes; one assertion a demand. Every revert is tried in tokens/authorizations. */
import { expect } from "chai";
import { concat, id, keccak256, AbiCoder, Signature, TypedDataEncoder } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { TOKEN_NAMES } from "../../../sdk/client/index.ts";
import { CHAIN_ID, ask, ethers, networkHelpers, now } from "../support/chain.ts";
import { act, bothTokens } from "../support/tokens.ts";
import { FAR, hash } from "../support/world.ts";

/** As they stand in the text. */
const TYPEHASHES = {
  TRANSFER_WITH_AUTHORIZATION_TYPEHASH: "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267",
  RECEIVE_WITH_AUTHORIZATION_TYPEHASH: "0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8",
  CANCEL_AUTHORIZATION_TYPEHASH: "0x158b0a9edf7a828aad02f63cd515c68ef2f50ba807396f6d12842833a1597429",
} as const;
const SENDS = "address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32";

/** Signs as the text says, with no help of a library for typed data: keccak256("\x19\x01" ‖ DOMAIN_SEPARATOR ‖ keccak256(parameters)). */
async function fixture() {
  const t = await networkHelpers.loadFixture(bothTokens);
  const { at } = t.who;
  // The text needs a raw digest signed, which no connected wallet does: a key of our own holds the tokens.
  const payer = new ethers.Wallet(keccak256("0x01"));
  await act(t.qdd, t.who.owner, "transfer", payer.address, 100);
  const separator = (await ask(t.qdd, "DOMAIN_SEPARATOR")) as Hex;
  const sign = (types: string[], values: unknown[]): unknown[] => {
    const digest = keccak256(concat(["0x1901", separator, keccak256(AbiCoder.defaultAbiCoder().encode(types, values))]));
    const { v, r, s } = Signature.from(payer.signingKey.sign(digest));
    return [v, r, s];
  };
  const moves = ["bytes32", "address", "address", "uint256", "uint256", "uint256", "bytes32"];
  const words = (validAfter = 0, validBefore = FAR): unknown[] => [payer.address, at.buyer, 5, validAfter, validBefore, hash("nonce")];
  return {
    ...{ ...t, at, payer, words },
    transfer: (w: unknown[]) => act(t.qdd, t.who.stranger, `transferWithAuthorization(${SENDS})`, ...w, ...sign(moves, [TYPEHASHES.TRANSFER_WITH_AUTHORIZATION_TYPEHASH, ...w])),
    receive: (w: unknown[], by: "buyer" | "stranger") => act(t.qdd, t.who[by], `receiveWithAuthorization(${SENDS})`, ...w, ...sign(moves, [TYPEHASHES.RECEIVE_WITH_AUTHORIZATION_TYPEHASH, ...w])),
    cancel: (nonce: Hex) =>
      act(t.qdd, t.who.stranger, "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)", payer.address, nonce, ...sign(["bytes32", "address", "bytes32"], [TYPEHASHES.CANCEL_AUTHORIZATION_TYPEHASH, payer.address, nonce])),
  };
}

describe("ERC-3009: QDD", () => {
  it("has the three type hashes of the text", async () => {
    const { qdd } = await fixture();
    for (const [name, value] of Object.entries(TYPEHASHES)) expect(await ask(qdd, name), name).to.equal(value);
  });

  it("and they are those of the texts that they name", () => {
    const words = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";
    expect(Object.values(TYPEHASHES)).to.deep.equal([id(`TransferWithAuthorization${words}`), id(`ReceiveWithAuthorization${words}`), id("CancelAuthorization(address authorizer,bytes32 nonce)")]);
  });

  it("has the EIP-712 domain of name, version, chain and contract", async () => {
    const { qdd } = await fixture();
    const expected = TypedDataEncoder.hashDomain({ name: TOKEN_NAMES.qdd, version: "1", chainId: CHAIN_ID, verifyingContract: qdd.target as string });
    expect(await ask(qdd, "DOMAIN_SEPARATOR")).to.equal(expected);
  });

  it('transferWithAuthorization: "execute a transfer with a signed authorization"', async () => {
    const { qdd, at, payer, transfer, words } = await fixture();
    await expect(transfer(words())).to.emit(qdd, "Transfer").withArgs(payer.address, at.buyer, 5);
  });

  it("transferWithAuthorization emits AuthorizationUsed(authorizer, nonce), both indexed", async () => {
    const { qdd, payer, transfer, words } = await fixture();
    await expect(transfer(words())).to.emit(qdd, "AuthorizationUsed").withArgs(payer.address, hash("nonce"));
    expect(qdd.interface.getEvent("AuthorizationUsed")!.inputs.map(({ indexed }) => indexed)).to.deep.equal([true, true]);
  });

  it('"validAfter: the time after which this is valid": not at it', async () => {
    const { qdd, transfer, words } = await fixture();
    const at = (await now()) + 50;
    await networkHelpers.time.setNextBlockTimestamp(at);
    await expect(transfer(words(at))).to.be.revertedWithCustomError(qdd, "ERC3009_NotYetValid").withArgs(at, at);
    await transfer(words(at - 1));
  });

  it('"validBefore: the time before which this is valid": not at it', async () => {
    const { qdd, transfer, words } = await fixture();
    const at = (await now()) + 50;
    await networkHelpers.time.setNextBlockTimestamp(at);
    await expect(transfer(words(0, at))).to.be.revertedWithCustomError(qdd, "ERC3009_Expired").withArgs(at, at);
    await transfer(words(0, at + 1));
  });

  it('authorizationState: "returns the state of an authorization": "true if the nonce is used"', async () => {
    const { qdd, payer, transfer, words } = await fixture();
    expect(await ask(qdd, "authorizationState", payer.address, hash("nonce"))).to.equal(false);
    await transfer(words());
    expect(await ask(qdd, "authorizationState", payer.address, hash("nonce"))).to.equal(true);
  });

  it('"nonces are randomly generated 32-byte data unique to the authorizer\'s address": used once, in any order', async () => {
    const { qdd, payer, transfer, words } = await fixture();
    await transfer(words());
    await expect(transfer(words())).to.be.revertedWithCustomError(qdd, "ERC3009_Used").withArgs(payer.address, hash("nonce"));
    await transfer([...words().slice(0, 5), hash("another")]);
  });

  it('receiveWithAuthorization: "receive a transfer with a signed authorization from the payer"', async () => {
    const { qdd, at, payer, receive, words } = await fixture();
    await expect(receive(words(), "buyer")).to.emit(qdd, "Transfer").withArgs(payer.address, at.buyer, 5);
  });

  it('receiveWithAuthorization: "has an additional check to ensure that the payee\'s address matches the caller of this function"', async () => {
    const { qdd, at, receive, words } = await fixture();
    await expect(receive(words(), "stranger")).to.be.revertedWithCustomError(qdd, "ERC3009_NotPayee").withArgs(at.buyer, at.stranger);
  });

  it('cancelAuthorization: "attempt to cancel an authorization", and it can be used no more', async () => {
    const { qdd, payer, transfer, cancel, words } = await fixture();
    await expect(cancel(hash("nonce"))).to.emit(qdd, "AuthorizationCanceled").withArgs(payer.address, hash("nonce"));
    await expect(transfer(words())).to.be.revertedWithCustomError(qdd, "ERC3009_Used").withArgs(payer.address, hash("nonce"));
  });

  it("cancelAuthorization of a nonce that was used fails", async () => {
    const { qdd, payer, transfer, cancel, words } = await fixture();
    await transfer(words());
    await expect(cancel(hash("nonce"))).to.be.revertedWithCustomError(qdd, "ERC3009_Used").withArgs(payer.address, hash("nonce"));
  });
});
