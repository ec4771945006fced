/** ERC-165 over the vehicle token, by the standard's own text. */
import { expect } from "chai";
import { ask, contractAt, deployed, ethers, networkHelpers } from "../support/chain.ts";

describe("ERC-165: VehicleRegistry", () => {
  async function fixture() {
    const { deployment } = await deployed();
    return { registry: await contractAt("VehicleRegistry", deployment.addresses.vehicleRegistry) };
  }
  const supports = async (id: string): Promise<unknown> => ask((await networkHelpers.loadFixture(fixture)).registry, "supportsInterface", id);

  it('"true when interfaceID is 0x01ffc9a7 (EIP165 interface)"', async () => {
    expect(await supports("0x01ffc9a7")).to.equal(true);
  });

  it('"false when interfaceID is 0xffffffff"', async () => {
    expect(await supports("0xffffffff")).to.equal(false);
  });

  it('"true for any other interfaceID this contract implements": ERC-721 and its metadata', async () => {
    expect([await supports("0x80ac58cd"), await supports("0x5b5e139f")]).to.deep.equal([true, true]);
  });

  it('"false for any other interfaceID": enumeration, royalties, nothing', async () => {
    for (const id of ["0x780e9d63", "0x2a55205a", "0x00000000", "0x150b7a02"]) expect(await supports(id), id).to.equal(false);
  });

  it('"This function uses less than 30,000 gas"', async () => {
    const { registry } = await networkHelpers.loadFixture(fixture);
    for (const id of ["0x01ffc9a7", "0x80ac58cd", "0xffffffff"]) {
      const data = registry.interface.encodeFunctionData("supportsInterface", [id]);
      // With the transaction's own 21,000 and its calldata.
      const used = await ethers.provider.estimateGas({ to: await registry.getAddress(), data });
      expect(used < 30_000n + 21_000n, String(used)).to.equal(true);
    }
  });
});
