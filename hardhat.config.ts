import { createRequire } from "node:module";
import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";

// The compiler is the one from npm: nothing is fetched, and the lockfile pins its bytes.
const solc = { version: "0.8.37", path: createRequire(import.meta.url).resolve("solc/soljson.js") } as const;
const settings = { evmVersion: "osaka", optimizer: { enabled: true, runs: 10_000 } } as const;

// What every trade goes through is compiled by way of the intermediate language: cheaper to run, slower to compile. The two
// halves of the exchange are the largest contracts; more runs would take them beyond what a contract may weigh.
const hot = { ...solc, settings: { ...settings, viaIR: true } } as const;
const exchange = { ...solc, settings: { ...settings, viaIR: true, optimizer: { enabled: true, runs: 1_500 } } } as const;

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  solidity: {
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
    profiles: {
      default: {
        compilers: [{ ...solc, settings }],
        overrides: {
          "contracts/market/Escrow.sol": exchange,
          "contracts/market/EscrowDisputes.sol": exchange,
          "contracts/shares/QoodShares.sol": hot,
          "contracts/rights/DataRegistry.sol": hot,
          "contracts/identity/VehicleRegistry.sol": hot,
          "contracts/tokens/QDD.sol": hot,
          // Has what the exchange's halves have in it, which does not compile otherwise.
          "contracts/mocks/ProofsProbe.sol": hot,
        },
      },
    },
  },
  paths: {
    sources: "./contracts",
    tests: { mocha: "./test/contracts", solidity: "./test/invariant" },
    artifacts: "./artifacts",
    cache: "./cache",
  },
  networks: {
    default: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 31337,
      hardfork: "osaka",
      allowBlocksWithSameTimestamp: true,
    },
  },
  test: { mocha: { timeout: 120_000 }, solidity: { fuzz: { runs: 256, seed: "0x51" }, invariant: { runs: 32, depth: 64, failOnRevert: true } } },
});
