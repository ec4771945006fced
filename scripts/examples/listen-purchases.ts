/** Tells every purchase as it is mined; ends after COUNT of them, if that is given. */
import { Contract, type ContractEventPayload, JsonRpcProvider } from "ethers";

const [rpc, address, count = "Infinity"] = process.argv.slice(2);
const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1, pollingInterval: 500 });

// party = buyer and times, fee = receiver and rate, each packed in a word; what a listener wants is indexed.
const SALE = "tuple(bytes32 party, bytes32 fee, bytes32 rightKey, bytes27 agreementDigest, uint256 keyX, uint256 keyY) sale";
const escrow = new Contract(address!, [`event Bought(bytes32 indexed dealId, address indexed seller, address indexed buyer, bytes32 orderHash, ${SALE})`], provider);

let seen = 0;
await escrow.on("Bought", (dealId: string, seller: string, buyer: string, ...rest: unknown[]) => {
  const { log } = rest.at(-1) as ContractEventPayload;
  console.log(`block ${log.blockNumber}: ${buyer} bought from ${seller}, deal ${dealId}`);
  seen += 1;
  if (seen >= Number(count)) provider.destroy();
});
console.error("listening");
