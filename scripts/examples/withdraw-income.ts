/** Pays out what sales have credited to the account in PRIVATE_KEY. */
import { Contract, JsonRpcProvider, Wallet } from "ethers";

const [rpc, address, token] = process.argv.slice(2);
const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1, pollingInterval: 500 });
const account = new Wallet(process.env.PRIVATE_KEY!, provider);

const escrow = new Contract(address!, ["function creditOf(address account, address token) view returns (uint256)", "function withdraw(address token, address to, uint256 amount)"], account);
const credit = (await escrow.getFunction("creditOf")(account.address, token)) as bigint;
if (credit === 0n) {
  console.log("nothing to withdraw");
} else {
  // Credits first, transfers by their owner: no stranger's token can stop a settlement.
  const sent = await escrow.getFunction("withdraw").send(token, account.address, credit);
  await sent.wait();
  console.log(`withdrew ${credit} in ${sent.hash}`);
}
provider.destroy();
