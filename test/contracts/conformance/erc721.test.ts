/** ERC-721 and its metadata over the vehicle token, by the standard's own text. */
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { ask, contractAt, deployed, ethers, networkHelpers, type Role } from "../support/chain.ts";
import { hash, mintVehicle } from "../support/world.ts";

const SAFE = "safeTransferFrom(address,address,uint256)";
const SAFE_WITH_DATA = "safeTransferFrom(address,address,uint256,bytes)";

describe("ERC-721: VehicleRegistry", () => {
  async function fixture() {
    const client = await deployed();
    const vehicle = await mintVehicle(client);
    const registry = await contractAt("VehicleRegistry", client.deployment.addresses.vehicleRegistry);
    const { who } = client;
    const send = (by: Role, method: string, ...args: unknown[]) => registry.connect(who[by]).getFunction(method)(...args) as Promise<Awaited<ReturnType<typeof who.owner.sendTransaction>>>;
    return { ...client, registry, vehicle, send };
  }
  const load = () => networkHelpers.loadFixture(fixture);

  it('"balanceOf: NFTs assigned to the zero address are considered invalid, and this function throws"', async () => {
    const { registry, who } = await load();
    await expect(ask(registry, "balanceOf", ZeroAddress)).to.be.revertedWithCustomError(registry, "ERC721InvalidOwner");
    expect([await ask(registry, "balanceOf", who.at.owner), await ask(registry, "balanceOf", who.at.stranger)]).to.deep.equal([1n, 0n]);
  });

  it('"ownerOf: NFTs assigned to zero address are considered invalid, and queries about them do throw"', async () => {
    const { registry, vehicle, who } = await load();
    await expect(ask(registry, "ownerOf", 7)).to.be.revertedWithCustomError(registry, "ERC721NonexistentToken");
    expect(await ask(registry, "ownerOf", vehicle)).to.equal(who.at.owner);
  });

  it('"Throws unless msg.sender is the current owner, an authorized operator, or the approved address for this NFT"', async () => {
    for (const method of ["transferFrom", SAFE, SAFE_WITH_DATA]) {
      const { registry, vehicle, who, send } = await load();
      const move = (by: Role, from: Hex, to: Hex) => send(by, method, from, to, vehicle, ...(method === SAFE_WITH_DATA ? ["0x"] : []));
      await expect(move("stranger", who.at.owner, who.at.stranger)).to.be.revertedWithCustomError(registry, "ERC721InsufficientApproval");
      await expect(move("owner", who.at.owner, who.at.owner2)).to.emit(registry, "Transfer").withArgs(who.at.owner, who.at.owner2, vehicle);
      await send("owner2", "approve", who.at.stranger, vehicle);
      await move("stranger", who.at.owner2, who.at.owner);
      await send("owner", "setApprovalForAll", who.at.tsp, true);
      await move("tsp", who.at.owner, who.at.owner2);
      expect(await ask(registry, "ownerOf", vehicle)).to.equal(who.at.owner2);
    }
  });

  it('"Throws if _from is not the current owner. Throws if _to is the zero address. Throws if _tokenId is not a valid NFT"', async () => {
    for (const method of ["transferFrom", SAFE]) {
      const { registry, vehicle, who, send } = await load();
      await expect(send("owner", method, who.at.owner2, who.at.stranger, vehicle)).to.be.revertedWithCustomError(registry, "ERC721IncorrectOwner");
      await expect(send("owner", method, who.at.owner, ZeroAddress, vehicle)).to.be.revertedWithCustomError(registry, "ERC721InvalidReceiver");
      await expect(send("owner", method, who.at.owner, who.at.stranger, 7)).to.be.revertedWithCustomError(registry, "ERC721NonexistentToken");
    }
  });

  it('"When transfer is complete, this function checks if _to is a smart contract. If so, it calls onERC721Received and throws if the return value is not" the magic one', async () => {
    const { registry, vehicle, who, send } = await load();
    const receiver = await ethers.deployContract("Awkward1271");
    const at = await receiver.getAddress();
    const magic = "0x150b7a02".padEnd(66, "0");
    for (const [answer, reverts] of [["0xffffffff".padEnd(66, "0"), false], ["0x", false], [magic, true]] as const) {
      await receiver.getFunction("set")(answer, reverts);
      await expect(send("owner", SAFE, who.at.owner, at, vehicle)).to.revert(ethers);
    }
    await receiver.getFunction("set")(magic, false);
    await send("owner", SAFE_WITH_DATA, who.at.owner, at, vehicle, "0x1234");
    expect(await ask(registry, "ownerOf", vehicle)).to.equal(at);
  });

  it('"approve: The zero address indicates there is no approved address. Throws unless msg.sender is the current NFT owner, or an authorized operator"', async () => {
    const { registry, vehicle, who, send } = await load();
    expect(await ask(registry, "getApproved", vehicle)).to.equal(ZeroAddress);
    await expect(send("stranger", "approve", who.at.stranger, vehicle)).to.be.revertedWithCustomError(registry, "ERC721InvalidApprover");
    await expect(send("owner", "approve", who.at.tsp, vehicle)).to.emit(registry, "Approval").withArgs(who.at.owner, who.at.tsp, vehicle);
    expect(await ask(registry, "getApproved", vehicle)).to.equal(who.at.tsp);
    // Being approved is not being an operator.
    await expect(send("tsp", "approve", who.at.stranger, vehicle)).to.be.revertedWithCustomError(registry, "ERC721InvalidApprover");
    await send("owner", "approve", ZeroAddress, vehicle);
    expect(await ask(registry, "getApproved", vehicle)).to.equal(ZeroAddress);
  });

  it('"getApproved: Throws if _tokenId is not a valid NFT"; "at the time of any transfer, the approved address for that NFT (if any) is reset to none"', async () => {
    const { registry, vehicle, who, send } = await load();
    await expect(ask(registry, "getApproved", 7)).to.be.revertedWithCustomError(registry, "ERC721NonexistentToken");
    await send("owner", "approve", who.at.tsp, vehicle);
    await send("owner", "transferFrom", who.at.owner, who.at.owner2, vehicle);
    expect(await ask(registry, "getApproved", vehicle)).to.equal(ZeroAddress);
  });

  it('"setApprovalForAll: Emits the ApprovalForAll event. The contract MUST allow multiple operators per owner"', async () => {
    const { registry, who, send } = await load();
    for (const operator of [who.at.tsp, who.at.tsp2]) await expect(send("owner", "setApprovalForAll", operator, true)).to.emit(registry, "ApprovalForAll").withArgs(who.at.owner, operator, true);
    const are = async () => Promise.all([who.at.tsp, who.at.tsp2].map((operator) => ask(registry, "isApprovedForAll", who.at.owner, operator)));
    expect(await are()).to.deep.equal([true, true]);
    await send("owner", "setApprovalForAll", who.at.tsp, false);
    expect(await are()).to.deep.equal([false, true]);
  });

  it('"Transfer: This event emits when NFTs are created (from == 0)"', async () => {
    const { registry, calls, reads, deployment, who } = await load();
    const vehicle = await mintVehicle({ calls, reads, deployment, who }, hash("another"));
    const found = await registry.queryFilter("Transfer", "latest");
    expect(found.map((log) => [...(log as unknown as { args: unknown[] }).args])).to.deep.equal([[ZeroAddress, who.at.owner, vehicle]]);
  });

  it('"tokenURI: Throws if _tokenId is not a valid NFT. URIs are defined in RFC 3986"; "name" and "symbol" are there', async () => {
    const { registry, vehicle } = await load();
    expect([await ask(registry, "name"), await ask(registry, "symbol")]).to.deep.equal(["QoodBlock Vehicle", "QVEH"]);
    await expect(ask(registry, "tokenURI", 7)).to.be.revertedWithCustomError(registry, "VehicleRegistry_UnknownVehicle");
    expect(new URL((await ask(registry, "tokenURI", vehicle)) as string).protocol).to.equal("data:");
  });
});
