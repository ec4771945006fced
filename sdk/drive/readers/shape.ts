import { TRIP_GPS, CAN_GPS, CAROBD, GENERATED } from "../../dictionary/index.ts";
import type { Schema } from "../../dictionary/index.ts";
import { parseCalendar, parseInstant, zoneReader } from "../time.ts";
import type { DriveFormat } from "../types.ts";

/** What a CSV format is: its header, its schema, and how the cells become the schema's columns. */
export interface CsvShape {
  readonly format: DriveFormat;
  readonly schema: Schema;
  /** The header's names in order, normalised by {@link headerName}. */
  readonly header: readonly string[];
  /** Rows end in a comma, so that an empty cell follows the last value. */
  readonly trailingComma: boolean;
  /**
   * Reads the time from the first cell: Unix ms, or `undefined` where it is none. Absent for OBD, whose first cell is a
   * value (whole seconds of engine run time) that the record's time is made of.
   */
  readonly time?: () => (cell: string) => number | undefined;
}

/** A header's name without blanks around it and without the ` ()` that carOBD puts where a unit would stand. */
export function headerName(cell: string): string {
  return cell.trim().replace(/\s*\(\)$/, "");
}

/** The recording was made in Austin, Texas, and says no zone: US Central time. */
const CENTRAL = "America/Chicago";

const OBD: CsvShape = {
  format: "obd",
  schema: CAROBD,
  // "TINE" is the recordings' own spelling.
  header: [
    ...["ENGINE_RUN_TINE", "ENGINE_RPM", "VEHICLE_SPEED", "THROTTLE", "ENGINE_LOAD", "COOLANT_TEMPERATURE"],
    ...["LONG_TERM_FUEL_TRIM_BANK_1", "SHORT_TERM_FUEL_TRIM_BANK_1", "INTAKE_MANIFOLD_PRESSURE", "FUEL_TANK"],
    ...["ABSOLUTE_THROTTLE_B", "PEDAL_D", "PEDAL_E", "COMMANDED_THROTTLE_ACTUATOR", "FUEL_AIR_COMMANDED_EQUIV_RATIO"],
    ...["ABSOLUTE_BAROMETRIC_PRESSURE", "RELATIVE_THROTTLE_POSITION", "INTAKE_AIR_TEMP", "TIMING_ADVANCE"],
    ...["CATALYST_TEMPERATURE_BANK1_SENSOR1", "CATALYST_TEMPERATURE_BANK1_SENSOR2", "CONTROL_MODULE_VOLTAGE"],
    ...["COMMANDED_EVAPORATIVE_PURGE", "TIME_RUN_WITH_MIL_ON", "TIME_SINCE_TROUBLE_CODES_CLEARED"],
    ...["DISTANCE_TRAVELED_WITH_MIL_ON", "WARM_UPS_SINCE_CODES_CLEARED"],
  ],
  trailingComma: true,
};

const GPS: CsvShape = {
  format: "gps",
  schema: CAN_GPS,
  header: [
    ...["Time", "Seconds", "Latitude / Y Position (Degrees)", "Longitude / X Position (Degrees)", "Distance (Miles)", "Speed (MPH)"],
    ...["Steering Angle", "Throttle Position", "Engine RPM", "Lateral Gs", "Acceleration Gs"],
  ],
  trailingComma: false,
  time: () => {
    const zone = zoneReader(CENTRAL);
    return (cell) => {
      const calendar = parseCalendar(cell);
      return calendar === undefined ? undefined : zone(calendar);
    };
  },
};

/** The generator's own header is its schema's column names. */
export const GENERATED_SHAPE: CsvShape = {
  format: "generated",
  schema: GENERATED,
  header: GENERATED.columns.map((column) => column.name),
  trailingComma: false,
  time: () => parseInstant,
};

export const CSV_SHAPES: readonly CsvShape[] = [OBD, GPS, GENERATED_SHAPE];

/** The schema that each format is read into. */
export const FORMAT_SCHEMAS: Readonly<Record<DriveFormat, Schema>> = { obd: CAROBD, gps: CAN_GPS, carchain: TRIP_GPS, generated: GENERATED };
