/** Who may sell which data of a vehicle, and who gets which share. No key is needed: all of it is public. */
import { Contract, type EventLog, JsonRpcProvider } from "ethers";

const [rpc, address, vehicle, epoch = "1"] = process.argv.slice(2);
const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1 });

const PAIR = "tuple(uint8 dataClass, uint8 privacy, bool authorised, uint16 ownerBps, uint16 oemBps, uint16 agentBps, uint16 storageBps)[] pairs";
const TOKEN = "tuple(address token, uint128 oemFloor, uint128 userFloor, uint128 disputedFloor)[] tokens";
const TEXT = `tuple(uint256 vehicle, uint64 epoch, address owner, address oem, address agent, address storagePayee, ${PAIR}, ${TOKEN}, uint32 noticePeriod, bytes32 legalHash, uint32 nonce, uint64 deadline) text`;
const TERMS = "tuple(address owner, address oem, address storagePayee, bytes32 textHash, address agent, uint256 shares, bytes32 tokensHash) terms";
const shares = new Contract(
  address!,
  [`event Agreed(uint256 indexed agreementId, uint32 indexed version, address indexed agent, ${TEXT}, ${TERMS})`, "function current(uint256 id) view returns (uint32 version, uint8 denied, uint32 start, bytes27 digest)"],
  provider,
);

// An agreement's id is the vehicle's token and the ownership epoch side by side.
const id = (BigInt(vehicle!) << 64n) | BigInt(epoch);
const { version, denied } = (await shares.getFunction("current")(id)) as { version: bigint; denied: bigint };
// The chain keeps a hash; the text that both have signed is in the event.
const [agreed] = (await shares.queryFilter(shares.filters.Agreed!(id, version))) as EventLog[];
if (agreed === undefined) {
  console.log("no agreement is in force");
} else {
  const { text } = agreed.args as unknown as { text: { owner: string; oem: string; agent: string; pairs: { authorised: boolean; ownerBps: bigint; oemBps: bigint; agentBps: bigint; storageBps: bigint }[] } };
  console.log(`version ${version}: owner ${text.owner}, OEM ${text.oem}, sold by ${text.agent}`);
  const names = ["OEM ordinary", "OEM private", "USER ordinary", "USER private", "DISPUTED ordinary", "DISPUTED private"];
  text.pairs.forEach((pair, i) => {
    // Either principal may have denied a pair since, by itself.
    if (!pair.authorised || ((denied >> BigInt(i)) & 1n) === 1n) return;
    console.log(`${names[i]!}: owner ${Number(pair.ownerBps) / 100} %, OEM ${Number(pair.oemBps) / 100} %, agent ${Number(pair.agentBps) / 100} %, storage ${Number(pair.storageBps) / 100} %`);
  });
}
provider.destroy();
