import type { Hex } from "@qoodblock/sdk/bytes";
import type { Batch, Row } from "../../shared/index/index.ts";
import { atOf, upsert } from "./handlers.ts";
import type { Handlers } from "./handlers.ts";

const NOBODY: Hex = `0x${"00".repeat(20)}`;

interface Vehicle {
  readonly vehicle: string;
  readonly owner: string;
  readonly oem: string;
  readonly tag: string;
  readonly tsp: string;
  readonly epoch: number;
  readonly confirmed: boolean;
  readonly mintedAt: number;
}

async function change(batch: Batch, vehicle: bigint, at: Pick<Row, "time">, by: Partial<Vehicle>): Promise<void> {
  const id = vehicle.toString();
  await upsert<Vehicle>(
    batch,
    { kind: "vehicle", id, time: atOf(at) },
    () => ({ vehicle: id, owner: NOBODY, oem: NOBODY, tag: "", tsp: NOBODY, epoch: 1, confirmed: true, mintedAt: at.time }),
    (body) => ({ ...body, ...by }),
    ({ owner, oem, tag, tsp, confirmed }) => ({ vehicle: [id], owner: [owner], oem: [oem], vinTag: tag === "" ? [] : [tag], tsp: [tsp], confirmed: [String(confirmed)] }),
  );
}

/** Transfers are the token's own event, which no typed one of the SDK stands for. */
export function moved(batch: Batch, args: Record<string, unknown>, at: Pick<Row, "time">): Promise<void> {
  return change(batch, BigInt(args["tokenId"] as string), at, { owner: args["to"] as string });
}

/** Vehicles: who owns them, who made them, which ownership epoch runs. */
export const vehicleHandlers: Handlers = {
  VehicleMinted: (batch, { vehicle, oem, owner, tag, tsp, ...at }) => change(batch, vehicle, at, { oem, owner, tag, tsp }),
  VehicleUnconfirmed: (batch, { vehicle, oem, ...at }) => change(batch, vehicle, at, { oem, confirmed: false }),
  VehicleConfirmed: (batch, { vehicle, oem, tag, ...at }) => change(batch, vehicle, at, { oem, tag, confirmed: true }),
  EpochClosed: (batch, { vehicle, epoch, ...at }) => change(batch, vehicle, at, { epoch: epoch + 1 }),
};
