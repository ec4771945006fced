/** One purchase on other markets, from the bytecode that they publish on the registry, deployed to the same kind of chain. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BaseContract, ContractFactory, getBytes, id, Interface, keccak256, Signature, type Signer, solidityPacked, type TransactionReceipt, ZeroAddress } from "ethers";
import { z } from "zod";

/** A figure of another market. */
export interface Peer {
  readonly name: string;
  readonly gas: number;
  /** What a buyer has for it, and where the figure comes from. */
  readonly gives: string;
}

/**
 * Packages that are measured. They are no dependency of this project; to measure them again, install them anywhere
 * (`npm install --prefix FOLDER --ignore-scripts @oceanprotocol/contracts@2.6.0 @streamr/hub-contracts@1.1.2 @streamr/network-contracts@3.0.0`)
 * and run the bench with QOOD_PEERS=FOLDER/node_modules.
 */
const OCEAN = "@oceanprotocol/contracts";
const HUB = "@streamr/hub-contracts";
const NETWORK = "@streamr/network-contracts";
const folder = process.env["QOOD_PEERS"];

const ON_TRUST = "access on trust, the seller may deliver anything or nothing";

/** What was measured with the packages above, for a run without them. */
const RECORDED: readonly Omit<Peer, "gives">[] = [
  { name: "Ocean, first order of a buyer", gas: 296_849 },
  { name: "Ocean, further order", gas: 269_489 },
  { name: "Streamr, first purchase of a buyer", gas: 218_780 },
  { name: "Streamr, further purchase", gas: 179_638 },
];

/** Figures that others have published; nothing of them can be deployed here. */
const PUBLISHED: readonly Peer[] = [
  { name: "zkPoD, one complete purchase", gas: 345_000, gives: "the key is made public, so that data is sold once; published, not measured here" },
  { name: "Seaport, basic order, least", gas: 90_000, gives: "a token for money at once, nothing is delivered off chain; published, not measured here" },
  { name: "Seaport, basic order, most", gas: 101_000, gives: "as above" },
];

const Artifact = z.object({ abi: z.array(z.record(z.string(), z.unknown())), bytecode: z.string() });
type Artifact = z.infer<typeof Artifact>;
const artifact = (file: string): Artifact => Artifact.parse(JSON.parse(readFileSync(file, "utf8")));
const ofOcean = (path: string): Artifact => artifact(join(folder!, OCEAN, "artifacts/contracts", path));
const ofStreamr = (name: string, path: string): Artifact => artifact(join(folder!, name, "dist/artifacts/contracts", path));

async function deploy({ abi, bytecode }: Artifact, by: Signer, ...args: unknown[]): Promise<BaseContract> {
  const made = await new ContractFactory(abi, bytecode, by).deploy(...args);
  return made.waitForDeployment();
}

async function send(contract: BaseContract, method: string, ...args: unknown[]): Promise<TransactionReceipt> {
  return (await (await contract.getFunction(method).send(...args)).wait())!;
}

const by = (contract: BaseContract, signer: Signer): BaseContract => contract.connect(signer);
const LARGE = 10n ** 24n;
const WHOLE = 10n ** 18n;

/** An order of a data token at a fixed price, with its provider's fee of nothing: `buyFromFreAndOrder`. */
async function ocean([owner, buyer, provider, market]: readonly Signer[]): Promise<number[]> {
  const [ownerAt, buyerAt, providerAt, marketAt] = await Promise.all([owner!, buyer!, provider!, market!].map((each) => each.getAddress()));
  const token = await deploy(ofOcean("utils/mock/MockERC20.sol/MockERC20.json"), owner!, ownerAt, "Ocean", "OCEAN");
  const router = await deploy(ofOcean("pools/FactoryRouter.sol/FactoryRouter.json"), owner!, ownerAt, token, token, ownerAt, []);
  const exchangeFile = ofOcean("pools/fixedRate/FixedRateExchange.sol/FixedRateExchange.json");
  const exchange = await deploy(exchangeFile, owner!, router);
  const template = await deploy(ofOcean("templates/ERC721Template.sol/ERC721Template.json"), owner!);
  const dataFile = ofOcean("templates/ERC20TemplateEnterprise.sol/ERC20TemplateEnterprise.json");
  const factoryFile = ofOcean("ERC721Factory.sol/ERC721Factory.json");
  const factory = await deploy(factoryFile, owner!, template, await deploy(dataFile, owner!), router);
  await send(router, "addFactory", factory);
  await send(router, "addFixedRateContract", exchange);
  await send(router, "addApprovedToken", token);
  const created = await send(
    factory,
    "createNftWithErc20WithFixedRate",
    { name: "data", symbol: "DATA", templateIndex: 1, tokenURI: "", transferable: true, owner: ownerAt },
    { templateIndex: 1, strings: ["data", "DATA"], addresses: [ownerAt, ownerAt, ownerAt, ZeroAddress], uints: [1000n * WHOLE, 0], bytess: [] },
    { fixedPriceAddress: exchange, addresses: [token, ownerAt, marketAt, ZeroAddress], uints: [18, 18, WHOLE, 0, 1] },
  );
  const events = new Interface([...factoryFile.abi, ...exchangeFile.abi].filter(({ type }) => type === "event"));
  const found = new Map(created.logs.flatMap((log) => { const event = events.parseLog(log); return event === null ? [] : [[event.name, event.args[0] as string] as const]; }));
  const data = new BaseContract(found.get("TokenCreated")!, dataFile.abi, buyer);
  await send(token, "transfer", buyerAt, 100n * WHOLE);
  await send(by(token, buyer!), "approve", data, LARGE);
  const orders: number[] = [];
  for (let i = 0; i < 2; i += 1) {
    const providerData = getBytes("0x01");
    const message = keccak256(solidityPacked(["bytes", "address", "address", "uint256", "uint256"], [providerData, providerAt, ZeroAddress, 0, 0]));
    const { v, r, s } = Signature.from(await provider!.signMessage(getBytes(message)));
    const fee = { providerFeeAddress: providerAt, providerFeeToken: ZeroAddress, providerFeeAmount: 0, v, r, s, validUntil: 0, providerData };
    const marketFee = { consumeMarketFeeAddress: ZeroAddress, consumeMarketFeeToken: ZeroAddress, consumeMarketFeeAmount: 0 };
    const order = { consumer: buyerAt, serviceIndex: 1, _providerFee: fee, _consumeMarketFee: marketFee };
    const price = { exchangeContract: exchange, exchangeId: found.get("ExchangeCreated")!, maxBaseTokenAmount: 2n * WHOLE, swapMarketFee: 0, marketFeeAddress: ZeroAddress };
    orders.push(Number((await send(data, "buyFromFreAndOrder", order, price)).gasUsed));
  }
  return orders;
}

/** A subscription to a project with one stream, behind proxies as in production: `buy`. */
async function streamr([owner, buyer, , seller]: readonly Signer[], proxy: Artifact): Promise<number[]> {
  const proxied = async (file: Artifact, ...args: unknown[]): Promise<BaseContract> => {
    const code = await deploy(file, owner!);
    const front = await deploy(proxy, owner!, code, code.interface.encodeFunctionData("initialize", args));
    return new BaseContract(await front.getAddress(), file.abi, owner);
  };
  const token = await deploy(ofOcean("utils/mock/MockERC20.sol/MockERC20.json"), owner!, await owner!.getAddress(), "Data", "DATA");
  const streams = await proxied(ofStreamr(NETWORK, "StreamRegistry/StreamRegistryV4.sol/StreamRegistryV4.json"), ZeroAddress, ZeroAddress);
  const stream = `${(await owner!.getAddress()).toLowerCase()}/trips`;
  await send(streams, "createStream", "/trips", "{}");
  const projects = await proxied(ofStreamr(HUB, "ProjectRegistry/ProjectRegistryV1.sol/ProjectRegistryV1.json"), await streams.getAddress());
  const market = await proxied(ofStreamr(HUB, "Marketplace/MarketplaceV4.sol/MarketplaceV4.json"), await projects.getAddress(), 31337);
  await send(streams, "grantRole", id("TRUSTED_ROLE"), projects);
  await send(projects, "grantRole", id("TRUSTED_ROLE"), market);
  const project = id("project");
  const payment = { beneficiary: await seller!.getAddress(), pricingTokenAddress: token, pricePerSecond: 2 };
  await send(projects, "createProject", project, [31337], [payment], [stream], 1, true, "");
  await send(token, "transfer", await buyer!.getAddress(), 100n * WHOLE);
  await send(token, "transfer", await seller!.getAddress(), 1n);
  await send(by(token, buyer!), "approve", market, LARGE);
  const purchases: number[] = [];
  for (let i = 0; i < 2; i += 1) purchases.push(Number((await send(by(market, buyer!), "buy", project, 1000)).gasUsed));
  return purchases;
}

/**
 * One purchase of each peer: measured where the packages lie in QOOD_PEERS, else as recorded from such a run.
 * @param signers accounts with ether on a fresh chain, four at least
 * @param proxy file of OpenZeppelin's ERC1967Proxy with its bytecode
 */
export async function peers(signers: readonly Signer[], proxy: string): Promise<Peer[]> {
  const measured = folder !== undefined && [OCEAN, HUB, NETWORK].every((name) => existsSync(join(folder, name)));
  const gas = measured ? [...(await ocean(signers)), ...(await streamr(signers, artifact(proxy)))] : RECORDED.map((each) => each.gas);
  const source = measured ? "measured in this run" : "recorded from such a run";
  return [...RECORDED.map(({ name }, i) => ({ name, gas: gas[i]!, gives: `${ON_TRUST}; ${source}` })), ...PUBLISHED];
}
