/** Which tests guard which contract: a mutant is tried on the tests of its file and on no others. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { QoodError } from "../../sdk/errors/index.ts";
import { root } from "./workspace.ts";

const folder = "test/contracts";
const inTests = (...names: readonly string[]): readonly string[] => names.map((name) => `${folder}/${name}.test.ts`);

/** Tests of other rooms than the exchange, and those that turn red at every change: snapshots of gas. */
const NOT_OF_THE_EXCHANGE = new Set([
  ...inTests("client", "delivery-keys", "dictionary", "faucet", "gas", "ledger-nothing", "shares", "shares-gap", "signatures", "orders/costs", "orders/block-headers", "orders/hook-edges"),
  ...inTests("identity/devices", "identity/p256-fallback", "identity/recovery", "identity/vehicles"),
]);
const TOKENS = [
  ...inTests("tokens/redemption", "tokens/stops", "tokens/lists", "tokens/reserve", "tokens/feed", "tokens/authorizations", "tokens/qdt", "tokens/never"),
  ...inTests("conformance/erc20", "conformance/erc2612", "conformance/erc3009", "conformance/erc5805", "conformance/erc6372"),
];
/** What shows most of the exchange, where nothing speaks of a mutant: the sizes of deals, their pages, their deliveries and challenges. */
const SHOW_MOST = inTests("disputes/sizes", "escrow/pages", "escrow/delivery", "disputes/challenge");
/** Every other test, but those of the tokens and of the standards' texts. */
const EXCHANGE = [
  ...SHOW_MOST,
  ...readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name}`)
    .filter((name) => name.endsWith(".test.ts") && !NOT_OF_THE_EXCHANGE.has(name) && !SHOW_MOST.includes(name) && !/^test\/contracts\/(tokens|conformance)\//.test(name))
    .sort(),
];
const RIGHTS = inTests("rights/equivocations", "rights/late-headers", "rights/grants", "shares");
const BUY_ORDERS = inTests("orders/buy-orders", "orders/rules", "orders/flows");
const HOOKS = inTests("orders/beacon", "orders/smart", "orders/hook-edges");
const COMPLAINTS = inTests("complaint", "complaint-property", "chacha20");

/**
 * The beginning of a source's path → its tests; the longest beginning counts. Which of them runs first is decided by what a mutant is (see `tests.ts`).
 */
export const TESTS: Readonly<Record<string, readonly string[]>> = {
  "contracts/identity/": inTests("identity/vehicles", "identity/devices", "identity/recovery"),
  "contracts/identity/libraries/DeviceKeys.sol": inTests("identity/devices", "identity/p256-fallback", "identity/recovery"),
  "contracts/libraries/": inTests("signatures", "conformance/erc1271", "shares", "identity/vehicles"),
  "contracts/market/": EXCHANGE,
  "contracts/market/libraries/BabyJub.sol": inTests("delivery-keys"),
  "contracts/market/libraries/Proofs.sol": [...inTests("delivery-keys"), ...EXCHANGE],
  "contracts/market/BuyOrders.sol": BUY_ORDERS,
  "contracts/market/ComplaintVerifier.sol": COMPLAINTS,
  "contracts/market/hooks/": HOOKS,
  "contracts/market/libraries/BlockHeaders.sol": inTests("orders/block-headers", "orders/beacon"),
  "contracts/market/libraries/BuyRules.sol": BUY_ORDERS,
  "contracts/market/libraries/ChaCha": COMPLAINTS,
  "contracts/market/libraries/Complaints.sol": COMPLAINTS,
  "contracts/market/libraries/HookData.sol": HOOKS,
  "contracts/market/libraries/OrderDigests.sol": [...BUY_ORDERS, ...HOOKS],
  "contracts/rights/": RIGHTS,
  "contracts/rights/libraries/": [...RIGHTS, ...EXCHANGE],
  "contracts/rights/DataDictionary.sol": inTests("dictionary"),
  "contracts/shares/": inTests("shares", "shares-gap", "identity/vehicles"),
  "contracts/shares/Ledger": [...inTests("ledger", "ledger-nothing"), ...EXCHANGE.filter((name) => !name.endsWith("/ledger.test.ts"))],
  "contracts/shares/libraries/Agreements.sol": [...inTests("shares", "identity/vehicles"), ...EXCHANGE],
  "contracts/testnet/": inTests("faucet"),
  "contracts/tokens/": TOKENS,
};

/** The tests of a source. @throws QoodError `MUTATION_MAP` where it has none, or one of them is not there */
export function testsOf(file: string): readonly string[] {
  const key = Object.keys(TESTS).filter((start) => file.startsWith(start)).sort((a, b) => b.length - a.length)[0];
  if (key === undefined) throw new QoodError("MUTATION_MAP", `no tests are named for ${file}: add it to scripts/mutate/map.ts`);
  const missing = TESTS[key]!.find((test) => !existsSync(join(root, test)));
  if (missing !== undefined) throw new QoodError("MUTATION_MAP", `${missing}, which scripts/mutate/map.ts names for ${key}, is not there`);
  return TESTS[key]!;
}

/** The sources at or below a path, interfaces left out, sorted. @throws QoodError `USAGE` where there are none */
export function sourcesIn(path: string): string[] {
  const clean = path.replace(/^\.\//, "").replace(/\/+$/, "");
  if (!clean.startsWith("contracts/") || !existsSync(join(root, clean))) throw new QoodError("USAGE", `${path} is no file or folder below contracts/`);
  if (clean.endsWith(".sol")) return [clean];
  const files = readdirSync(join(root, clean), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".sol"));
  if (files.length === 0) throw new QoodError("USAGE", `there is no contract in ${path}`);
  return files.map((file) => `${clean}/${file}`).sort();
}
