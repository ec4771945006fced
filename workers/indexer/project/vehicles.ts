import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { isSourceCode } from "@qoodblock/sdk/source";
import type { TokenKind } from "@qoodblock/sdk/source";
import { codesKey } from "../../shared/index/index.ts";
import type { Batch, Row } from "../../shared/index/index.ts";
import { atOf, upsert } from "./handlers.ts";
import type { Handlers } from "./handlers.ts";

const NOBODY: Hex = `0x${"00".repeat(20)}`;

interface Vehicle {
  readonly vehicle: string;
  /** What it was at its mint, by its maker's codes. */
  readonly kind: TokenKind;
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
    () => ({ vehicle: id, kind: "vehicle", owner: NOBODY, oem: NOBODY, tag: "", tsp: NOBODY, epoch: 1, confirmed: true, mintedAt: at.time }),
    (body) => ({ ...body, ...by }),
    ({ kind, owner, oem, tag, tsp, confirmed }) => ({ vehicle: [id], kind: [kind], owner: [owner], oem: [oem], vinTag: tag === "" ? [] : [tag], tsp: [tsp], confirmed: [String(confirmed)] }),
  );
}

/** Transfers are the token's own event, which no typed one of the SDK stands for. */
export function moved(batch: Batch, args: Record<string, unknown>, at: Pick<Row, "time">): Promise<void> {
  return change(batch, BigInt(args["tokenId"] as string), at, { owner: args["to"] as string });
}

const codesSchema = z.array(z.string());
const codesOf = async (batch: Batch, oem: string): Promise<string[]> => codesSchema.parse((await batch.json(codesKey(oem))) ?? []);

/** Accreditations of makers, which are no typed events of the SDK either. */
export async function accredited(batch: Batch, args: Record<string, unknown>): Promise<void> {
  const [oem, wmi] = [args["oem"] as string, (args["wmi"] as string).toLowerCase()];
  const others = (await codesOf(batch, oem)).filter((code) => code !== wmi);
  batch.putJson(codesKey(oem), args["accredited"] === true ? [...others, wmi] : others);
}

/** The event of a mint does not say the code; a maker's all do: who has codes of sources and no other mints sources to itself. */
async function kindOf(batch: Batch, oem: string, owner: string): Promise<TokenKind> {
  const codes = await codesOf(batch, oem);
  return oem.toLowerCase() === owner.toLowerCase() && codes.length > 0 && codes.every(isSourceCode) ? "source" : "vehicle";
}

/** Vehicles: who owns them, who made them, which ownership epoch runs. */
export const vehicleHandlers: Handlers = {
  VehicleMinted: async (batch, { vehicle, oem, owner, tag, tsp, ...at }) => change(batch, vehicle, at, { kind: await kindOf(batch, oem, owner), oem, owner, tag, tsp }),
  VehicleUnconfirmed: (batch, { vehicle, oem, ...at }) => change(batch, vehicle, at, { oem, confirmed: false }),
  VehicleConfirmed: (batch, { vehicle, oem, tag, ...at }) => change(batch, vehicle, at, { oem, tag, confirmed: true }),
  EpochClosed: (batch, { vehicle, epoch, ...at }) => change(batch, vehicle, at, { epoch: epoch + 1 }),
};
