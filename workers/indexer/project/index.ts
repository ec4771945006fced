import { decodeEvent } from "@qoodblock/sdk/client";
import type { Deployment, EventName } from "@qoodblock/sdk/client";
import { putRow } from "../../shared/index/index.ts";
import type { Batch } from "../../shared/index/index.ts";
import { contractsOf, forSdk, nameOf, rowOf } from "../decode.ts";
import type { SourceLog } from "../source.ts";
import { agreementHandlers } from "./agreements.ts";
import { dataHandlers } from "./data.ts";
import { dealHandlers } from "./deals.ts";
import type { Handlers, Placed } from "./handlers.ts";
import { requestHandlers } from "./requests.ts";
import { accredited, moved, vehicleHandlers } from "./vehicles.ts";

const handlers: Handlers = { ...vehicleHandlers, ...agreementHandlers, ...dealHandlers, ...requestHandlers, ...dataHandlers };

/** Takes logs in the chain's order into a batch: the events themselves, and what follows from them. */
export type Projection = (batch: Batch, logs: readonly SourceLog[], timeOf: (log: SourceLog) => number) => Promise<void>;

/** The projection of one deployment. What follows depends on nothing but the logs and the batch. */
export function createProjection(deployment: Deployment): Projection {
  const contracts = contractsOf(deployment);
  return async (batch, logs, timeOf) => {
    for (const log of logs) {
      const contract = contracts.get(log.address);
      if (contract === undefined) continue;
      const name = nameOf(contract, log);
      const handle = handlers[name as EventName] as ((batch: Batch, event: Placed<object>) => Promise<void>) | undefined;
      // Null for an event of the same name of another contract.
      const event = handle === undefined ? null : decodeEvent(deployment, name as EventName, forSdk(log));
      const row = rowOf(contract, log, timeOf(log), name, event ?? undefined);
      putRow(batch, row);
      if (contract === "vehicleRegistry" && name === "Transfer") await moved(batch, row.args, row);
      if (contract === "vehicleRegistry" && name === "OemAccredited") await accredited(batch, row.args);
      const { blockNumber, blockHash, time, transactionHash, logIndex } = row;
      if (handle !== undefined && event !== null) await handle(batch, { ...event, blockNumber, blockHash, time, transactionHash, logIndex });
    }
  };
}
