/** The drive that is sold: read once before anything is started, so that a bad file costs nobody anything. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { schemaHash } from "@qoodblock/sdk/dictionary";
import { CARCHAIN_EXAMPLE, openDrive, parseStart, surveyDrive, writeGeneratedDrive } from "@qoodblock/sdk/drive";
import type { Drive, Survey } from "@qoodblock/sdk/drive";
import type { DemoArguments } from "./arguments.ts";
import type { DriveChoice } from "./parties/device.ts";

/** The seed of generated drives: the same hours give the same file. */
const SEED = 1;

/** A drive that can be sold. */
export interface ChosenDrive {
  readonly choice: DriveChoice;
  readonly drive: Drive;
  readonly survey: Survey;
  readonly schema: Hex;
}

/** Where a generated drive of so many hours stands in the state folder. */
export function generatedFile(state: string, hours: number): string {
  return join(state, "drives", `generated-${hours}h.csv`);
}

/**
 * Finds, and where asked for makes, the drive.
 * @throws QoodError INPUT_*, START_INVALID, HOURS_INVALID: one line each.
 */
export async function chooseDrive(args: DemoArguments): Promise<ChosenDrive> {
  const startMs = args.start === undefined ? undefined : parseStart(args.start);
  const path = args.input ?? (args.hours === undefined ? CARCHAIN_EXAMPLE : generatedFile(args.state, args.hours));
  if (args.hours !== undefined) {
    mkdirSync(join(args.state, "drives"), { recursive: true });
    await writeGeneratedDrive(path, { hours: args.hours, seed: SEED, ...(startMs === undefined ? {} : { startMs }) });
  }
  const drive = await openDrive(path, { format: args.format, ...(startMs === undefined ? {} : { startMs }) });
  const survey = await surveyDrive(drive);
  return { choice: { path, format: drive.format, startMs }, drive, survey, schema: toHex(schemaHash(drive.schema)) };
}
