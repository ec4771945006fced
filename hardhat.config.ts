import { createRequire } from "node:module";
import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";

// The compiler is the one from npm: nothing is fetched, and the lockfile pins its bytes.
const solc = { version: "0.8.37", path: createRequire(import.meta.url).resolve("solc/soljson.js") } as const;
const settings = { evmVersion: "osaka", optimizer: { enabled: true, runs: 200 } } as const;

// The exchange is larger than one contract may be in the older code generator, and cheaper in this one.
const ir = { ...solc, settings: { ...settings, viaIR: true, optimizer: { enabled: true, runs: 400 } } } as const;

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  solidity: {
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
    profiles: {
      default: { compilers: [{ ...solc, settings }], overrides: { "contracts/market/Escrow.sol": ir, "contracts/market/EscrowDisputes.sol": ir } },
      // Smaller and cheaper code, at about seven times the compiling time.
      production: { ...solc, settings: { ...settings, viaIR: true } },
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
