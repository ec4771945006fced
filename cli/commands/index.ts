import type { Command } from "commander";
import { registerAccount } from "./account.ts";
import { registerAdmin } from "./admin.ts";
import { registerBuyer } from "./buyer.ts";
import { registerCompletion } from "./completion.ts";
import { registerDeal } from "./deal.ts";
import { registerDeploy } from "./deploy.ts";
import { registerIncome } from "./income.ts";
import { registerPrincipals } from "./principals.ts";
import { registerTsp } from "./tsp/index.ts";

/** Every command of `qood`, in the order of its help. */
export function registerAll(program: Command): void {
  registerAccount(program);
  registerPrincipals(program);
  registerBuyer(program);
  registerDeal(program);
  registerIncome(program, program);
  registerTsp(program);
  registerAdmin(program);
  registerDeploy(program);
  registerCompletion(program);
}
